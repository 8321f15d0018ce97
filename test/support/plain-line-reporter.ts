import type { Reporter, TestCase, TestModule } from 'vitest/node';
import './faults.ts';

/**
 * Ends a run with one line that machines and tired people read: `12 passed, 0 failed, 1 skipped`. Before it, where faults were put in, how many of
 * them were caught.
 */
export default class PlainLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const faults = new Map<string, { tried: number; caught: number }>();
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state } = test.result();
        // A test still pending when the run ends was never run: the run was cut short.
        counts[state === 'pending' ? 'failed' : state] += 1;
        countFault(test, faults);
      }
      // A file that does not load has no tests, and must not look like one that passed.
      if (module.errors().length > 0 && !tests.some((test) => test.result().state === 'failed')) counts.failed += 1;
    }
    const line = `${faultLine(faults)}${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
    // After the default reporter, whatever the order in which vitest calls the two.
    process.once('exit', () => process.stdout.write(line));
  }
}

function countFault(test: TestCase, faults: Map<string, { tried: number; caught: number }>): void {
  const { fault } = test.meta();
  const { state } = test.result();
  if (fault === undefined || state === 'skipped') return;
  const { tried, caught } = faults.get(fault) ?? { tried: 0, caught: 0 };
  faults.set(fault, { tried: tried + 1, caught: caught + (state === 'passed' ? 1 : 0) });
}

function faultLine(faults: ReadonlyMap<string, { readonly tried: number; readonly caught: number }>): string {
  if (faults.size === 0) return '';
  const sum = (part: 'tried' | 'caught') => [...faults.values()].reduce((all, one) => all + one[part], 0);
  const areas = [...faults].map(([area, { tried, caught }]) => `${area} ${caught}${caught === tried ? '' : ` of ${tried}`}`);
  return `mutation table: ${sum('caught')} of ${sum('tried')} faults caught (${areas.join(', ')})\n`;
}

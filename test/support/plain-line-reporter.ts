import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one line that machines and tired people read: `12 passed, 0 failed, 1 skipped`. */
export default class PlainLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state } = test.result();
        // A test still pending when the run ends was never run: the run was cut short.
        counts[state === 'pending' ? 'failed' : state] += 1;
      }
      // A file that does not load has no tests, and must not look like one that passed.
      if (module.errors().length > 0 && !tests.some((test) => test.result().state === 'failed')) counts.failed += 1;
    }
    const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
    // After the default reporter, whatever the order in which vitest calls the two.
    process.once('exit', () => process.stdout.write(line));
  }
}

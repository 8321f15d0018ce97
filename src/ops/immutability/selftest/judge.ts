import type { Outcome } from './attempt.ts';
import type { Trial } from './run.ts';

/** What came of one path on one relation as one role. */
export interface Result {
  readonly path: string;
  readonly relation: string;
  readonly role: string;
  /**
   * refused: as the catalogue says · works: an insert, and it has to · open: it went through, or failed with another error than the guard's,
   * which may hide that there is none · known-open: nothing in a database can refuse it · unknown: could not be tried.
   */
  readonly verdict: 'refused' | 'works' | 'open' | 'known-open' | 'unknown';
  readonly expected: string;
  readonly got: string;
  readonly message: string;
  readonly fix: string | null;
}

/** Waits for a lock that was not granted in time, and cancels. */
const BUSY = new Set(['55P03', '40P01', '57014']);

export function judge({ path, relation, actor, expected }: Trial, { got, message }: Outcome): Result {
  const base = { path, relation, role: actor.role, got };
  if (BUSY.has(got)) {
    return {
      ...base,
      verdict: 'unknown',
      expected: expectedText(expected),
      message: 'the table was busy: not tried',
      fix: 'run it again at a quieter moment',
    };
  }
  if (got === '22023' && message.startsWith(`role "${actor.role}" does not exist`)) {
    return {
      ...base,
      verdict: 'unknown',
      expected: expectedText(expected),
      message: 'the role was dropped meanwhile',
      fix: null,
    };
  }
  switch (expected.kind) {
    case 'known-open':
      return {
        ...base,
        verdict: 'known-open',
        expected: 'cannot be refused',
        message: `${expected.because}; dbctl ledger verify finds what comes of it`,
        fix: null,
      };
    case 'works':
      return got === 'done'
        ? { ...base, verdict: 'works', expected: 'done', message: 'it works, as it has to', fix: null }
        : {
            ...base,
            verdict: 'open',
            expected: 'done',
            message: `it has to work, and fails: ${message}`,
            fix: 'dbctl immutability status',
          };
    case 'refused':
      return got === expected.sqlstate
        ? { ...base, verdict: 'refused', expected: expected.sqlstate, message, fix: null }
        : {
            ...base,
            verdict: 'open',
            expected: expected.sqlstate,
            message: openMessage(got, expected.sqlstate, message),
            fix: 'dbctl immutability status; then dbctl immutability install --repair',
          };
  }
}

function openMessage(got: string, expected: string, message: string): string {
  if (got === 'done') return `it went through; ${expected} should have refused it`;
  return `refused with ${got} instead of ${expected}, which may hide that a guard is missing: ${message}`;
}

const expectedText = (expected: Trial['expected']): string => (expected.kind === 'refused' ? expected.sqlstate : expected.kind);

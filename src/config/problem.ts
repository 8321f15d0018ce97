import { DbctlError } from '../core/errors.ts';
import { originText, type Origin } from './origin.ts';
import { maskPasswords, maskSecrets } from './secrets.ts';

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** Dotted key; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong, without the path; secrets are masked. */
  readonly message: string;
  readonly origin: Exclude<Origin, { kind: 'default' }>;
  /** The line of the file, secrets masked. */
  readonly text?: string;
  /** The next act, as a full sentence. */
  readonly hint?: string;
  /** A secret stands where others can read it. */
  readonly secret?: boolean;
}

/** More are counted, not listed: a file that is not YAML at all has one on every line. */
const MOST_LISTED = 100;

/**
 * Everything wrong with the configuration, at once. The message is the count and the first problem, `detail` lists all with
 * their lines, `problems` is the same for programs. The code is secret.exposed when one of them is a secret in the open.
 */
export class ConfigError extends DbctlError {
  readonly problems: readonly Problem[];

  /** `hint` is what to do where the first problem has none of its own. */
  constructor(found: readonly Problem[], hint = 'Print every key with its type and default: dbctl config schema.') {
    const problems = inOrder(found.map(masked));
    const [first] = problems;
    if (first === undefined) throw new RangeError('a ConfigError needs a problem');
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const lead = problems.length === 1 ? count : `${count}, the first`;
    super(first.secret === true ? 'secret.exposed' : 'config.invalid', `${lead}: ${problemText(first)}`, {
      hint: first.hint ?? hint,
      detail: detailOf(problems),
      ...position(first),
    });
    this.problems = problems;
  }
}

/** `dbctl.yaml:7:3: migrations.lock_timout: unknown key`. */
export function problemText(problem: Problem): string {
  const place = originText(problem.origin).replace(/ \(overlay\)$/, '');
  return [place, problem.path, problem.message].filter((part) => part !== '').join(': ');
}

/** Whoever made the problem: nothing of a connection string with a password leaves here. */
function masked(problem: Problem): Problem {
  return { ...problem, path: maskSecrets(problem.path), message: maskPasswords(problem.message) };
}

/** Secrets first, since they decide the code; then as the file runs, then variables and flags; each only once. */
function inOrder(found: readonly Problem[]): Problem[] {
  const unique = new Map<string, Problem>();
  for (const problem of found) {
    // Without the path: what an alias repeats elsewhere is one mistake in one place.
    const identity = `${originText(problem.origin)} ${problem.message}`;
    if (!unique.has(identity)) unique.set(identity, problem);
  }
  return [...unique.values()].toSorted((a, b) => rank(a) - rank(b) || line(a) - line(b) || column(a) - column(b));
}

const rank = (problem: Problem): number => (problem.secret === true ? 0 : 'line' in problem.origin ? 1 : 2);
const line = (problem: Problem): number => ('line' in problem.origin ? problem.origin.line : 0);
const column = (problem: Problem): number => ('line' in problem.origin ? problem.origin.column : 0);

function position(problem: Problem): Pick<ConstructorParameters<typeof DbctlError>[2] & {}, 'position'> {
  if (!('line' in problem.origin)) return {};
  const { file, line, column } = problem.origin;
  return { position: { file, line, column, ...(problem.text === undefined ? {} : { text: problem.text }) } };
}

function detailOf(problems: readonly Problem[]): string {
  const listed = problems.slice(0, MOST_LISTED).map((problem) => [problemText(problem), ...excerpt(problem)].join('\n'));
  const rest = problems.length - listed.length;
  return [...listed, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
}

/** Widest excerpt: a longer line is cut around the column. */
const WIDEST = 110;

function excerpt({ origin, text }: Problem): string[] {
  if (text === undefined || !('column' in origin) || text.trim() === '') return [];
  const start = Math.max(0, Math.min(origin.column - 1 - WIDEST / 2, text.length - WIDEST));
  const caret = Math.min(origin.column - 1 - start, WIDEST);
  return [`    ${text.slice(start, start + WIDEST)}`, `    ${' '.repeat(Math.max(0, caret))}^`];
}

import type { SourcePosition } from './errors.ts';
import { suggest } from './suggest.ts';

/** One `--! key: value`; the lines of a continued value are joined with newlines. */
export interface HeaderEntry {
  readonly key: string;
  readonly value: string;
  /** Where the key stands. */
  readonly position: SourcePosition;
  /** Where the value starts. */
  readonly valuePosition: SourcePosition;
}

export interface HeaderProblem {
  readonly message: string;
  readonly position: SourcePosition;
}

export interface HeaderGrammar {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

export interface Header {
  readonly entries: ReadonlyMap<string, HeaderEntry>;
  /** The text without its header lines; they are left empty, so that line numbers stay those of the file. */
  readonly body: string;
  readonly problems: readonly HeaderProblem[];
}

const KEY_LINE = /^--! ([^\s:]+):(?:\s+(.*))?$/;
const CONTINUATION = /^--!(?:\s{2,}(.*))?$/;

/**
 * Reads the header an SQL file starts with:
 *
 *     --! key: value
 *     --!   continued (indented by two spaces or more); a bare --! is an empty line
 *
 * Strict: an unknown, missing, repeated or empty key is a problem, and so is a header line after the first line of SQL, which
 * would else be a comment nobody obeys. All problems are returned, with file, line and column.
 */
export function parseHeader(file: string, text: string, grammar: HeaderGrammar): Header {
  const { entries, body, problems } = readHeaderLines(file, text);
  const known = [...grammar.required, ...grammar.optional];
  const byKey = new Map<string, HeaderEntry>();
  for (const entry of entries) {
    const problem = judgeEntry(entry, known, byKey.get(entry.key));
    if (problem === null) byKey.set(entry.key, entry);
    else problems.push({ message: problem, position: entry.position });
  }
  for (const key of grammar.required) {
    if (!entries.some((entry) => entry.key === key)) {
      problems.push({ message: `missing key "${key}": add a line --! ${key}: …`, position: { file, line: 1, column: 1 } });
    }
  }
  return { entries: byKey, body, problems: inOrder(problems) };
}

/** `file:line:column: message`, as editors and terminals make it a link. */
export function describeProblem({ message, position }: HeaderProblem): string {
  return `${position.file}:${position.line}:${position.column}: ${message}`;
}

function judgeEntry(entry: HeaderEntry, known: readonly string[], earlier: HeaderEntry | undefined): string | null {
  if (!known.includes(entry.key)) return `unknown key "${entry.key}"${didYouMean(entry.key, known)}`;
  if (earlier !== undefined) return `key "${entry.key}" is given twice (first on line ${earlier.position.line})`;
  if (entry.value.trim() === '') return `key "${entry.key}" has no value`;
  return null;
}

/** `, did you mean "severity"?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const candidate = suggest(word, candidates);
  return candidate === undefined ? '' : `, did you mean "${candidate}"?`;
}

function readHeaderLines(file: string, text: string) {
  const entries: HeaderEntry[] = [];
  const problems: HeaderProblem[] = [];
  const body: string[] = [];
  let bodyHasBegun = false;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const position: SourcePosition = { file, line: index + 1, column: 1, text: line };
    if (!line.startsWith('--!')) {
      bodyHasBegun ||= line.trim() !== '';
      body.push(line);
      continue;
    }
    body.push('');
    const problem = bodyHasBegun
      ? 'header line below the first line of SQL: move it to the top of the file'
      : readLine(line, position, entries);
    if (problem !== null) problems.push({ message: problem, position });
  }
  return { entries, body: body.join('\n'), problems };
}

/** Adds what the line says to `entries`; what is wrong with it, or null. */
function readLine(line: string, position: SourcePosition, entries: HeaderEntry[]): string | null {
  const key = KEY_LINE.exec(line);
  if (key !== null) {
    const [, name = '', value = ''] = key;
    const at = { ...position, column: 5 };
    entries.push({ key: name, value, position: at, valuePosition: { ...position, column: line.length - value.length + 1 } });
    return null;
  }
  const continuation = CONTINUATION.exec(line);
  const last = entries.at(-1);
  if (continuation === null || last === undefined) {
    return 'not a header line: write `--! key: value`, or continue the value above with two or more spaces after --!';
  }
  entries[entries.length - 1] = { ...last, value: `${last.value}\n${continuation[1] ?? ''}`.replace(/^\n/, '') };
  return null;
}

function inOrder(problems: readonly HeaderProblem[]): HeaderProblem[] {
  return problems.toSorted((a, b) => a.position.line - b.position.line || a.position.column - b.position.column);
}

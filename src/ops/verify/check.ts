import { basename } from 'node:path';
import { didYouMean, parseHeader, type Header, type HeaderEntry, type HeaderProblem } from '../../core/header.ts';
import { SEVERITIES, type Severity } from '../../core/report.ts';
import { fixPlaceholders } from './fix.ts';
import { NEED_FORMS, parseNeed, type Need } from './need.ts';
import { isParameterName, PARAMETERS, type ParameterName } from './parameters.ts';
import { placeholders } from './placeholders.ts';

export const SCOPES = ['cluster', 'database'] as const;
export type Scope = (typeof SCOPES)[number];

/** A check file that was read and found right (contract C4). */
export interface Check {
  /** The file's name; for ever, because waivers and histories point at it. */
  readonly id: string;
  readonly file: string;
  /** The state wanted, as a sentence that is true when the check passes. */
  readonly title: string;
  readonly severity: Severity;
  readonly group: string;
  /** `cluster`: the answer is the same from every database. */
  readonly scope: Scope;
  /** First and last major version it applies to. */
  readonly since: number | null;
  readonly until: number | null;
  readonly needs: readonly Need[];
  /** What `$1`, `$2` … stand for. */
  readonly params: readonly ParameterName[];
  readonly why: string;
  /** Template, filled by fillFix(). */
  readonly fix: string;
  /** The same for servers of a managed service, where `fix` cannot be done there; null: it can, or is translated. */
  readonly fixManaged: string | null;
  readonly refs: readonly string[];
  /** One query returning `object, detail, data`; a row is a finding. */
  readonly query: string;
  /** The whole file, as it is published. */
  readonly text: string;
}

export interface ParsedCheck {
  /** null when the file has a problem. */
  readonly check: Check | null;
  readonly problems: readonly HeaderProblem[];
}

const GRAMMAR = {
  required: ['title', 'severity', 'group', 'scope', 'why', 'fix', 'refs'],
  optional: ['since', 'until', 'needs', 'params', 'fix-managed'],
};

/** Reads a check file; every problem of it is returned, with line and column. */
export function parseCheck(file: string, text: string): ParsedCheck {
  const header = parseHeader(file, text, GRAMMAR);
  const problems: HeaderProblem[] = [...header.problems];
  const at = (entry: HeaderEntry | undefined, message: string) =>
    problems.push({ message, position: entry?.valuePosition ?? { file, line: 1, column: 1 } });

  const id = basename(file, '.sql');
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id))
    at(undefined, `file name "${id}.sql" is no check id: use lower-case words joined by hyphens`);
  const query = header.body.trim().replace(/;(\s|--[^\n]*(\n|$))*$/, '');
  if (query.replaceAll(/--[^\n]*/g, '').trim() === '') at(undefined, 'no query below the header');

  const { word, major, list, lines, prose } = readers(header, at);
  const before = problems.length;
  const params = list(
    'params',
    (name) => (isParameterName(name) ? name : null),
    (name) => `no such parameter${didYouMean(name, Object.keys(PARAMETERS))}`,
  );
  const allRead = problems.length === before;
  const check: Check = {
    id,
    file,
    title: prose('title'),
    severity: word('severity', SEVERITIES),
    group: prose('group'),
    scope: word('scope', SCOPES),
    since: major('since'),
    until: major('until'),
    needs: list('needs', parseNeed, `no such need; write ${NEED_FORMS}`),
    params,
    why: prose('why'),
    fix: lines('fix').join('\n'),
    fixManaged: header.entries.has('fix-managed') ? lines('fix-managed').join('\n') : null,
    refs: lines('refs'),
    query,
    text,
  };
  // A name that could not be read has been complained about already, and shifts the numbers of the others.
  for (const problem of allRead ? unusedOrUnbound(check) : []) at(header.entries.get('params'), problem);
  for (const key of ['fix', 'fix-managed'] as const) {
    for (const name of fixPlaceholders(key === 'fix' ? check.fix : (check.fixManaged ?? '')).wrong)
      at(header.entries.get(key), `{${name}}: write {name}, {name:literal} or {name:sql}`);
  }
  return problems.length === 0 ? { check: Object.freeze(check), problems } : { check: null, problems };
}

type Complain = (entry: HeaderEntry | undefined, message: string) => void;

/** Readers of single keys: each returns a usable value even after complaining, so that all problems are found in one go. */
function readers(header: Header, at: Complain) {
  const entry = (key: string) => header.entries.get(key);
  const lines = (key: string) =>
    (entry(key)?.value ?? '')
      .split('\n')
      .map((line) => line.trimEnd())
      .filter((line) => line !== '');
  return {
    lines,
    prose: (key: string) => lines(key).join(' '),
    word: <W extends string>(key: string, words: readonly W[]): W => {
      const value = entry(key)?.value;
      const found = words.find((word) => word === value);
      if (found === undefined && value !== undefined)
        at(entry(key), `${key} is one of ${words.join(', ')}, not "${value}"${didYouMean(value, words)}`);
      return found ?? (words[0] as W);
    },
    major: (key: string): number | null => {
      const value = entry(key)?.value;
      if (value === undefined) return null;
      if (!/^\d{2}$/.test(value)) at(entry(key), `${key} is a major version such as 18, not "${value}"`);
      return Number(value);
    },
    list: <T>(key: string, read: (text: string) => T | null, problem: string | ((text: string) => string)): readonly T[] =>
      // A comma inside the argument types of a function separates nothing.
      (entry(key)?.value ?? '')
        .split(/,(?![^(]*\))|\n/)
        .map((text) => text.trim())
        .filter((text) => text !== '')
        .flatMap((text) => {
          const value = read(text);
          if (value === null) at(entry(key), `${text}: ${typeof problem === 'string' ? problem : problem(text)}`);
          return value === null ? [] : [value];
        }),
  };
}

/** `params` and the `$n` of the query must be the same set: an unbound one fails on the server, an unused one as well. */
function unusedOrUnbound(check: Check): string[] {
  const used = placeholders(check.query);
  const unbound = [...used].filter((number) => number < 1 || number > check.params.length).toSorted((a, b) => a - b);
  const unused = check.params.filter((_, index) => !used.has(index + 1));
  return [
    ...unbound.map((number) => `the query uses $${number}, and params names ${check.params.length}`),
    ...unused.map((name) => `${name}: the query does not use it`),
  ];
}

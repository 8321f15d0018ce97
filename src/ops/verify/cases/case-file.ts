import { fail } from '../../../core/errors.ts';
import { didYouMean } from '../../../core/header.ts';
import type { OwnConnection } from '../parameters.ts';

/** One story about a check: what is done to a server, and what the check must then say. */
export interface CheckCase {
  readonly words: string;
  /** Line of `--! case:`. */
  readonly line: number;
  /** `plain`: a login role with no rights but those of PUBLIC. */
  readonly as: 'superuser' | 'plain';
  /** Which of several servers; dbctl's own cases have some, a project has one. */
  readonly server: string;
  /** Options of `create database`, where the case needs a database of its own; else it runs in a transaction that is rolled back. */
  readonly database: string | null;
  /** Laid over the facts of the client's own connection. */
  readonly connection: Partial<OwnConnection>;
  /** Lines pg_hba.conf consists of during the case; for dbctl's own cases. */
  readonly hba: string | null;
  /** Laid over the policy of the run. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** Laid over dbctl's own advisory data. */
  readonly advisories: Readonly<Record<string, unknown>>;
  /** What was found beside the server: the value, or {"unseen": reason, "fix": fix}. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The client's clock; null: the real one. */
  readonly now: string | null;
  readonly setup: string;
  readonly expect: { readonly kind: 'none' | 'unknown' } | { readonly kind: 'found'; readonly objects: readonly string[] };
  /** The fix of the first finding, or of the unknown outcome, word for word. */
  readonly fix: string | null;
  /** What the first finding's text contains. */
  readonly says: string | null;
  /** The first finding's severity, where a row brings its own. */
  readonly severity: string | null;
  /** `fixed`: running every fix makes the check pass. */
  readonly then: 'fixed' | null;
}

const KEYS = [
  'case',
  'as',
  'server',
  'database',
  'connection',
  'hba',
  'policy',
  'advisories',
  'facts',
  'now',
  'expect',
  'fix',
  'says',
  'severity',
  'then',
] as const;
type Key = (typeof KEYS)[number];

/**
 * Reads a file of cases. Fails with config.invalid, naming file and line, for anything that is not a case: one that is not run cannot
 * fail. `servers` are the names a case may choose from; the first is what it gets without choosing.
 */
export function parseCases(file: string, text: string, servers: readonly string[] = ['plain']): CheckCase[] {
  const blocks: Block[] = [];
  let last: Key | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const wrong = (message: string): never => refuse(file, index + 1, message);
    const header = /^--! ([a-z]+): (.+)$/.exec(line);
    const more = /^--! {3,}(.+)$/.exec(line);
    if (header?.[1] === 'case') blocks.push({ line: index + 1, header: new Map(), setup: [] });
    const block = blocks.at(-1) ?? (isNothing(line) ? undefined : wrong('a file of cases starts with --! case: words'));
    if (block === undefined) continue;
    if (header !== null) {
      const key =
        KEYS.find((known) => known === header[1]) ?? wrong(`unknown key ${header[1]}${didYouMean(header[1] ?? '', KEYS)}`);
      if (block.header.has(key)) wrong(`${key} is given twice`);
      block.header.set((last = key), header[2] ?? '');
    } else if (more !== null && last !== undefined) block.header.set(last, `${block.header.get(last)}\n${more[1]}`);
    else if (line.startsWith('--!')) wrong('neither --! key: value nor its continuation');
    else block.setup.push(line);
  }
  return blocks.map((block) => toCase(file, block, servers));
}

interface Block {
  readonly line: number;
  readonly header: Map<Key, string>;
  readonly setup: string[];
}

function isNothing(line: string): boolean {
  return line.trim() === '' || (line.startsWith('--') && !line.startsWith('--!'));
}

function refuse(file: string, line: number, message: string): never {
  return fail('config.invalid', `${file}:${line}: ${message}`, {
    hint: 'docs/checks.md describes cases of checks.',
    position: { file, line, column: 1 },
  });
}

function toCase(file: string, { line, header, setup }: Block, servers: readonly string[]): CheckCase {
  const wrong = (message: string): never => refuse(file, line, message);
  const word = <W extends string>(key: Key, words: readonly W[]): W | null => {
    const value = header.get(key);
    if (value === undefined) return null;
    return words.find((known) => known === value) ?? wrong(`${key} is one of ${words.join(', ')}, not ${value}`);
  };
  const json = (key: Key): Record<string, unknown> => {
    try {
      return JSON.parse(header.get(key) ?? '{}') as Record<string, unknown>;
    } catch {
      return wrong(`${key} is no JSON`);
    }
  };
  const expected = header.get('expect') ?? wrong('the case expects nothing: say objects, none or unknown');
  return {
    words: header.get('case') ?? '',
    line,
    as: word('as', ['superuser', 'plain']) ?? 'superuser',
    server: word('server', servers) ?? servers[0] ?? '',
    database: header.get('database') ?? null,
    connection: JSON.parse(header.get('connection') ?? '{}', (key, value: unknown) =>
      key === 'notBefore' || key === 'notAfter' ? new Date(String(value)) : value,
    ) as CheckCase['connection'],
    hba: header.get('hba') ?? null,
    policy: json('policy'),
    advisories: json('advisories'),
    facts: json('facts'),
    now: header.get('now') ?? null,
    setup: setup.join('\n').trim(),
    expect:
      expected === 'none' || expected === 'unknown'
        ? { kind: expected }
        : { kind: 'found', objects: expected.split(/,\s+|\n/).filter((object) => object !== '') },
    fix: header.get('fix') ?? null,
    says: header.get('says') ?? null,
    severity: header.get('severity') ?? null,
    then: word('then', ['fixed']),
  };
}

import { readFileSync } from 'node:fs';
import type { OwnConnection } from '../../../src/ops/verify/parameters.ts';

/** One story of test/checks/<id>.sql: what is done to a server, and what the check must then say. */
export interface CheckCase {
  readonly words: string;
  /** Line of `--! case:`. */
  readonly line: number;
  /** `plain`: a login role with no rights but those of PUBLIC. */
  readonly as: 'superuser' | 'plain';
  /** `plain`: GOOD_SETTINGS of support.ts, nothing preloaded · `odd`: its ODD_SETTINGS · `tls`: encrypts · `guarded`: append-only tables, see guarded.ts. */
  readonly server: 'plain' | 'odd' | 'guarded' | 'tls';
  /** Options of `create database`, where the case needs a database of its own; else it runs in a transaction that is rolled back. */
  readonly database: string | null;
  /** Laid over the facts of the client's own connection, which by itself is one in clear over the loopback. */
  readonly connection: Partial<OwnConnection>;
  /** Lines pg_hba.conf consists of during the case. */
  readonly hba: string | null;
  /** Laid over the policy of the tests. */
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

/** Reads a case file. Throws an Error naming file and line for anything that is not a case: a test that is not run cannot fail. */
export function readCases(file: string): CheckCase[] {
  const blocks: { line: number; header: Map<Key, string>; setup: string[] }[] = [];
  let last: Key | undefined;
  for (const [index, text] of readFileSync(file, 'utf8').split('\n').entries()) {
    const wrong = (message: string): never => {
      throw new Error(`${file}:${index + 1}: ${message}`);
    };
    const header = /^--! ([a-z]+): (.+)$/.exec(text);
    const more = /^--! {3,}(.+)$/.exec(text);
    if (header?.[1] === 'case') blocks.push({ line: index + 1, header: new Map(), setup: [] });
    const block =
      blocks.at(-1) ??
      (text.trim() === '' || (text.startsWith('--') && !text.startsWith('--!'))
        ? undefined
        : wrong('a file of cases starts with --! case: words'));
    if (block === undefined) continue;
    if (header !== null) {
      const key = KEYS.find((known) => known === header[1]) ?? wrong(`unknown key ${header[1]}`);
      if (block.header.has(key)) wrong(`${key} is given twice`);
      block.header.set((last = key), header[2] ?? '');
    } else if (more !== null && last !== undefined) block.header.set(last, `${block.header.get(last)}\n${more[1]}`);
    else if (text.startsWith('--!')) wrong('neither --! key: value nor its continuation');
    else block.setup.push(text);
  }
  return blocks.map(({ line, header, setup }) => toCase(file, line, header, setup.join('\n').trim()));
}

function toCase(file: string, line: number, header: ReadonlyMap<Key, string>, setup: string): CheckCase {
  const word = <W extends string>(key: Key, words: readonly W[]): W | null => {
    const value = header.get(key);
    if (value === undefined) return null;
    const found = words.find((known) => known === value);
    if (found === undefined) throw new Error(`${file}:${line}: ${key} is one of ${words.join(', ')}, not ${value}`);
    return found;
  };
  const json = (key: Key) => JSON.parse(header.get(key) ?? '{}') as Record<string, unknown>;
  const expected = header.get('expect');
  if (expected === undefined) throw new Error(`${file}:${line}: the case expects nothing: say objects, none or unknown`);
  return {
    words: header.get('case') ?? '',
    line,
    as: word('as', ['superuser', 'plain']) ?? 'superuser',
    server: word('server', ['plain', 'odd', 'guarded', 'tls']) ?? 'plain',
    database: header.get('database') ?? null,
    connection: JSON.parse(header.get('connection') ?? '{}', (key, value: unknown) =>
      key === 'notBefore' || key === 'notAfter' ? new Date(String(value)) : value,
    ) as CheckCase['connection'],
    hba: header.get('hba') ?? null,
    policy: json('policy'),
    advisories: json('advisories'),
    facts: json('facts'),
    now: header.get('now') ?? null,
    setup,
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

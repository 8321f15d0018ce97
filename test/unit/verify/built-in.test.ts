import { describe, expect, it } from 'vitest';
import { RESERVED_PREFIXES } from '../../../src/ops/verify/cases/scaffold.ts';
import { needText } from '../../../src/ops/verify/need.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { checksTable } from '../../../src/ops/verify/table.ts';

const checks = await loadChecks([builtInFolder()]);

/** The SQL without comments, strings and quoted names. */
const bare = (sql: string): string => sql.replaceAll(/--[^\n]*|E?'(?:[^']|'')*'|"[^"]*"/g, ' ');

describe('the checks that come with dbctl', () => {
  it('are the catalogue', () => {
    const count = (group: string) => checks.filter((check) => check.group === group).length;
    expect(['version', 'extensions', 'time', 'locale', 'immutability'].map(count)).toEqual([9, 11, 5, 8, 20]);
    expect(['connection', 'authentication'].map(count)).toEqual([10, 13]);
    expect(['durability', 'settings', 'logging', 'operations', 'replication'].map(count)).toEqual([7, 6, 12, 5, 3]);
    expect(['schema', 'indexes'].map(count)).toEqual([8, 4]);
    expect(count('privileges')).toBe(15);
  });

  it('begin as no check of a project may', () => {
    expect(checks.filter(({ id }) => !RESERVED_PREFIXES.includes(id.split('-')[0] ?? '')).map(({ id }) => id)).toEqual([]);
  });

  it('are all in the generated page, and so is how to write one', () => {
    const page = checksTable(checks);
    for (const { id, title } of checks) {
      expect(page).toContain(`| [\`${id}\`](#${id}) | `);
      expect(page).toContain(`### ${id}\n\n${title}. `);
    }
    expect(page).toContain('## Checks of your own');
  });
});

describe.each(checks)('$id', ({ id, query, needs, title, why, refs, group, text }) => {
  it('has an id of its group', () => {
    const prefixes: Record<string, string> = {
      version: 'version-',
      extensions: 'ext-',
      time: 'time-',
      locale: 'loc-',
      immutability: 'imm-',
      authentication: 'auth-',
      settings: 'set-',
      logging: 'log-',
      operations: 'ops-',
      replication: 'rep-',
      privileges: 'priv-',
      schema: 'sch-',
      indexes: 'idx-',
    };
    // What a backup rests on is durability, by a name of its own.
    if (group === 'durability') expect(id).toMatch(/^(dur|bak)-/);
    else if (group === 'connection') expect(id).toMatch(/^(tls|conn)-/);
    else expect(id.startsWith(prefixes[group] ?? '?')).toBe(true);
  });

  it('says what is wanted and why, in sentences', () => {
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(why).toMatch(/^[A-Z].*\.$/s);
    expect(refs.some((ref) => ref.startsWith('https://'))).toBe(true);
  });

  it('names in needs every relation it reads: what cannot be seen must be unknown', () => {
    const read = [...bare(query).matchAll(/\b(?:from|join)\s+\(?((?:pg_catalog|dbctl)\.\w+)(?!\w|\s*\()/g)].map(
      ([, relation]) => relation ?? '',
    );
    const met = new Set(needs.map(needText));
    // A need for a setting is one for the view as well.
    if (needs.some(({ kind }) => kind === 'setting' || kind === 'unoverridden')) met.add('select pg_catalog.pg_settings');
    expect([...new Set(read)].filter((relation) => !met.has(`select ${relation}`))).toEqual([]);
    const superfluous = needs.filter((need) => need.kind === 'select' && !read.includes(need.name)).map(needText);
    expect(superfluous).toEqual([]);
  });

  it('has a function call qualified, keywords in lower case, a fixed order, and short lines', () => {
    const calls = [...bare(query).matchAll(/(?<![\w.])([a-z_][a-z0-9_]*)\s*\(/g)].map(([, name]) => name ?? '');
    const syntax = new Set([
      'select',
      'from',
      'where',
      'and',
      'or',
      'not',
      'exists',
      'in',
      'any',
      'all',
      'values',
      'as',
      'on',
      'with',
      'filter',
      'coalesce',
      'nullif',
      'greatest',
      'least',
      'rows',
      'case',
      'when',
      'then',
      'else',
      'extract',
      'over',
      'lateral',
      'join',
      'union',
      'by',
      'array',
    ]);
    // Names of CTEs and aliases with column lists look like calls.
    const defined = [...bare(query).matchAll(/(?:with|with recursive|,|as)\s+([a-z_]+)\s*\(/g)].map(([, name]) => name ?? '');
    expect(calls.filter((name) => !syntax.has(name) && !defined.includes(name))).toEqual([]);
    expect(bare(query)).not.toMatch(/\b(SELECT|FROM|WHERE|JOIN|AND|OR|CASE|AS)\b/);
    expect(query).toMatch(/\n order by [^\n]+$/);
    expect(text.split('\n').filter((line) => line.length > 150)).toEqual([]);
  });

  it('is ASCII: the server turns the text of a query into its own encoding, and LATIN1 has no ellipsis', () => {
    expect(query.match(/[^\n -~]/g)).toBeNull();
  });
});

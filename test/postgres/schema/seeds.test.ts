import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { loadSeed, readSeed } from '../../../src/ops/seed/seed.ts';
import { columnOf, rowsOf, useSchemaDatabase, valueOf } from './support.ts';
import { ALL_TABLES, PARTITIONED_TABLES, SCHEMAS } from './tables.ts';

const migrations = fileURLToPath(new URL('../../../migrations', import.meta.url));

/** What is in a table: how many rows, and a digest of them all. */
interface Content {
  readonly rows: number;
  readonly digest: string | null;
}

describe.each([
  { order: ['dev', 'demo'], again: true },
  { order: ['demo', 'dev'], again: false },
])('seeds in the order $order.0, $order.1', ({ order, again }) => {
  const database = useSchemaDatabase();

  const load = async (name: string) => {
    const seed = await readSeed(migrations, name);
    await withSession(database.target, { access: 'write' }, (session) => loadSeed(session, seed));
  };

  const contents = async () => {
    const found: Record<string, Content | undefined> = {};
    for (const table of ALL_TABLES) {
      const sql = `select count(*)::integer as rows, md5(string_agg(t::text, e'\\n' order by t::text)) as digest from ${table} t`;
      found[table] = (await rowsOf<Content>(database.client, sql))[0];
    }
    return found;
  };

  /** An insert that comes to nothing still takes a number: a seed that leaves gaps is one that did not look first. */
  const sequences = () =>
    rowsOf(
      database.client,
      'select sequencename, last_value from pg_catalog.pg_sequences where schemaname = any ($1) order by 1',
      [SCHEMAS],
    );

  it.each(order)('%s.sql loads', async (name) => {
    const before = await contents();
    await load(name);
    expect(await contents()).not.toEqual(before);
  });

  // In one order only: demo.sql takes seconds on a small machine.
  if (again)
    it.each(order)('%s.sql loaded again changes nothing, not even a sequence', async (name) => {
      const once = [await contents(), await sequences()];
      await load(name);
      expect([await contents(), await sequences()]).toEqual(once);
    });

  it('then every table has rows, and no default partition any', async () => {
    const found = await contents();
    expect(ALL_TABLES.filter((table) => (found[table]?.rows ?? 0) === 0)).toEqual([]);
    for (const table of PARTITIONED_TABLES)
      expect(await valueOf(database.client, `select count(*)::integer from ${table}_default`), table).toBe(0);
  });

  it('then the numbers promised for the demo are there', async () => {
    const rows = await rowsOf(
      database.client,
      `select (select count(*)::integer from identity.users where email like '%@demo.example.test') as users,
              (select count(*)::integer from execution.lab_sessions where id::text like '0190de00-%') as sessions,
              (select count(*)::integer from audit.audit_log where id::text like '0190de00-%') as events`,
    );
    expect(rows).toEqual([{ users: 200, sessions: 2000, events: 20_000 }]);
  });

  it('then the cost of the session across a change of rate is what its two halves cost', async () => {
    const cost = `select cost_status || ' ' || cost_amount || ' ' || cost_currency from execution.lab_sessions where id = '01900000-0000-7000-8000-000000001001'`;
    expect(await valueOf(database.client, cost)).toBe('FINAL 0.090000 USD');
    const missing = `select distinct compute_tier from execution.lab_sessions where cost_status = 'RATE_MISSING'`;
    expect(await columnOf(database.client, missing)).toEqual([2]);
  });
});

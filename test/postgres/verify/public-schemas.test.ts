import { execFileSync } from 'node:child_process';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { runInTransaction } from '../../../src/ops/verify/run.ts';
import { onServer } from '../../support/connection.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { publicDatabases } from '../backup/public-databases.ts';
import { POLICY, sessionOver, withClient } from './support.ts';

/** Indexes of schemas nobody here wrote, judged by the planner and by the text of their definitions. Zabbix and pgq agree too, and take as long as all others. */
const { here, scriptsOf } = publicDatabases();
const judged = here.filter(({ name }) => ['davical', 'icinga2', 'icingadb', 'kea', 'ledgersmb'].includes(name));
const checks = await loadChecks([builtInFolder()]);

describe.skipIf(judged.length === 0).each(judged)('$name', (one) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    for (const script of scriptsOf(one)) {
      // Some speak to psql; all others are one message to the server.
      if (/^\\|^copy .* from stdin/im.test(script)) psql(database.url, script, one.tolerant);
      else await onServer(database.url, script).catch((thrown: Error) => (one.tolerant ? undefined : Promise.reject(thrown)));
    }
    return () => database.drop();
  }, 60_000);

  const found = async (client: pg.Client, id: string): Promise<string[]> => {
    await client.query('begin transaction isolation level repeatable read');
    const session = await sessionOver(client);
    const chosen = checks.filter((check) => check.id === id);
    const inputs = { policy: POLICY, advisories, clock: () => new Date() };
    const [outcome] = (await runInTransaction(session, chosen, inputs)).outcomes;
    await client.query('rollback');
    return outcome?.kind === 'found' ? outcome.findings.map(({ object }) => object).toSorted() : [];
  };

  it('has the foreign keys without an index that the planner has none for', async () => {
    await withClient(database.url, async (client) => {
      const keys = await client.query<{ object: string; lookup: string; columns: string[] }>(KEYS);
      const firsts = new Map(
        (await client.query<IndexText>(INDEXES)).rows.map(({ name, keys }) => [name, keys.split(/[ ,]/)[0] ?? '']),
      );
      const bare: string[] = [];
      await client.query('begin; set local enable_seqscan = off');
      await client.query(CROWDED);
      for (const { object, lookup, columns } of keys.rows) {
        await client.query('savepoint before');
        if (!(await hasIndex(client, lookup, columns, firsts))) bare.push(object);
        await client.query('rollback to savepoint before');
      }
      await client.query('rollback');
      expect(await found(client, 'idx-fk-missing')).toEqual(bare.toSorted());
    });
  });

  it('has the needless indexes whose definitions say so', async () => {
    await withClient(database.url, async (client) => {
      const indexes = await client.query<IndexText>(INDEXES);
      const needless = indexes.rows.filter((index) => indexes.rows.some((other) => covers(other, index)));
      expect(await found(client, 'idx-duplicate')).toEqual(needless.map(({ object }) => object).toSorted());
    });
  });
});

function psql(url: string, input: string, tolerant?: true): void {
  const stop = `ON_ERROR_STOP=${tolerant ? 0 : 1}`;
  execFileSync('psql', ['-X', '-q', '-v', stop, url], { input, stdio: ['pipe', 'ignore', 'ignore'] });
}

/** Asks the planner again and again, and takes away each index that it would only make do with. */
async function hasIndex(
  client: pg.Client,
  lookup: string,
  columns: readonly string[],
  firsts: ReadonlyMap<string, string>,
): Promise<boolean> {
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain (costs off, generic_plan) ${lookup}`);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  const [, name] = /(?:using|Bitmap Index Scan on) ("[^"]+"|\w+)/.exec(plan) ?? [];
  if (name === undefined) return false;
  // Read from end to end, an index that begins with another column holds the condition too.
  const isWhole = columns.every((column) => plan.includes(`${column} = `)) && !plan.includes('Filter:');
  if (isWhole && columns.includes(firsts.get(name) ?? '')) return true;
  const gone = await client.query(
    `update pg_catalog.pg_index i set indisvalid = false
       from pg_catalog.pg_class x where x.oid = i.indexrelid and quote_ident(x.relname) = $1 and i.indisvalid`,
    [name],
  );
  if (gone.rowCount === 0) throw new Error(`the planner keeps on using ${name}`);
  return hasIndex(client, lookup, columns, firsts);
}

const KEYS = `
select format('%I.%I: %I', n.nspname, r.relname, c.conname) as object,
       format('select from only %s where %s', r.oid::regclass,
              (select string_agg(format('%I = $%s', a.attname, k.place), ' and ' order by k.place)
                 from unnest(c.conkey) with ordinality as k(number, place)
                 join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number)) as lookup,
       (select array_agg(quote_ident(a.attname) order by k.place)
          from unnest(c.conkey) with ordinality as k(number, place)
          join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number) as columns
  from pg_constraint c
  join pg_class r on r.oid = c.conrelid
  join pg_namespace n on n.oid = r.relnamespace
 where c.contype = 'f'
   and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = r.oid and e.deptype = 'e')
 order by 1`;

/** Of empty tables any index is as good as the other. */
const CROWDED = `
select pg_restore_relation_stats('schemaname', n.nspname::text, 'relname', c.relname::text, 'relpages', 1, 'reltuples', 10000::real)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')`;

interface IndexText {
  name: string;
  object: string;
  table: string;
  /** Of PostgreSQL's own text of the index: what is between the parentheses, and what comes after. */
  keys: string;
  rest: string;
  method: string;
  unique: boolean;
  /** Which of two equal ones stays: a primary key, what foreign keys rely on, another constraint. */
  rank: number;
}

const INDEXES = `
select quote_ident(indexname) as name,
       format('%I.%I', schemaname, indexname) as object,
       format('%I.%I', schemaname, tablename) as table,
       d.parts[1] as method,
       d.parts[2] as keys,
       d.parts[3] as rest,
       i.indexdef like 'CREATE UNIQUE%' as unique,
       (select 4 * count(*) filter (where c.contype = 'p') + 2 * least(count(*) filter (where c.contype = 'f'), 1)
               + count(*) filter (where c.contype in ('u', 'x'))
          from pg_constraint c where c.conindid = format('%I.%I', schemaname, indexname)::regclass)::int4 as rank
  from pg_indexes i
 cross join lateral regexp_match(i.indexdef, ' USING (\\w+) \\((.*?)\\)( WHERE .*| INCLUDE .*)?$') as d(parts)
 where schemaname not in ('pg_catalog', 'information_schema')
   and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = format('%I.%I', schemaname, tablename)::regclass and e.deptype = 'e')`;

/** True when `index` is not needed beside `other`. */
function covers(other: IndexText, index: IndexText): boolean {
  if (other.object === index.object || other.table !== index.table || other.method !== index.method || other.rest !== index.rest)
    return false;
  if (other.keys === index.keys) {
    if (index.unique !== other.unique) return other.unique;
    return other.rank === index.rank ? other.object < index.object : other.rank > index.rank;
  }
  return !index.unique && index.method === 'btree' && other.keys.startsWith(`${index.keys}, `);
}

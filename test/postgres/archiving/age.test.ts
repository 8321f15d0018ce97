// When a partition is old enough: the facts a plan goes by, beside what the removal in the database asks for.
import { beforeAll, describe, expect, it } from 'vitest';
import { inspectTable, isUnfitTable } from '../../../src/ops/retention/archiving/inspect.ts';
import { planTable } from '../../../src/ops/retention/archiving/plan.ts';
import type { ArchiveRule } from '../../../src/ops/retention/settings.ts';
import { guardBench, settingsFor } from '../immutability/support.ts';

const bench = guardBench('empty');
beforeAll(async () => {
  await bench.rows(`create table public.plain (id int, at timestamptz)`);
  await bench.rows(`create table public.listed (id int) partition by list (id)`);
  await bench.rows(`create table public.open (id int, at timestamptz) partition by range (at)`);
  await bench.rows(
    `create table public.log (id int, at timestamptz, closed date, word text, recorded_xid xid8 default pg_current_xact_id()) partition by range (at)`,
  );
  for (const [name, from, to] of [
    ['old', `'2020-01-01Z'`, `'2020-02-01Z'`],
    ['empty', `'2020-02-01Z'`, `'2020-03-01Z'`],
    ['young', `now() - interval '2 months'`, `now() - interval '1 month'`],
    ['wide', `'2021-01-01Z'`, `now() - interval '3 months'`],
  ] as const) {
    const [bounds] = await bench.rows<{ a: string; b: string }>(
      `select ((${from})::timestamptz)::text as a, ((${to})::timestamptz)::text as b`,
    );
    await bench.rows(
      `create table public.log_${name} partition of public.log for values from ('${bounds?.a}') to ('${bounds?.b}')`,
    );
  }
  await bench.rows(`create table public.log_default partition of public.log default`);
  await bench.rows(
    `insert into public.log (id, at, closed) values (1, '2020-01-10Z', '2020-01-12'), (2, now() - interval '4 months', '2021-01-01')`,
  );
  await bench.install(settingsFor({ name: 'log', generated: ['recorded_xid'] }));
});

const RULE: ArchiveRule = {
  then: 'archive',
  name: 'log',
  schema: 'public',
  table: 'log',
  keep: '13 months',
  maxTimeMs: 0,
  maxLagBytes: 0,
  basis: 'a test',
  by: null,
  destination: null,
  format: null,
  retain: null,
};
const look = (changes: Partial<ArchiveRule> = {}) =>
  bench.session(async (session) => inspectTable(session, { ...RULE, ...changes }, { xidColumn: 'recorded_xid', exact: true }));
async function steps(changes: Partial<ArchiveRule> = {}): Promise<Record<string, string>> {
  const table = await look(changes);
  if (isUnfitTable(table)) throw new Error(table.problem);
  return Object.fromEntries(
    planTable(table).map((one) => [
      one.facts.name.replace('public.log_', ''),
      one.step === 'stay' ? one.why : `${one.step} ${one.facts.rows}`,
    ]),
  );
}

describe('a partition is old enough', () => {
  it('by its upper bound and its newest row, and an empty one by its bound', async () => {
    expect(await steps()).toEqual({ old: 'copy 1', empty: 'copy 0' });
    expect(await steps({ keep: '3 months' })).toMatchObject({ old: 'copy 1', wide: 'copy 1' });
    expect(await steps({ keep: '5 days' })).toMatchObject({ young: 'copy 0' });
  });

  it('by another column as well, where every row says a moment of it', async () => {
    const days = async (closed: string): Promise<string | undefined> => {
      await bench.rows(`insert into public.log (id, at, closed) values (9, '2020-01-11Z', ${closed})`);
      return (await steps({ by: 'closed' }))['old'];
    };
    expect((await steps({ by: 'closed' }))['old']).toBe('copy 1');
    expect(await days(`(now() at time zone 'UTC' - interval '13 months')::date - 1`)).toBe('copy 2');
    expect(await days(`(now() at time zone 'UTC' - interval '13 months')::date`)).toBe('a row of it is not old enough');
  });

  it('but stays where such a row is empty or endless', async () => {
    await bench.rows(`insert into public.log (id, at, closed) values (3, '2020-02-10Z', '-infinity')`);
    expect((await steps({ by: 'closed' }))['empty']).toBe('a row of it is not old enough');
    await bench.rows(`insert into public.log (id, at, closed) values (4, '2020-02-10Z', null)`);
    expect((await steps({ by: 'closed' }))['empty']).toBe('a row of it is not old enough');
    expect((await steps())['empty']).toBe('copy 2');
  });

  it('and the default partition is told where it has rows of that age', async () => {
    await bench.rows(`insert into public.log (id, at) values (5, '1999-01-01Z')`);
    expect((await steps())['default']).toMatch(/^it is the default partition, and rows of that age are in it/);
  });
});

it.each<[string, Partial<ArchiveRule>, string]>([
  ['there is not', { table: 'lag' }, 'there is no table public.lag'],
  [
    'that is not partitioned',
    { table: 'plain' },
    'public.plain is not partitioned, and what is archived leaves by whole partitions (docs/partitions.md)',
  ],
  ['by something else', { table: 'listed' }, 'public.listed is not partitioned by range of one timestamptz, timestamp or date'],
  ['that is open', { table: 'open' }, 'public.open is not guarded yet: dbctl immutability install'],
  ['without the column', { by: 'gone' }, 'public.log has no column gone'],
  [
    'with a column of words',
    { by: 'word' },
    'public.log.word is of type text, and an age is counted from timestamptz, timestamp or date',
  ],
])('a table %s says so', async (_what, changes, problem) => {
  expect(await look(changes)).toEqual({ problem, grants: [] });
});

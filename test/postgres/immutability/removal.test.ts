import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { guardBench, refusalOf, settingsFor } from './support.ts';

const bench = guardBench('empty');
const settings = {
  ...settingsFor({ name: 'log', generated: ['xid'] }),
  archivers: ['t_removal_archiver'],
  archiveVerifiers: ['t_removal_checker'],
};
let archiver: pg.Client;
let checker: pg.Client;

beforeAll(async () => {
  for (const role of ['archiver', 'checker', 'stranger']) await bench.rows(`create role t_removal_${role} login password 'x'`);
  await bench.rows(
    `create table public.log (id int, at timestamptz, text text, xid xid8 default pg_current_xact_id(), primary key (id, at)) partition by range (at)`,
  );
  await bench.rows(`create table public.log_now partition of public.log for values from ('2026-01-01') to ('2030-01-01')`);
  await bench.install(settings);
  await bench.rows(`select dbctl.keep_rows('public.log', '13 months', 'a rule of this test')`);
  await bench.rows(`insert into public.log (id, at) values (1, '2026-11-01Z')`);
  [archiver, checker] = await Promise.all([
    bench.connectAs('t_removal_archiver', 'x'),
    bench.connectAs('t_removal_checker', 'x'),
  ]);
});

const MANIFEST = 'a'.repeat(64);
let year = 1900;
let partition: string;
let segment: string;

/** Of a year of its own, with rows. */
beforeEach(async () => {
  year += 1;
  [partition, segment] = [`public.log_${year}`, `log-${year}-1`];
  await bench.rows(
    `create table ${partition} partition of public.log for values from ('${year}-01-01Z') to ('${year + 1}-01-01Z')`,
  );
  await bench.rows(
    `insert into public.log (id, at, text) select n, '${year}-01-01Z'::timestamptz + n * interval '1 hour', 'row ' || n from generate_series(1, 1000) n`,
  );
});

const fence = (client = archiver) => client.query(`select dbctl.fence_partition('${partition}', 'to be archived')`);

interface Counted {
  readonly rows: string;
  readonly hash: string;
}
const counted = async (): Promise<Counted> =>
  (await bench.rows<Counted>(`select rows::text, hash from dbctl.rows_hash('${partition}', 'record')`))[0] as Counted;

async function record(changes: Readonly<Record<string, unknown>> = {}, client = archiver): Promise<void> {
  const [found] = await bench.rows<{ oid: number }>(`select '${partition}'::regclass::oid as oid`);
  const { rows, hash } = await counted();
  const given = {
    segment,
    relation: found?.oid,
    rows,
    rows_hash: hash,
    hashed_by: 'record',
    oldest_at: `${year}-01-01T01:00:00Z`,
    newest_at: `${year}-02-11T16:00:00Z`,
    cold_bytes: 1000,
    format: 'csv.gz',
    uri: `s3://cold/${segment}`,
    manifest_sha256: MANIFEST,
    ...changes,
  };
  await client.query('select dbctl.record_segment($1)', [JSON.stringify(given)]);
}

async function verify(client = checker): Promise<void> {
  const [recorded] = await bench.rows<Counted>(
    `select rows::text, rows_hash as hash from dbctl.archive_segment where segment = '${segment}'`,
  );
  await client.query('select dbctl.verify_segment($1, $2, $3, $4, $5)', [
    segment,
    recorded?.rows,
    recorded?.hash,
    MANIFEST,
    '{}',
  ]);
}

const remove = (client = archiver) => client.query('select dbctl.remove_partition($1)', [segment]);
const count = async () => (await bench.rows<{ n: string }>('select count(*) as n from public.log'))[0]?.n;
const code = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'done',
    (thrown: pg.DatabaseError) => `${thrown.code} ${thrown.message}`,
  );

describe('a partition of an append-only table', () => {
  it('leaves when its copy was read back by somebody else, and in no other table does anything change', async () => {
    const before = Number(await count());
    await fence();
    await record();
    await verify();
    await remove();
    expect(Number(await count())).toBe(before - 1000);
    expect(await bench.rows(`select to_regclass('${partition}') as there`)).toEqual([{ there: null }]);
    expect(await bench.rows(`select count(*)::int as n from dbctl.protected_relation where table_name = 'log_${year}'`)).toEqual([
      { n: 0 },
    ]);
    expect(await bench.rows(`select kind, actor from dbctl.archive_event where segment = $1 order by id`, [segment])).toEqual([
      { kind: 'verified', actor: 't_removal_checker' },
      { kind: 'removed', actor: 't_removal_archiver' },
    ]);
    expect(
      await bench.rows(`select kind, reference, actor from dbctl.ledger_event where partition_name = $1`, [partition]),
    ).toEqual([{ kind: 'archived', reference: `s3://cold/${segment}`, actor: 't_removal_archiver' }]);
    expect((await bench.install(settings)).drift).toEqual([]);
    expect(await code(remove())).toBe(`IM012 the partition of segment ${segment} stays: its partition is removed already`);
  });

  it('takes no rows and shows all of them while it is fenced, and takes them again afterwards', async () => {
    await fence();
    const insert = `insert into public.log (id, at) values (5000, '${year}-06-01Z')`;
    expect(await bench.refusal(insert)).toMatch(/^23514 .*dbctl_fence/);
    expect((await counted()).rows).toBe('1000');
    expect((await bench.install(settings)).drift).toEqual([]);
    await archiver.query(`select dbctl.unfence_partition('${partition}', 'not now')`);
    expect(await bench.refusal(insert)).toBe('done');
    expect(await bench.refusal(`delete from ${partition}`)).toMatch(/^IM001 /);
  });
});

describe('a partition stays', () => {
  const stays = `the partition of segment`;
  it('where nobody has read the copy back', async () => {
    await fence();
    await record();
    expect(await code(remove())).toBe(
      `IM010 ${stays} ${segment} stays: nobody but t_removal_archiver, who exported it, has read the copy back`,
    );
  });

  it('where the one who exported it has verified it as well', async () => {
    await bench.install({ ...settings, archivers: ['t_removal_archiver', 't_removal_checker'] });
    await fence(checker);
    await record({}, checker);
    await verify();
    expect(await code(remove())).toMatch(/^IM010 .*nobody but t_removal_checker/);
    // Set role does not make somebody else of them.
    await bench.rows('grant t_removal_archiver to t_removal_checker');
    await checker.query('set role t_removal_archiver');
    expect(await code(remove(checker))).toMatch(/^IM010 /);
    await checker.query('reset role');
    await bench.rows('revoke t_removal_archiver from t_removal_checker');
    await bench.rows('revoke execute on all functions in schema dbctl from t_removal_checker');
    await bench.install(settings);
  });

  it('where what was read back is not what was exported', async () => {
    await fence();
    await record();
    const { hash } = await counted();
    const given = (rows: number, found: string, manifest: string) =>
      code(checker.query('select dbctl.verify_segment($1, $2, $3, $4, $5)', [segment, rows, found, manifest, '{}']));
    const differs = `IM013 the copy ${segment} is not what was exported`;
    expect(await given(999, hash, MANIFEST)).toBe(differs);
    expect(await given(1000, '1', MANIFEST)).toBe(differs);
    expect(await given(1000, hash, 'b'.repeat(64))).toBe(differs);
    expect(await code(remove())).toMatch(/^IM010 /);
  });

  it.each<[string, Record<string, unknown>]>([
    ['fewer rows', { rows: 999 }],
    ['other rows', { rows_hash: '12345' }],
  ])('where the copy has %s than the partition', async (_what, changes) => {
    await fence();
    await record(changes);
    await verify();
    expect(await code(remove())).toBe(`IM013 ${stays} ${segment} stays: its rows are not those of the copy`);
    expect((await counted()).rows).toBe('1000');
  });

  it('where its rows are younger than they are kept, whoever lowers that afterwards', async () => {
    await fence();
    await record({ newest_at: new Date(Date.now() - 300 * 86_400_000).toISOString() });
    await verify();
    expect(await code(remove())).toMatch(/^IM011 .* and rows are kept for 1 year 1 mon$/);
    await bench.rows(`select dbctl.keep_rows('public.log', '1 day', 'somebody wants them gone')`);
    expect(await code(remove())).toMatch(/^IM011 .* and rows are kept for 1 year 1 mon$/);
    await bench.rows(`select dbctl.keep_rows('public.log', '13 months', 'as before')`);
  });

  it('where its rows are younger than the one who exported them says', async () => {
    [partition, segment] = ['public.log_now', `log-now-${year}`];
    await fence();
    await record({ oldest_at: '1970-01-01Z', newest_at: '1970-01-01Z' });
    await verify();
    expect(await code(remove())).toBe(
      `IM011 ${stays} ${segment} stays: its newest row is of 2026-11-01 00:00:00+00, and rows are kept for 1 year 1 mon`,
    );
    await archiver.query(`select dbctl.unfence_partition('${partition}', 'done')`);
  });

  it('where nobody has said how long rows are kept', async () => {
    await bench.rows(
      `create table public.other (id int, at date, xid xid8 default pg_current_xact_id()) partition by range (at)`,
    );
    await bench.install({ ...settings, tables: [...settings.tables, ...settingsFor({ name: 'other' }).tables] });
    [partition, segment] = ['public.other_1', 'other-segment-1'];
    await bench.rows(`create table ${partition} partition of public.other for values from ('2001-01-01') to ('2002-01-01')`);
    await fence();
    await record();
    await verify();
    expect(await code(remove())).toBe(`IM011 ${stays} ${segment} stays: nobody has said how long rows of public.other are kept`);
    expect(await bench.refusal(`select dbctl.keep_rows('pg_class', '1 day', 'no')`)).toBe(
      '22023 pg_class is not a protected table',
    );
  });

  it('where the fence was away since it was copied', async () => {
    await fence();
    await record();
    await verify();
    await archiver.query(`select dbctl.unfence_partition('${partition}', 'not now')`);
    expect(await code(remove())).toMatch(/^IM014 .*copy it again$/);
    await fence();
    expect(await code(remove())).toMatch(/^IM014 .*copy it again$/);
    segment = `${segment}-again`;
    await record();
    await verify();
    await remove();
    expect(await bench.rows(`select to_regclass('${partition}') as there`)).toEqual([{ there: null }]);
  });

  it('where it was not fenced when it was copied', async () => {
    expect(await code(record())).toBe('IM014 it is no fenced partition of a protected table');
  });

  const HOLDS: readonly (readonly [what: string, columns: string, values: string])[] = [
    ['the table', 'scope', `'table'`],
    ['the partition', 'scope, partition, partition_name', `'partition', 'PARTITION', 'PARTITION'`],
    ['a time some of its rows are of', 'scope, column_name, from_at, to_at', `'range', 'at', 'YEAR-01-10Z', 'YEAR-01-11Z'`],
    ['an open time', 'scope, column_name, to_at', `'range', 'at', '1950-01-01Z'`],
    ['one of its rows', 'scope, column_name, subject', `'subject', 'text', 'row 17'`],
    ['a column that is gone', 'scope, column_name, subject', `'subject', 'gone', 'x'`],
  ];
  const OTHERS: readonly (readonly [what: string, columns: string, values: string])[] = [
    ['another partition', 'scope, partition, partition_name', `'partition', 'public.log_now', 'public.log_now'`],
    ['another time', 'scope, column_name, from_at', `'range', 'at', '2020-01-01Z'`],
    ['rows it does not have', 'scope, column_name, subject', `'subject', 'text', 'row 17000'`],
  ];
  const hold = async (columns: string, values: string): Promise<number> => {
    const text = values.replaceAll('PARTITION', partition).replaceAll('YEAR', String(year));
    const [made] = await bench.rows<{ id: number }>(
      `insert into dbctl.legal_hold (relation, relation_name, reason, operator, ${columns})
       values ('public.log', 'public.log', 'case 4711, ordered by court', 'ann@here', ${text}) returning id::int as id`,
    );
    return made?.id ?? 0;
  };
  const release = (id: number) =>
    bench.rows(`insert into dbctl.legal_hold_release (hold, reason, operator) values ($1, 'case 4711 is settled', 'ann@here')`, [
      id,
    ]);

  it.each(HOLDS)('where a legal hold is on %s, until it is released', async (_what, columns, values) => {
    await fence();
    await record();
    await verify();
    const id = await hold(columns, values);
    expect(await code(remove())).toBe(`IM015 ${stays} ${segment} stays: legal hold ${id} is on rows of it`);
    await release(id);
    expect(await code(remove())).toBe('done');
  });

  it.each(OTHERS)('and leaves where the hold is on %s', async (_what, columns, values) => {
    await fence();
    await record();
    await verify();
    const id = await hold(columns, values);
    expect(await code(remove())).toBe('done');
    await release(id);
  });

  it('not where the hold comes when it is being removed: who places it waits, and finds it gone', async () => {
    await fence();
    await record();
    await verify();
    await archiver.query('begin');
    await remove();
    const placing = hold('scope', `'table'`);
    await sleep(150);
    await archiver.query('commit');
    await release(await placing);
    expect(await bench.rows(`select to_regclass('${partition}') as there`)).toEqual([{ there: null }]);
  });

  it('where a reader holds it, and the run is told within its lock_timeout', async () => {
    await fence();
    await record();
    await verify();
    const reader = await bench.connectAs('t_removal_stranger', 'x');
    await bench.rows('grant select on public.log to t_removal_stranger');
    await reader.query('begin');
    await reader.query('select count(*) from public.log');
    await archiver.query(`set lock_timeout = '300ms'`);
    expect(await code(remove())).toMatch(/^55P03 /);
    expect((await reader.query('select count(*) as n from public.log')).rows[0].n).toBe(await count());
    await reader.query('commit');
    await remove();
    await archiver.query('reset lock_timeout');
  });
});

describe('by hand', () => {
  it('who may drop what is in the schema cannot use the permit of a fence', async () => {
    await bench.rows('grant t_removal_archiver to t_removal_stranger');
    await bench.rows('alter schema public owner to t_removal_stranger');
    const owner = await bench.connectAs('t_removal_stranger', 'x');
    await owner.query('begin');
    await fence(owner);
    expect(await refusalOf(owner, `drop table ${partition}`)).toMatch(/^IM004 /);
    await bench.rows('alter schema public owner to pg_database_owner');
    await bench.rows('revoke t_removal_archiver from t_removal_stranger');
    expect((await counted()).rows).toBe('1000');
  });

  const ATTEMPTS: readonly (readonly [role: 'archiver' | 'checker' | 'stranger' | 'superuser', sql: string, refused: RegExp])[] =
    [
      ['archiver', 'delete from PARTITION', /^42501 /],
      ['archiver', 'truncate PARTITION', /^42501 /],
      ['archiver', 'drop table PARTITION', /^42501 /],
      ['archiver', 'alter table public.log detach partition PARTITION', /^42501 /],
      ['archiver', 'alter table PARTITION disable trigger user', /^42501 /],
      ['archiver', `insert into dbctl.permit (relation, purpose) values ('PARTITION', 'archive')`, /^42501 /],
      [
        'archiver',
        `insert into dbctl.archive_event (segment, kind, actor) values ('SEGMENT', 'verified', 't_removal_checker')`,
        /^42501 /,
      ],
      ['archiver', `update dbctl.archive_segment set exported_by = 'somebody'`, /^42501 /],
      ['archiver', `insert into dbctl.archive_keep (table_name, keep, basis) values ('public.log', '1 day', 'x')`, /^42501 /],
      ['archiver', `select dbctl.verify_segment('SEGMENT', 1000, '0', 'x', '{}')`, /^42501 /],
      ['archiver', `select dbctl.archive_permit('PARTITION', 'x')`, /^42501 /],
      ['archiver', `select dbctl.require_removable('SEGMENT')`, /^42501 /],
      ['archiver', `select dbctl.finish_removal('SEGMENT')`, /^42501 /],
      [
        'archiver',
        `select dbctl.fence_partition('public.log', 'the whole table')`,
        /^22023 public.log is not a partition of a protected table$/,
      ],
      ['archiver', `select dbctl.fence_partition('pg_catalog.pg_class', 'x')`, /^22023 /],
      ['checker', `select dbctl.remove_partition('SEGMENT')`, /^42501 /],
      ['checker', `select dbctl.record_segment('{}')`, /^42501 /],
      ['checker', `select dbctl.fence_partition('PARTITION', 'x')`, /^42501 /],
      ['checker', 'drop table PARTITION', /^42501 /],
      ['stranger', `select dbctl.remove_partition('SEGMENT')`, /^42501 /],
      ['stranger', `select dbctl.verify_segment('SEGMENT', 1000, '0', 'x', '{}')`, /^42501 /],
      ['superuser', 'drop table PARTITION', /^IM004 /],
      ['superuser', 'alter table public.log detach partition PARTITION', /^IM003 /],
      ['superuser', 'alter table public.log detach partition PARTITION concurrently', /^IM006 /],
      ['superuser', 'alter table PARTITION drop constraint dbctl_fence', /^IM00[34] /],
      ['superuser', 'delete from PARTITION', /^IM001 /],
      ['superuser', 'delete from dbctl.archive_segment', /^IM001 /],
      ['superuser', 'truncate dbctl.archive_event', /^IM002 /],
      ['superuser', 'drop table dbctl.archive_keep', /^IM004 /],
      ['superuser', `select dbctl.remove_partition('SEGMENT')`, /^IM010 /],
      [
        'superuser',
        `create or replace function dbctl.removal_problem(given_segment text) returns table (code text, problem text) language sql as 'select null::text, null::text where false'`,
        /^(?:IM003|42P13) /,
      ],
    ];

  it.each(ATTEMPTS)('%s: %s', async (role, sql, refused) => {
    await fence();
    await record();
    const text = sql.replaceAll('PARTITION', partition).replaceAll('SEGMENT', segment);
    const client = role === 'superuser' ? bench.client : await bench.connectAs(`t_removal_${role}`, 'x');
    expect(await refusalOf(client, text)).toMatch(refused);
    expect((await counted()).rows).toBe('1000');
  });
});

describe('while a partition is removed', () => {
  it('readers see all of its rows or none, and writers of other partitions go on', async () => {
    const others = await Promise.all([1, 2, 3].map(() => bench.connectAs('t_removal_stranger', 'x')));
    await bench.rows('grant select, insert (id, at, text) on public.log to t_removal_stranger');
    await fence();
    await record();
    await verify();
    const removed = new AbortController();
    const seen = new Set<number>();
    const until = `at < '${year + 1}-01-01Z' and at >= '${year}-01-01Z'`;
    const reading = others.slice(0, 2).map(async (client) => {
      while (!removed.signal.aborted) {
        const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from public.log where ${until}`);
        seen.add(rows[0]?.n ?? -1);
      }
    });
    let written = 0;
    const writing = (async () => {
      for (; !removed.signal.aborted; written += 1) {
        await others[2]?.query(`insert into public.log (id, at) values ($1, '2026-11-02Z')`, [1_000_000 + written]);
      }
    })();
    await sleep(200);
    await remove();
    await sleep(100);
    removed.abort();
    await Promise.all([...reading, writing]);
    expect([...seen].toSorted((a, b) => a - b)).toEqual([0, 1000]);
    expect(written).toBeGreaterThan(10);
    expect(await bench.rows(`select count(*)::int as n from public.log where id >= 1000000`)).toEqual([{ n: written }]);
  });

  it('one of two runs removes it, and the other is told', async () => {
    const second = await bench.connectAs('t_removal_archiver', 'x');
    await fence();
    await record();
    await verify();
    const answers = await Promise.all([code(remove()), code(remove(second))]);
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
    expect(answers.find((answer) => answer !== 'done')).toBe(
      `IM012 the partition of segment ${segment} stays: its partition is removed already`,
    );
    expect(
      await bench.rows(`select count(*)::int as n from dbctl.archive_event where segment = $1 and kind = 'removed'`, [segment]),
    ).toEqual([{ n: 1 }]);
  });
});

// Partitions that foreign keys of other tables refer to: what the plan says of them is what the server does.
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPartitionKeys } from '../../../src/ops/retention/archiving/partition-keys.ts';
import { readReferrers } from '../../../src/ops/retention/archiving/referrers.ts';
import { startArchiving, type ArchivingProject, type ArchivingWorld } from '../../support/archiving.ts';
import type { CliReport } from '../../support/cli-report.ts';
import { guardBench } from '../immutability/support.ts';

const bench = guardBench('empty');
let world: ArchivingWorld;
beforeAll(async () => {
  world = await startArchiving();
}, 120_000);
afterAll(() => world.stop());

const [JANUARY, FEBRUARY] = ['app.log_2024_01', 'app.log_2024_02'];
const parts = ({ items }: CliReport) =>
  ((items[0]?.['partitions'] ?? []) as { partition: string; did: string }[]).map(({ partition, did }) => [partition, did]);
const planned = ({ items }: CliReport) =>
  items.filter(({ id }) => id === 'partition').map(({ object, message, ...more }) => [object, more['step'], message]);
const run = (lab: ArchivingProject) => lab.dbctl('archiver', 'retention', 'run', '--yes');
const plan = (lab: ArchivingProject) => lab.dbctl('archiver', 'retention', 'plan');

const NOTES = `
create table app.note (log_id bigint, log_at timestamptz, constraint "note's log" foreign key (log_id, log_at) references app.log on delete cascade);`;
const ROWS = "rows of app.note refer to it (note's log): the server detaches no partition with such rows";

/** As a restore does: the owner of a table that was guarded before the key came may lock no row of it, which the check of a new row asks for. */
const refer = (lab: ArchivingProject, partition: string) =>
  lab.rows(
    `set session_replication_role = replica; insert into app.note select id, at from ${partition} limit 2; reset session_replication_role`,
  );

describe('a partition that rows of another table refer to', () => {
  let lab: ArchivingProject;
  beforeAll(async () => {
    lab = await world.project('referred', { format: 'csv.gz', place: 'folder' });
    await lab.rows(
      `${NOTES} grant select on app.note to lab_archiver, dbctl_protected; grant usage on schema app to dbctl_protected`,
    );
    await refer(lab, JANUARY);
  });

  it('is planned to stay, and the other one to go', async () => {
    const report = await plan(lab);
    expect([report.ok, report.items[0]?.message]).toEqual([true, '1 partition is to go']);
    expect(planned(report)).toEqual([
      [JANUARY, 'stay', `stays: ${ROWS}`],
      [FEBRUARY, 'copy', 'the next run copies it: it is old enough'],
    ]);
    expect(report.items[1]?.['referrers']).toEqual([{ table: 'app.note', name: "note's log", how: 'rows' }]);
    expect(report.items[2]?.['referrers']).toEqual([]);
    expect(report.items.find(({ id }) => id === 'stays')).toMatchObject({
      object: JANUARY,
      severity: 'medium',
      message: ROWS,
      fix: `remove those rows of app.note, or the key: alter table "app"."note" drop constraint "note's log"; -- in a migration that unlocks app.log: docs/immutability.md`,
    });
  });

  it('is neither fenced nor copied by a run, which goes on with the others', async () => {
    const ended = await run(lab);
    expect([ended.status, ended.items[0]?.message, parts(ended)]).toEqual([
      0,
      '1 partition copied, 1 staying',
      [
        [JANUARY, 'stays'],
        [FEBRUARY, 'copied'],
      ],
    ]);
    expect(readdirSync(lab.cold).filter((name) => name.includes('2024_01'))).toEqual([]);
    expect(await lab.rows(`select conrelid::regclass::text as fenced from pg_constraint where conname = 'dbctl_fence'`)).toEqual([
      { fenced: FEBRUARY },
    ]);
  });

  it('is not removed where a row came after its copy was read back, and is once that is gone', async () => {
    await lab.rows('delete from app.note');
    await refer(lab, FEBRUARY);
    expect((await lab.dbctl('checker', 'retention', 'verify', '--record')).summary).toMatchObject({ recorded: 1 });
    expect(planned(await plan(lab))).toEqual([
      [JANUARY, 'copy', 'the next run copies it: it is old enough'],
      [FEBRUARY, 'stay', `stays: ${ROWS}`],
    ]);
    const stays = await run(lab);
    expect([stays.status, parts(stays)]).toEqual([
      0,
      [
        [JANUARY, 'copied'],
        [FEBRUARY, 'stays'],
      ],
    ]);
    await lab.rows('delete from app.note');
    const gone = await run(lab);
    expect([gone.status, parts(gone)]).toEqual([
      0,
      [
        [JANUARY, 'waits'],
        [FEBRUARY, 'removed'],
      ],
    ]);
  });
});

it('one whose referring rows are hidden stays until the grants it names are made, and then leaves', async () => {
  const lab = await world.project('hidden', { format: 'csv.gz', place: 'folder' });
  await lab.rows(`${NOTES} alter table app.note enable row level security; revoke all on schema app from dbctl_protected`);
  const closed = await plan(lab);
  expect(planned(closed).map(([, step, message]) => [step, message])).toEqual(
    [JANUARY, FEBRUARY].map(() => [
      'stay',
      `stays: app.note can refer to it (note's log), and whether rows of it do is hidden from this login; app.note can refer to it (note's log), and who removes partitions may not look whether rows of it do, as the server does at a detach`,
    ]),
  );
  expect(closed.items[1]?.['referrers']).toMatchObject([{ how: 'unseen' }, { how: 'closed' }]);
  expect(parts(await run(lab)).map(([, did]) => did)).toEqual(['stays', 'stays']);
  const grant = (role: string) =>
    `grant usage on schema "app" to "${role}"; grant select ("log_id", "log_at") on table "app"."note" to "${role}";`;
  const fix = closed.items.find(({ id }) => id === 'stays')?.fix ?? '';
  const pass = (role: string) => `alter role "${role}" bypassrls; -- what policies hide of app.note cannot be looked at`;
  expect(fix.split('\n')).toEqual(['lab_archiver', 'dbctl_protected'].flatMap((role) => [grant(role), pass(role)]));
  await lab.rows(fix);
  expect(parts(await run(lab)).map(([, did]) => did)).toEqual(['copied', 'copied']);
  expect((await lab.dbctl('checker', 'retention', 'verify', '--record')).summary).toMatchObject({ recorded: 2 });
  // The server itself has to agree.
  expect(parts(await run(lab)).map(([, did]) => did)).toEqual(['removed', 'removed']);
  await lab.rows('alter role lab_archiver nobypassrls; alter role dbctl_protected nobypassrls');
});

it('one that a key refers to by its own name stays, rows or none', async () => {
  const lab = await world.project('itself', { format: 'csv.gz', place: 'folder' });
  await lab.rows(
    `create table app.pin (log_id bigint, log_at timestamptz, constraint pin_log foreign key (log_id, log_at) references app.log_2024_02)`,
  );
  const report = await plan(lab);
  expect(planned(report).at(-1)).toEqual([
    FEBRUARY,
    'stay',
    'stays: app.pin refers to this very partition (pin_log): the server drops no table that a key refers to',
  ]);
  expect(parts(await run(lab))).toEqual([
    [JANUARY, 'copied'],
    [FEBRUARY, 'stays'],
  ]);
  const fix = report.items.find(({ id }) => id === 'stays')?.fix ?? '';
  expect(fix).toBe(
    'alter table "app"."pin" drop constraint "pin_log"; -- in a migration that unlocks app.log: docs/immutability.md',
  );
  await expect(lab.rows(fix)).rejects.toThrow(/dropping the trigger .* is refused: it is protected/);
  await lab.rows('create role t_pin_ann superuser; create role t_pin_bob superuser; set session authorization t_pin_ann');
  const [asked] = await lab.rows<{ id: string }>(`select dbctl.request_unlock('app.log', 'a key that stands in the way') as id`);
  await lab.rows(
    `set session authorization t_pin_bob; select dbctl.approve_unlock('${asked?.id}'); set session authorization t_pin_ann`,
  );
  await lab.rows(`begin; select dbctl.unlock_for_migration('app.log'); ${fix}\n commit; reset session authorization`);
  expect(planned(await plan(lab)).at(-1)?.[1]).toBe('copy');
});

const REFERS = 'foreign key (id, at) references k.log';
const ROW = `insert into k.r values (1, '2024-01-02Z')`;
const SELF = 'alter table k.log add constraint s foreign key (up_id, up_at) references k.log';

/** Each way to refer to k.p, and what the plan says of it. The server is asked as well: the two must not differ. */
describe('what is said is what the server does', () => {
  it.each<[string, string, string[]]>([
    ['rows', `create table k.r (id int, at timestamptz, ${REFERS}); ${ROW}`, ['rows']],
    ['rows that cascade', `create table k.r (id int, at timestamptz, ${REFERS} on delete cascade); ${ROW}`, ['rows']],
    ['rows that lose the value', `create table k.r (id int, at timestamptz, ${REFERS} on delete set null); ${ROW}`, ['rows']],
    ['no rows', `create table k.r (id int, at timestamptz, ${REFERS})`, []],
    ['half a row', `create table k.r (id int, at timestamptz, ${REFERS}); insert into k.r values (1, null)`, []],
    ['rows of the other', `create table k.r (id int, at timestamptz, ${REFERS}); insert into k.r values (2, '2024-02-02Z')`, []],
    ['not enforced', `create table k.r (id int, at timestamptz, ${REFERS} not enforced); ${ROW}`, ['rows']],
    ['not valid', `create table k.r (id int, at timestamptz); ${ROW}; alter table k.r add ${REFERS} not valid`, ['rows']],
    [
      'another type, columns the other way round',
      `create table k.r ("a""t" timestamptz, id int8, foreign key ("a""t", id) references k.log (at, id)); insert into k.r values ('2024-01-02Z', 1)`,
      ['rows'],
    ],
    [
      'a text of another collation',
      `create table k.r (w text collate "POSIX", at timestamptz, foreign key (w, at) references k.log (word, at)); insert into k.r values ('a', '2024-01-02Z')`,
      ['rows'],
    ],
    [
      'a partitioned table',
      `create table k.r (id int, at timestamptz, ${REFERS}) partition by list (id); create table k.r1 partition of k.r default; ${ROW}`,
      ['rows'],
    ],
    [
      'rows of a table that inherits',
      `create table k.r (id int, at timestamptz, ${REFERS}); create table k.h () inherits (k.r); insert into k.h values (1, '2024-01-02Z')`,
      [],
    ],
    ['itself', `${SELF}; insert into k.log values (3, '2024-01-03Z', 'c', 1, '2024-01-02Z')`, ['rows']],
    ['what it refers to', `${SELF}; insert into k.log values (3, '2024-01-03Z', 'c', 2, '2024-02-02Z')`, []],
    ['the partition, no rows', `create table k.r (id int, at timestamptz, foreign key (id, at) references k.p)`, ['itself']],
    [
      'the partition by a partitioned table',
      `create table k.r (id int, at timestamptz, foreign key (id, at) references k.p) partition by list (id); create table k.r1 partition of k.r default`,
      ['itself'],
    ],
    [
      'the partition by itself',
      `alter table k.p add foreign key (up_id, up_at) references k.p; insert into k.log values (3, '2024-01-03Z', 'c', 1, '2024-01-02Z')`,
      [],
    ],
  ])('%s', async (_what, sql, said) => {
    await bench.rows(`drop schema if exists k cascade; create schema k;
      create table k.log (id int, at timestamptz, word text, up_id int, up_at timestamptz, primary key (id, at), unique (word, at)) partition by range (at);
      create table k.p partition of k.log for values from ('2024-01-01Z') to ('2024-02-01Z');
      create table k.q partition of k.log for values from ('2024-02-01Z') to ('2024-03-01Z');
      insert into k.log values (1, '2024-01-02Z', 'a'), (2, '2024-02-02Z', 'b'); ${sql}`);
    const [oids] = await bench.rows<{ log: number; p: number }>(
      `select 'k.log'::regclass::oid::int as log, 'k.p'::regclass::oid::int as p`,
    );
    const found = await bench.session(async (session) =>
      readReferrers(session, await readPartitionKeys(session, oids?.log ?? 0), { oid: oids?.p ?? 0, sql: 'k.p' }),
    );
    expect(found.map(({ how }) => how)).toEqual(said);
    const refusal = await bench.refusal('alter table k.log detach partition k.p; drop table k.p');
    expect(refusal.slice(0, 5).trim()).toBe(said[0] === 'rows' ? '23503' : said[0] === 'itself' ? '2BP01' : 'done');
  });
});

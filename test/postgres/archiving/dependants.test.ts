// What names a partition besides foreign keys: what the plan says of it is what the server does.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDependants } from '../../../src/ops/retention/archiving/dependants.ts';
import { startArchiving, type ArchivingWorld } from '../../support/archiving.ts';
import type { CliReport } from '../../support/cli-report.ts';
import { guardBench } from '../immutability/support.ts';

const bench = guardBench('empty');
let world: ArchivingWorld;
beforeAll(async () => {
  world = await startArchiving();
}, 120_000);
afterAll(() => world.stop());

const VIEW = 'create view k.v as select id from k.p';

/** Each way to name k.p, and what is said of it: whether the drop fails, and what goes along. */
describe('what is said is what the server does', () => {
  it.each<[what: string, sql: string, blocks: string[], lost: string[]]>([
    ['nothing', '', [], []],
    ['a view of the table', 'create view k.v as select id from k.log', [], []],
    ['a view', VIEW, ['view k.v'], []],
    ['a view of a view', `${VIEW}; create view k.w as select id from k.v`, ['view k.w', 'view k.v'], []],
    ['a view of both', `${VIEW}; create view k.w as select v.id from k.v join k.p using (id)`, ['view k.w', 'view k.v'], []],
    ['a view by the type of its rows', 'create view k.v as select null::k.p as p', ['view k.v'], []],
    ['a view of an odd name', `create view k."a ""v""; x" as select at from k.p`, [`view k."a ""v""; x"`], []],
    [
      'a materialized view with an index',
      'create materialized view k.m as select id from k.p; create index on k.m (id)',
      ['materialized view k.m'],
      [],
    ],
    [
      'a function of SQL-standard body',
      'create function k.f(n int) returns bigint begin atomic select count(*) from k.p where id = n; end',
      ['function k.f(integer)'],
      [],
    ],
    ['a procedure', 'create procedure k.f() begin atomic select count(*) from k.p; end', ['procedure k.f()'], []],
    ['a function of text', `create function k.f() returns bigint language sql as 'select count(*) from k.p'`, [], []],
    [
      'a function of its rows',
      `create function k.f() returns setof k.p language sql as 'select * from k.log'`,
      ['function k.f()'],
      [],
    ],
    [
      'a view of such a function',
      `create function k.f() returns setof k.p language sql as 'select * from k.log'; create view k.v as select * from k.f()`,
      ['view k.v', 'function k.f()'],
      [],
    ],
    [
      'a policy of another table',
      'create policy other on k.o using (exists (select from k.p where p.id = o.id)); alter table k.o enable row level security',
      ['policy other on k.o'],
      [],
    ],
    ['a rule of another table', 'create rule r as on insert to k.o do also delete from k.p', ['rule r on k.o'], []],
    ['a column of its rows', 'create table k.c (p k.p)', ['table column k.c.p'], []],
    ['a type of its rows', 'create type k.t as (p k.p)', ['composite type column k.t.p'], []],
    [
      'a default from its sequence',
      `create sequence k.s owned by k.p.id; create table k.c (id int default nextval('k.s'))`,
      ['default value for k.c.id'],
      [],
    ],
    ['an extension', 'create extension if not exists citext; alter extension citext add table k.p', ['extension citext'], []],
    ['a publication of the table', 'create publication dep_t for table k.log', [], []],
    ['a publication of the schema', 'create publication dep_s for tables in schema k', [], []],
    ['a publication', 'create publication dep_p for table k.p (id, at) where (id > 0)', [], ['publication dep_p']],
    [
      'a constraint trigger from it',
      `create function k.g() returns trigger language plpgsql as 'begin return new; end'; create constraint trigger t after insert on k.o from k.p for each row execute function k.g()`,
      [],
      ['trigger t on k.o'],
    ],
    [
      'what is its own',
      `create statistics k.st on id, word from k.p; create index on k.p (word); create policy own on k.p using (id > 0); alter table k.p enable row level security;
       create function k.g() returns trigger language plpgsql as 'begin return new; end'; create trigger t before insert on k.p for each row execute function k.g();
       alter table k.p add check (id > 0), alter word set default 'x', add foreign key (up) references k.o; create rule r as on update to k.p do instead nothing;
       comment on table k.p is 'own'; alter table k.p replica identity full; create sequence k.s owned by k.p.id; alter table k.p alter id set default nextval('k.s')`,
      [],
      [],
    ],
    ['a foreign key of the table', 'create table k.r (id int, at timestamptz, foreign key (id, at) references k.log)', [], []],
  ])('%s', async (_what, sql, blocks, lost) => {
    await bench.rows(`drop publication if exists dep_t, dep_s, dep_p; drop extension if exists citext cascade; drop schema if exists k cascade; create schema k;
      create table k.o (id int primary key);
      create table k.log (id int, at timestamptz, word text, up int, primary key (id, at)) partition by range (at);
      create table k.p partition of k.log for values from ('2024-01-01Z') to ('2024-02-01Z');
      create table k.q partition of k.log for values from ('2024-02-01Z') to ('2024-03-01Z');
      insert into k.log values (1, '2024-01-02Z', 'a', null); ${sql}`);
    const [oid] = await bench.rows<{ p: number }>(`select 'k.p'::regclass::oid::int as p`);
    const found = await bench.session((session) => readDependants(session, oid?.p ?? 0));
    const said = (how: string) => found.filter((one) => one.how === how).map(({ what }) => what);
    expect([said('blocks'), said('lost')]).toEqual([blocks, lost]);
    const others = () => bench.rows<{ one: string }>(OTHERS);
    const before = await others();
    const go = 'alter table k.log detach partition k.p; drop table k.p';
    const refusal = await bench.refusal(`begin; ${go}; commit`);
    if (blocks.length > 0) await bench.rows('rollback');
    expect(refusal.slice(0, 5).trim()).toBe(blocks.length > 0 ? '2BP01' : 'done');
    const after = new Set((await others()).map(({ one }) => one));
    expect(before.map(({ one }) => one).filter((one) => !after.has(one))).toEqual(lost);
    if (blocks.length === 0) return;
    // The statements, in their order, are enough; what they leave to a person to say is not tried.
    const fix = found.filter(({ how }) => how === 'blocks').map((one) => one.fix);
    if (fix.some((one) => one.startsWith('--'))) return;
    await bench.rows(fix.join('\n'));
    expect(await bench.refusal(go)).toBe('done');
  });
});

it('a partition that a view reads stays until the statement of the plan was run, and then leaves', async () => {
  const lab = await world.project('viewed', { format: 'csv.gz', place: 'folder' });
  const [JANUARY, FEBRUARY] = ['app.log_2024_01', 'app.log_2024_02'];
  const parts = ({ items }: CliReport) =>
    ((items[0]?.['partitions'] ?? []) as { partition: string; did: string }[]).map(({ partition, did }) => [partition, did]);
  const plan = () => lab.dbctl('archiver', 'retention', 'plan');
  const run = () => lab.dbctl('archiver', 'retention', 'run', '--yes');
  await lab.rows(`create view app.january as select id, at from ${JANUARY};
    create view app.counted as select count(*) from app.january; create publication january for table ${FEBRUARY}`);
  const planned = await plan();
  const said =
    'view app.counted, view app.january depend on this very partition: the server drops no table that something depends on';
  expect(
    planned.items
      .filter(({ id }) => id === 'partition')
      .map(({ object, message, ...more }) => [object, message, more['dependants']]),
  ).toEqual([
    [
      JANUARY,
      `stays: ${said}`,
      [
        { what: 'view app.counted', how: 'blocks' },
        { what: 'view app.january', how: 'blocks' },
      ],
    ],
    [FEBRUARY, 'the next run copies it: it is old enough', [{ what: 'publication january', how: 'lost' }]],
  ]);
  expect(planned.items.filter(({ id }) => id === 'stays' || id === 'goes-along')).toMatchObject([
    {
      object: JANUARY,
      severity: 'medium',
      fix: 'drop view app.counted; -- or let it read app.log, not a partition of it\ndrop view app.january; -- or let it read app.log, not a partition of it',
    },
    {
      object: FEBRUARY,
      severity: 'low',
      message: 'publication january names this very partition, and loses it with the removal',
      fix: 'alter publication january drop table app.log_2024_02; -- or publish app.log itself, and its partitions with it',
    },
  ]);
  expect(parts(await run())).toEqual([
    [JANUARY, 'stays'],
    [FEBRUARY, 'copied'],
  ]);
  await lab.rows(planned.items.find(({ id }) => id === 'stays')?.fix ?? '');
  expect(parts(await run())).toEqual([
    [JANUARY, 'copied'],
    [FEBRUARY, 'waits'],
  ]);
  expect((await lab.dbctl('checker', 'retention', 'verify', '--record')).summary).toMatchObject({ recorded: 2 });
  // One that comes after the look is left to the server.
  await lab.rows(`create view app.late as select id from ${JANUARY}`);
  const [segment] = await lab.rows<{ segment: string }>(
    `select segment from dbctl.archive_segment where partition_name = '${JANUARY}'`,
  );
  await expect(lab.rows('select dbctl.remove_partition($1)', [segment?.segment])).rejects.toMatchObject({ code: '2BP01' });
  expect(parts(await run())).toEqual([
    [JANUARY, 'stays'],
    [FEBRUARY, 'removed'],
  ]);
  await lab.rows('drop view app.late');
  expect(parts(await run())).toEqual([[JANUARY, 'removed']]);
});

/** What is not of the partition itself. */
const OTHERS = `
select 'publication ' || p.pubname as one from pg_publication p where exists (select from pg_publication_rel r where r.prpubid = p.oid)
union select 'trigger ' || tgname || ' on k.o' from pg_trigger where tgrelid = 'k.o'::regclass and not tgisinternal
order by 1`;

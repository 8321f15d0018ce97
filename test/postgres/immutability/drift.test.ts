import { beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { planInstall } from '../../../src/ops/immutability/install.ts';
import { guardBench, settingsFor } from './support.ts';

const bench = guardBench('empty');
const settings = settingsFor({ name: 'events' }, { name: 'months' });
const drift = async () =>
  (await bench.session((session) => planInstall(session, settings))).drift.map(({ object, problem }) => `${object}: ${problem}`);

beforeAll(async () => {
  await bench.rows(`create table public.events (id int primary key, note text default 'none')`);
  await bench.rows('create table public.months (id int, at date) partition by range (at)');
  await bench.rows(`create table public.months_01 partition of public.months for values from ('2026-01-01') to ('2026-02-01')`);
  await bench.install(settings);
});

/** What a superuser can do behind the guards: catalogs take it without a word. */
const TAMPERINGS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a guard disabled in the catalog',
    `update pg_trigger set tgenabled = 'D' where tgrelid = 'public.events'::regclass and tgname = 'dbctl_guard_row'`,
    ['public.events: trigger dbctl_guard_row is not enabled always (tgenabled D)'],
  ],
  [
    'a guard as pg_restore --disable-triggers leaves it',
    `update pg_trigger set tgenabled = 'O' where tgrelid = 'public.months_01'::regclass and tgname = 'dbctl_guard_truncate'`,
    ['public.months_01: trigger dbctl_guard_truncate is not enabled always (tgenabled O)'],
  ],
  [
    'another owner, by a command no event trigger sees',
    'reassign owned by dbctl_protected to current_user',
    [
      'public.events: the owner is postgres instead of dbctl_protected',
      'public.months: the owner is postgres instead of dbctl_protected',
      'public.months_01: the owner is postgres instead of dbctl_protected',
    ],
  ],
  [
    'a grant written into the catalog',
    `update pg_class set relacl = relacl || '=w/dbctl_protected'::aclitem where oid = 'public.events'::regclass`,
    ['public.events: PUBLIC holds UPDATE'],
  ],
  [
    'columns swapped in the catalog',
    `update pg_attribute set attname = 'remark' where attrelid = 'public.events'::regclass and attname = 'note'`,
    [
      'public.events: its columns changed from [{"name":"id","type":"integer","not null":true},{"name":"note","type":"text","default":"\'none\'::text","not null":false,"collation":"\\"default\\""}] to [{"name":"id","type":"integer","not null":true},{"name":"remark","type":"text","default":"\'none\'::text","not null":false,"collation":"\\"default\\""}]',
    ],
  ],
  [
    'a guard function with another body',
    `update pg_proc set prosrc = 'begin return new; end' where proname = 'refuse_row_change'`,
    ['dbctl.refuse_row_change: the function is missing or not as dbctl wrote it'],
  ],
  [
    'an event trigger off',
    'alter event trigger dbctl_4_refuse_drop disable',
    ['dbctl_4_refuse_drop: the event trigger is not enabled always (D)'],
  ],
  ['an event trigger dropped', 'drop event trigger dbctl_3_refuse_ddl', ['dbctl_3_refuse_ddl: the event trigger is missing']],
];

const renameBack = `update pg_attribute set attname = 'note' where attrelid = 'public.events'::regclass and attname = 'remark'`;

describe('drift', () => {
  it('is none after install', async () => {
    expect(await drift()).toEqual([]);
  });

  it.each(TAMPERINGS)('finds %s, leaves it without --repair, and repairs it with it', async (name, sql, found) => {
    try {
      await bench.rows(sql);
      expect(await drift()).toEqual(found);
      const without = await bench.install(settings);
      expect(without.steps).toEqual([]);
      expect(await drift()).toEqual(found);
    } finally {
      await bench.install(settings, { repair: true });
    }
    // What rows mean is for a person to decide: repair leaves it, and accepting it is a word of its own.
    if (name.startsWith('columns')) {
      expect(await drift()).toEqual(found);
      await bench.rows(renameBack);
    }
    expect(await drift()).toEqual([]);
  });

  it('of a shape is accepted by name only', async () => {
    await bench.rows(
      `update pg_attribute set attname = 'remark' where attrelid = 'public.events'::regclass and attname = 'note'`,
    );
    await bench.install(settings, { repair: true, accept: ['public.months'] });
    expect(await drift()).toHaveLength(1);
    await bench.install(settings, { accept: ['public.events'] });
    expect(await drift()).toEqual([]);
  });
});

describe('an unlock', () => {
  const people = ['t_unlock_anna', 't_unlock_bert'] as const;

  beforeEach(async () => {
    for (const person of people) await bench.rows(`create role ${person} login superuser password 'x'`);
  });
  afterEach(async () => {
    for (const person of people) {
      await bench.rows(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${person}'`);
      await bench.rows(`drop role ${person}`);
    }
  });

  it('needs two people, serves one transaction, and ends with the table guarded', async () => {
    const [anna, bert] = await Promise.all(people.map((person) => bench.connectAs(person, 'x')));
    if (anna === undefined || bert === undefined) throw new Error('no connections');
    for (const one of [anna, bert]) one.on('error', () => {});
    const { rows } = await anna.query<{ id: string }>(
      `select dbctl.request_unlock('public.events', 'add a column, ticket 42') as id`,
    );
    const id = rows[0]?.id;
    await expect(anna.query(`select dbctl.use_unlock('${id}')`)).rejects.toThrow('the unlock is not approved');
    await expect(anna.query(`select dbctl.approve_unlock('${id}')`)).rejects.toThrow(
      't_unlock_anna asked for this unlock and cannot approve it',
    );
    await bert.query(`select dbctl.approve_unlock('${id}')`);
    await expect(bert.query(`select dbctl.use_unlock('${id}')`)).rejects.toThrow('the unlock belongs to t_unlock_anna');
    await anna.query('begin');
    await anna.query(`select dbctl.use_unlock('${id}')`);
    await anna.query('alter table public.events add column ticket int');
    await expect(anna.query('delete from public.events')).rejects.toMatchObject({ code: 'IM001' });
    await anna.query('rollback');

    await anna.query('begin');
    await anna.query(`select dbctl.use_unlock('${id}')`);
    await anna.query('alter table public.events disable trigger dbctl_guard_row');
    await expect(anna.query('commit')).rejects.toThrow('the transaction may not commit: public.events is left unguarded');

    await anna.query('begin');
    await anna.query(`select dbctl.use_unlock('${id}')`);
    await anna.query('alter table public.events add column ticket int');
    await anna.query('commit');
    expect(await drift()).toEqual([]);
    await expect(anna.query(`select dbctl.use_unlock('${id}')`)).rejects.toThrow('the unlock is used up');
    await expect(anna.query('alter table public.events drop column ticket')).rejects.toMatchObject({ code: 'IM004' });
    expect(
      await bench.rows(
        `select p.purpose, p.reason, p.given_by, u.approved_by, p.ended from dbctl.permit p join dbctl.unlock_request u on u.id = p.unlock_request`,
      ),
    ).toEqual([
      {
        purpose: 'unlock',
        reason: 'add a column, ticket 42',
        given_by: 't_unlock_anna',
        approved_by: 't_unlock_bert',
        ended: true,
      },
    ]);
  });

  it('gives nothing to another transaction, and nothing after set constraints immediate', async () => {
    const other = await bench.connectAs('t_unlock_anna', 'x');
    other.on('error', () => {});
    await bench.client.query('begin');
    await bench.client.query(`insert into dbctl.permit (relation, purpose, reason) values ('public.months', 'install', 'test')`);
    await expect(other.query('alter table public.months add column x int')).rejects.toMatchObject({ code: 'IM003' });
    await bench.client.query('set constraints all immediate');
    await expect(bench.client.query('alter table public.months add column x int')).rejects.toMatchObject({ code: 'IM003' });
    await bench.client.query('rollback');
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { ensureGuards } from '../../../src/ops/immutability/ensure.ts';
import { planInstall } from '../../../src/ops/immutability/install.ts';
import { tableStatuses } from '../../../src/ops/immutability/status.ts';
import { guardBench, settingsFor } from './support.ts';

/**
 * PostgreSQL checks a foreign key by locking the row on the other side with the rights of that table's owner, which takes UPDATE on one column
 * of it. The owner of protected tables has none until there is a key, and a key of another table comes without a word to the guards.
 */
const bench = guardBench('empty');
const settings = settingsFor({ name: 'events' }, { name: 'months' });
const accepting = settingsFor({ name: 'events', accept: ['cascade'] }, { name: 'months' });

beforeAll(async () => {
  await bench.client.query(`
    create table public.events (id int primary key, note text);
    create table public.months (id int, at date, primary key (id, at)) partition by range (at);
    create table public.months_01 partition of public.months for values from ('2026-01-01') to ('2026-02-01');
    create table public.notes (id int primary key, event_id int, at date);
    create table public.places (id int primary key)`);
  await bench.install(settings);
  await bench.client.query(
    `insert into public.events values (1); insert into public.months values (1, '2026-01-05'); insert into public.places values (1), (2)`,
  );
});
const plan = () => bench.session((session) => planInstall(session, settings));
const statuses = async () => (await bench.session((session) => tableStatuses(session, settings))).tables;
/** What is tried leaves nothing. */
const tried = async (sql: string): Promise<string> => {
  await bench.rows('begin');
  const answer = await bench.refusal(sql);
  await bench.rows('rollback');
  return answer;
};
/** What the guards refuse without an unlock. */
const unguarded = (sql: string) => bench.session((session) => session.script(`set event_triggers = off; ${sql}`));

describe('a foreign key to a protected table that was added after the guards', () => {
  it.each([
    [
      'events',
      `(event_id) references public.events`,
      `insert into public.notes values (1, 1)`,
      `insert into public.notes values (1, 2)`,
    ],
    [
      'months',
      `(event_id, at) references public.months on update cascade`,
      `insert into public.notes values (1, 1, '2026-01-05')`,
      `insert into public.notes values (1, 2, '2026-01-05')`,
    ],
  ])('stops inserts, is told, and is mended by install: %s', async (table, key, good, bad) => {
    await bench.rows(`alter table public.notes add constraint fk_${table} foreign key ${key}`);
    expect(await tried(good)).toBe(`42501 permission denied for table ${table}`);
    const problem = `foreign key fk_${table} of notes cannot be checked: dbctl_protected may update no column of the table, and whoever writes on the other side is refused`;
    expect((await statuses()).find((one) => one.table === `public.${table}`)).toMatchObject({
      guards: 'drifted',
      problems: [{ problem, fix: 'dbctl immutability install' }],
    });
    expect(await plan()).toMatchObject({
      steps: [{ id: 'key', object: `public.${table}`, sql: `grant update (id) on table public.${table} to dbctl_protected` }],
      drift: [{ object: `public.${table}`, problem, kind: 'key' }],
    });

    const done = await bench.install(settings);
    expect(done).toMatchObject({ drift: [], refusals: [] });
    expect(await plan()).toMatchObject({ steps: [], drift: [] });
    expect((await statuses()).map(({ guards }) => guards)).toEqual(['guarded', 'guarded']);
    expect(await tried(good)).toBe('done');
    expect(await tried(bad)).toMatch(/^23503 /);
    for (const sql of ['update', 'delete'].map((verb) =>
      verb === 'update' ? `update public.${table} set id = 9` : `delete from public.${table}`,
    ))
      expect(await tried(sql)).toMatch(/^IM001 /);
    await unguarded(`alter table public.notes drop constraint fk_${table}`);
    await bench.install(settings, { repair: true });
  });

  it('is let work by migrate up, and told by it where whoever migrates may look alone', async () => {
    await bench.rows('create table public.echoes (id int primary key, event_id int references public.events)');
    await bench.rows(`create role looks_at_keys login password 'x' in role dbctl_auditor`);
    const asLooks = { ...bench.database.target, user: 'looks_at_keys', password: () => Promise.resolve('x') };
    const told = await withSession(asLooks, { access: 'write' }, (session) => ensureGuards(session, settings, {}));
    expect(told).toMatchObject([
      { id: 'drift', object: 'public.events', status: 'fail', severity: 'high', fix: 'dbctl immutability install' },
      { id: 'guards', object: 'looks_at_keys', status: 'unknown' },
    ]);
    expect(await bench.session((session) => ensureGuards(session, settings, {}))).toMatchObject([
      {
        id: 'foreign-key',
        object: 'public.events',
        message: 'let dbctl_protected check foreign keys: echoes_event_id_fkey of echoes',
      },
    ]);
    expect(await tried('insert into public.echoes values (1, 1)')).toBe('done');
    await unguarded('drop table public.echoes');
    await bench.install(settings, { repair: true });
    await bench.rows('drop role looks_at_keys');
  });

  it('stays until an unlock: whoever drops it, or the table that has it, is refused', async () => {
    await bench.rows('create table public.replies (id int primary key, event_id int references public.events)');
    expect(await tried('alter table public.replies drop constraint replies_event_id_fkey')).toMatch(/^IM004 /);
    expect(await tried('drop table public.replies')).toMatch(/^IM004 /);
    await unguarded('drop table public.replies');
  });

  it('changes no row by its actions, which are those of the table that refers', async () => {
    await bench.rows(`create table public.marks (id int primary key,
      event_id int references public.events on delete cascade on update cascade)`);
    await bench.install(settings);
    expect(await tried('insert into public.marks values (1, 1)')).toBe('done');
    expect(await tried('delete from public.events')).toMatch(/^IM001 /);
    expect(await tried('update public.events set id = 3')).toMatch(/^IM001 /);
    await unguarded('drop table public.marks');
    await bench.install(settings, { repair: true });
  });
});

describe('a foreign key of a protected table, which takes an unlock', () => {
  it.each(['', ' on delete cascade', ' on delete set null', ' on update cascade'])(
    'and is accepted by name:%s',
    async (action) => {
      await unguarded(
        `alter table public.events add place int, add constraint fk_place foreign key (place) references public.places${action}`,
      );
      expect((await plan()).drift.map(({ kind }) => kind).toSorted()).toEqual(['key', 'shape', 'shape']);
      // What a person has to accept waits for that; that the key can be checked does not.
      const first = await bench.install(settings);
      expect(first.steps.map(({ id }) => id)).toEqual(['key']);
      expect(first.drift.map(({ kind }) => kind)).toEqual(['shape', 'shape']);
      const done = await bench.install(action === '' ? settings : accepting, { accept: ['public.events'] });
      expect(done).toMatchObject({ drift: [], refusals: [] });
      const refer = 'insert into public.events values (5, null, 1)';
      expect(await tried(refer)).toBe('done');
      expect(await tried('insert into public.events values (5, null, 9)')).toMatch(/^23503 /);
      expect(await tried('delete from public.places where id = 2')).toBe(
        action.includes('delete') ? '42501 permission denied for table events' : 'done',
      );
      const code = async (sql: string) => (await tried(`${refer}; ${sql}`)).slice(0, 5);
      expect(await code('delete from public.places where id = 1')).toBe(action.includes('delete') ? '42501' : '23503');
      expect(await code('update public.places set id = 7 where id = 1')).toBe(action.includes('update') ? '42501' : '23503');
      await unguarded('alter table public.events drop column place');
      await bench.install(settings, { accept: ['public.events'], repair: true });
      expect((await plan()).drift).toEqual([]);
    },
  );
});

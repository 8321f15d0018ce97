import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { ensureGuards } from '../../../src/ops/immutability/ensure.ts';
import { installGuards, planInstall, type InstallMode } from '../../../src/ops/immutability/install.ts';
import { guardBench, settingsFor } from './support.ts';

const bench = guardBench('empty');
const settings = settingsFor({ name: 'events', generated: ['id'] });
const OWNER = 't_reduced_owner';

/** What a managed cloud gives: a login that owns the database, and no superuser. */
const asOwner = <T>(use: Parameters<typeof withSession<T>>[2]) =>
  withSession({ ...bench.database.target, user: OWNER, password: () => Promise.resolve('x') }, { access: 'write' }, use);
const install = (mode: InstallMode = {}) => asOwner((session) => installGuards(session, settings, mode));

beforeAll(async () => {
  await bench.rows(`create role ${OWNER} login password 'x'`);
  await bench.rows(`create role t_reduced_app login password 'x'`);
  await bench.rows(`alter database "${bench.database.name}" owner to ${OWNER}`);
  await bench.rows(`alter schema public owner to ${OWNER}`);
  await bench.rows(
    `create table public.events (id int generated always as identity, at date, note text) partition by range (at)`,
  );
  await bench.rows(`alter table public.events owner to ${OWNER}`);
  await bench.rows('grant all on public.events to t_reduced_app');
});

afterAll(async () => {
  await bench.rows(`reassign owned by ${OWNER} to current_user`);
  await bench.rows(`drop owned by ${OWNER}, t_reduced_app`);
  await bench.rows(`drop role ${OWNER}, t_reduced_app`);
});

describe('a server that allows no superuser', () => {
  it('gets the layers it allows, and is told which are missing and what that leaves open', async () => {
    const result = await install();
    expect(result.refusals).toEqual([]);
    expect(result.missing.map(({ layer, why }) => `${layer}: ${why}`)).toEqual([
      'owner: t_reduced_owner is not a superuser and cannot give the tables to a role that nobody can become',
      'event-triggers: t_reduced_owner may not create event triggers',
    ]);
    for (const { leavesOpen } of result.missing) expect(leavesOpen).not.toBe('');
    expect((await install()).steps).toEqual([]);
  });

  it('refuses changes of rows to everybody, and takes the grants away', async () => {
    expect(await bench.refusal('delete from public.events')).toMatch(/^IM001 /);
    expect(await bench.refusal('truncate public.events')).toMatch(/^IM002 /);
    const app = await bench.connectAs('t_reduced_app', 'x');
    await expect(app.query('update public.events set note = null')).rejects.toMatchObject({ code: '42501' });
    await expect(app.query('insert into public.events (id, at) overriding system value values (1, now())')).rejects.toMatchObject(
      {
        code: '42501',
      },
    );
    await app.end();
  });

  it('finds new partitions at the next install; until then they have the row guard alone', async () => {
    await asOwner((session) =>
      session.script(`create table public.events_01 partition of public.events for values from ('2026-01-01') to ('2026-02-01')`),
    );
    expect(await bench.refusal('delete from public.events_01 where false')).toBe('done');
    await bench.rows(`insert into public.events (at) values ('2026-01-02')`);
    expect(await bench.refusal('delete from public.events_01')).toMatch(/^IM001 /);
    const planned = await asOwner((session) => planInstall(session, settings));
    expect(planned.steps.map(({ object }) => object)).toEqual(['public.events']);
    await install();
    expect(await bench.refusal('truncate public.events_01')).toMatch(/^IM002 /);
  });

  it('lets a migration by a role without rights end, with an item that says what was not looked at', async () => {
    const items = await withSession(
      { ...bench.database.target, user: 't_reduced_app', password: () => Promise.resolve('x') },
      { access: 'write' },
      (session) => ensureGuards(session, settings, {}),
    );
    expect(items.map(({ id, status, object }) => [id, status, object])).toEqual([['guards', 'unknown', 't_reduced_app']]);
  });
});

import { beforeAll, expect, it } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { planUninstall, uninstallGuards } from '../../../src/ops/immutability/uninstall.ts';
import { guardBench, settingsFor } from './support.ts';

const bench = guardBench('empty');
const settings = settingsFor({ name: 'Events', generated: ['id'] }, { name: 'months' });

const definition = () =>
  bench.rows(
    `select c.relname as name, pg_get_userbyid(c.relowner)::text as owner,
            array(select a::text from unnest(c.relacl) a where a::text !~ '^postgres=' order by 1) as grants,
            (select count(*)::int from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal) as triggers
     from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
  );

beforeAll(async () => {
  await bench.rows('create role t_uninstall_app');
  await bench.rows('create table public."Events" (id int, note text)');
  await bench.rows(`insert into public."Events" values (1, 'kept')`);
  await bench.rows('create table public.months (id int, at date) partition by range (at)');
  await bench.rows(`create table public.months_01 partition of public.months for values from ('2026-01-01') to ('2026-02-01')`);
  await bench.rows('grant select, insert, update on public."Events", public.months, public.months_01 to t_uninstall_app');
});

it('uninstall leaves the tables as they were before install', async () => {
  const before = await definition();
  await bench.install(settings);
  expect(await definition()).not.toEqual(before);
  const steps = await bench.session(planUninstall);
  expect(steps.map(({ object }) => object).toSorted()).toEqual([
    'dbctl_1_refuse_concurrent_ddl',
    'dbctl_2_guard_new_partition',
    'dbctl_3_refuse_ddl',
    'dbctl_4_refuse_drop',
    'dbctl_5_refuse_rewrite',
    'public."Events"',
    'public.months',
  ]);
  await bench.session((session) => uninstallGuards(session, steps, silentProgress));
  expect(await definition()).toEqual(before);
  expect(await bench.rows('select note from public."Events"')).toEqual([{ note: 'kept' }]);
  expect(await bench.refusal('update public."Events" set note = null')).toBe('done');
  expect(await bench.session(planUninstall)).toEqual([]);
  await bench.rows('drop owned by t_uninstall_app');
  await bench.rows('drop role t_uninstall_app');
});

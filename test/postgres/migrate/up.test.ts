import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { migrateUp } from '../../../src/ops/migrate/up.ts';
import { failure, migrationBench } from './support.ts';

const bench = migrationBench();
const tables = () =>
  bench.rows<{ name: string }>(
    `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1`,
  );
const history = () =>
  bench.rows<{ version: string; name: string }>('select version::text, name from dbctl.schema_migrations order by version');

const THREE = {
  '001.do.a.sql': 'create table a ();',
  '002.do.b.sql': 'create table b ();',
  '003.do.c.sql': 'create table c ();',
};

describe('migrate up', () => {
  it('applies all, records each, and finds nothing to do the second time', async () => {
    bench.write(THREE);
    const first = await bench.up();
    expect(first.applied.map(({ migration }) => migration.id)).toEqual(['001', '002', '003']);
    expect(await history()).toEqual([
      { version: '1', name: 'a' },
      { version: '2', name: 'b' },
      { version: '3', name: 'c' },
    ]);
    expect(await bench.up()).toEqual({ applied: [], before: 3 });
    const log = await bench.rows(
      'select version::int, state, operator, commit_sha, attempt, duration_ms >= 0 as timed from dbctl.migration_log order by 1',
    );
    expect(log).toEqual(
      [1, 2, 3].map((version) => ({
        version,
        state: 'applied',
        operator: 'test@here',
        commit_sha: 'abc123',
        attempt: 1,
        timed: true,
      })),
    );
  });

  it('needs four messages for a run with nothing to do, whatever the number of migrations', async () => {
    for (const count of [3, 120]) {
      bench.write(
        Object.fromEntries(
          Array.from({ length: count }, (_, i) => [`${String(i + 1).padStart(3, '0')}.do.t.sql`, `select ${i};`]),
        ),
      );
      rmSync(join(bench.folder(), 'x'), { force: true });
      await bench.up();
      const trips = await bench.session(async (session) => {
        await migrateUp(session, bench.settings(), { progress: silentProgress, signal: new AbortController().signal });
        return session.roundTrips;
      });
      expect(trips).toBeLessThanOrEqual(4);
    }
  });

  it('sends one message per migration', async () => {
    bench.write(THREE);
    await bench.up();
    const more = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`${String(i + 4).padStart(3, '0')}.do.t.sql`, `create table t${i} ();`]),
    );
    bench.write(more);
    const trips = await bench.session(async (session) => {
      await migrateUp(session, bench.settings(), { progress: silentProgress, signal: new AbortController().signal });
      return session.roundTrips;
    });
    expect(trips).toBeLessThanOrEqual(5 + 50);
  });

  it('leaves nothing of a migration that fails, and keeps those before it', async () => {
    bench.write({ ...THREE, '002.do.b.sql': 'create table b ();\n-- é\nselect 1 / 0, no_such;\n' });
    const error = await failure(bench.up());
    expect(error).toMatchObject({
      code: 'migration.failed',
      exit: 4,
      sqlstate: '42703',
      message: '002.do.b.sql: column "no_such" does not exist',
      position: { file: '002.do.b.sql', line: 3, column: 15, text: 'select 1 / 0, no_such;' },
    });
    expect(await tables()).toEqual([{ name: 'a' }]);
    expect(await history()).toEqual([{ version: '1', name: 'a' }]);
    expect(await bench.rows('select version::int, state, error from dbctl.migration_log where state <> $$applied$$')).toEqual([
      { version: 2, state: 'failed', error: '42703 at 002.do.b.sql:3:15' },
    ]);
    bench.write(THREE);
    expect((await bench.up()).applied.map(({ migration }) => migration.id)).toEqual(['002', '003']);
  });

  it('stops at --to, and refuses a version nobody wrote', async () => {
    bench.write(THREE);
    await bench.up({ target: 2 });
    expect(await tables()).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(await failure(bench.up({ target: 99 }))).toMatchObject({
      code: 'usage',
      exit: 2,
      message: '--to 99: no migration has this version',
      hint: 'The folder holds versions 001 to 003.',
    });
  });

  it('runs every migration from the same settings, and writes its rows whatever a script did to them', async () => {
    bench.write({
      '001.do.a.sql': `set local search_path = nowhere; select set_config('search_path', 'nowhere', false), set_config('timezone', 'America/New_York', false);`,
      '002.do.b.sql': `create table b as select current_setting('search_path') as path, current_setting('timezone') as zone;`,
    });
    await bench.up();
    expect(await bench.rows('select path, zone from public.b')).toEqual([{ path: '"$user", public', zone: 'UTC' }]);
    expect(
      await bench.rows(`select extract(epoch from now() - max(run_at)) < 60 as just_now from dbctl.schema_migrations`),
    ).toEqual([{ just_now: true }]);
  });

  it('writes history rows as itself when a script changed its role', async () => {
    await bench.rows('create role dbctl_test_nobody').catch(() => []);
    bench.write({ '001.do.a.sql': `set local role dbctl_test_nobody; select 1;` });
    await bench.up();
    expect(await history()).toEqual([{ version: '1', name: 'a' }]);
  });

  it('keeps its tables with a role nobody logs in as', async () => {
    bench.write(THREE);
    await bench.up();
    const owners = await bench.rows(
      `select distinct pg_get_userbyid(relowner) as owner from pg_class where relnamespace = 'dbctl'::regnamespace and relkind = 'r'`,
    );
    expect(owners).toEqual([{ owner: 'dbctl_guard' }, { owner: 'dbctl_owner' }]);
    expect(await bench.rows(`select rolcanlogin from pg_roles where rolname in ('dbctl_owner', 'dbctl_auditor')`)).toEqual([
      { rolcanlogin: false },
      { rolcanlogin: false },
    ]);
  });

  it('works for a role that is no superuser, and leaves the tables with it', async () => {
    const name = bench.database().name;
    await bench.session(async (session) => {
      await session.script(
        `create role "${name}_m" login password 'plain-test-password'; grant create on database "${name}" to "${name}_m"; grant create on schema public to "${name}_m"`,
      );
    });
    bench.write(THREE);
    const { withSession } = await import('../../../src/db/session.ts');
    const target = { ...bench.database().target, user: `${name}_m`, password: () => Promise.resolve('plain-test-password') };
    const result = await withSession(target, { access: 'write' }, (session) =>
      migrateUp(session, bench.settings(), { progress: silentProgress, signal: new AbortController().signal }),
    );
    expect(result.applied).toHaveLength(3);
    await bench.session((session) => session.script(`drop owned by "${name}_m"; drop role "${name}_m"`));
  });

  it('leaves a record of each run that changed something, failed ones too, and none of the others', async () => {
    bench.write(THREE);
    await bench.up();
    await bench.up();
    bench.write({ '004.do.d.sql': 'select 1 / 0;' });
    await failure(bench.up());
    const runs = await bench.rows('select command, operator, commit_sha, outcome, summary from dbctl.run order by started_at');
    expect(runs).toEqual([
      {
        command: 'migrate up',
        operator: 'test@here',
        commit_sha: 'abc123',
        outcome: 'done',
        summary: { applied: ['001', '002', '003'] },
      },
      {
        command: 'migrate up',
        operator: 'test@here',
        commit_sha: 'abc123',
        outcome: 'failed',
        summary: { error: 'migration.failed' },
      },
    ]);
  });

  it('after a superuser made its tables, tells another role what it lacks, and works with it', async () => {
    bench.write(THREE);
    await bench.up();
    bench.write({ '004.do.d.sql': 'create table d ();' });
    const role = `${bench.database().name}_later`;
    const { withSession } = await import('../../../src/db/session.ts');
    const target = { ...bench.database().target, user: role, password: () => Promise.resolve('plain-test-password') };
    const up = () =>
      withSession(target, { access: 'write' }, (session) =>
        migrateUp(session, bench.settings(), { progress: silentProgress, signal: new AbortController().signal }),
      );
    await bench.session((session) =>
      session.script(`create role "${role}" login password 'plain-test-password'; grant create on schema public to "${role}"`),
    );
    try {
      const error = await failure(up());
      expect(error).toMatchObject({ code: 'db.denied', exit: 3, sqlstate: '42501' });
      expect(error.message).toBe(`${role} may not read the migration history: permission denied for table schema_version`);
      expect(error.hint).toBe(`As a superuser, once: grant dbctl_owner to "${role}"; for looking only: grant dbctl_auditor.`);
      await bench.rows(`grant dbctl_owner to "${role}"`);
      expect((await up()).applied.map(({ migration }) => migration.id)).toEqual(['004']);
    } finally {
      await bench.session((session) => session.script(`drop owned by "${role}"; drop role "${role}"`));
    }
  });

  it('refuses to work under a newer schema of its own', async () => {
    bench.write(THREE);
    await bench.up();
    await bench.rows('insert into dbctl.schema_version (version) values (999)');
    bench.write({ '004.do.d.sql': 'select 1' });
    expect(await failure(bench.up())).toMatchObject({ code: 'db.version', exit: 3 });
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { selfTest, type SelfTest } from '../../../src/ops/immutability/selftest/run.ts';
import { readViolations } from '../../../src/ops/immutability/violations.ts';
import { guardBench, referenceSettings } from './support.ts';

const bench = guardBench();
const test = (tables: readonly string[] = [], roles: readonly string[] = []): Promise<SelfTest> =>
  bench.session(async (session) =>
    selfTest(session, await referenceSettings(), { tables, roles, superuser: true, progress: silentProgress }),
  );
const open = ({ results }: SelfTest) =>
  results
    .filter(({ verdict }) => verdict === 'open')
    .map(({ path, relation, role, got }) => `${path} ${relation} ${role} ${got}`);

beforeAll(async () => {
  await bench.rows('create role t_selftest_writer login');
  await bench.rows('create role t_selftest_reader login');
  await bench.rows('grant usage on schema audit, content to t_selftest_writer, t_selftest_reader');
  await bench.rows('grant insert, select on audit.audit_log, content.lesson_versions to t_selftest_writer');
  await bench.rows('grant select on audit.audit_log to t_selftest_reader');
  await bench.install(await referenceSettings());
});

afterAll(async () => {
  await bench.rows('drop owned by t_selftest_writer, t_selftest_reader');
  await bench.rows('drop role t_selftest_writer, t_selftest_reader');
});

describe('immutability test', () => {
  it('gets through nowhere on the guarded reference project, and leaves nothing behind', async () => {
    const before = await bench.session(readViolations);
    const tested = await test();
    expect(open(tested)).toEqual([]);
    expect(tested.results.filter(({ verdict }) => verdict === 'unknown')).toEqual([]);
    expect(tested.results.length).toBeGreaterThan(2_500);
    expect(await bench.session(readViolations)).toEqual(before);
    expect(await bench.rows('select count(*)::int as rows from audit.audit_log')).toEqual([{ rows: 0 }]);
    expect(await bench.rows(`select from dbctl.permit where purpose = 'self-test'`)).toEqual([]);
  });

  it('tries as app roles, with the codes PostgreSQL denies them with, and finds that they can insert', async () => {
    const { results } = await test(['audit.audit_log'], ['t_selftest_writer']);
    const root = results.filter(({ relation, role }) => relation === 'audit.audit_log' && role === 't_selftest_writer');
    expect(root.find(({ path }) => path === 'update')).toMatchObject({ verdict: 'refused', got: '42501' });
    expect(root.find(({ path }) => path === 'insert_forged')).toMatchObject({ verdict: 'refused', got: '42501' });
    expect(
      (await test(['audit.audit_log'])).results.filter(
        ({ path, role }) => path === 'insert_works' && role === 't_selftest_writer',
      ),
    ).toMatchObject([{ verdict: 'works' }]);
  });

  /** Each wall taken away by a superuser's hand in the catalogs: the test has to say exactly what is open then. */
  it.each([
    [
      'the truncate guard',
      `update pg_trigger set tgenabled = 'D' where tgrelid = 'content.lesson_versions'::regclass and tgname = 'dbctl_guard_truncate'`,
      ['replica_truncate content.lesson_versions postgres done', 'truncate content.lesson_versions postgres done'],
    ],
    [
      'the row guard',
      `update pg_trigger set tgenabled = 'D' where tgrelid = 'content.lesson_versions'::regclass and tgname = 'dbctl_guard_row'`,
      [
        'row_guard_alone_delete content.lesson_versions postgres done',
        'row_guard_alone_update content.lesson_versions postgres done',
      ],
    ],
    [
      'always: an origin trigger does not fire for the replica role',
      `update pg_trigger set tgenabled = 'O' where tgrelid = 'content.lesson_versions'::regclass and tgname = 'dbctl_guard_truncate'`,
      ['replica_truncate content.lesson_versions postgres done'],
    ],
    [
      'the code: another error than the guard’s may hide that there is none',
      `update pg_proc set prosrc = replace(prosrc, '''IM002''', '''P0001''') where proname = 'refuse_truncate'`,
      ['replica_truncate content.lesson_versions postgres P0001', 'truncate content.lesson_versions postgres P0001'],
    ],
  ])('without %s says what is open', async (_, sql, expected) => {
    try {
      await bench.rows(sql);
      const found = open(await test(['content.lesson_versions'], ['postgres'])).filter(
        (line) => !/^(\w+) \S+ \S+ IM003$/.test(line),
      );
      expect(found.toSorted()).toEqual(expect.arrayContaining(expected));
      expect(found.filter((line) => /^(update|delete|merge)/.test(line))).toEqual([]);
    } finally {
      await bench.install(await referenceSettings(), { repair: true });
    }
    expect(open(await test(['content.lesson_versions'], ['postgres']))).toEqual([]);
  });

  it('without event triggers says that the owner can change the definition', async () => {
    await bench.rows('alter event trigger dbctl_3_refuse_ddl disable');
    try {
      const found = open(await test(['content.lesson_versions']));
      expect(found).toContain('disable_user content.lesson_versions dbctl_protected done');
      expect(found).toContain('rename_column content.lesson_versions postgres done');
    } finally {
      await bench.install(await referenceSettings(), { repair: true });
    }
  });

  it('says what it could not try where the role cannot become others', async () => {
    await bench.rows(`create role t_selftest_auditor login password 'x' in role dbctl_auditor`);
    const { withSession } = await import('../../../src/db/session.ts');
    const target = { ...bench.database.target, user: 't_selftest_auditor', password: () => Promise.resolve('x') };
    const tested = await withSession(target, { access: 'write' }, async (session) =>
      selfTest(session, await referenceSettings(), {
        tables: ['audit.audit_log'],
        roles: [],
        superuser: true,
        progress: silentProgress,
      }),
    );
    await bench.rows('drop role t_selftest_auditor');
    expect(tested.counted).toBe(true);
    const unknown = tested.results.filter(({ verdict, path }) => verdict === 'unknown' && path === 'every path');
    expect(new Set(unknown.map(({ role }) => role))).toContain('dbctl_protected');
  });

  it('keeps no writer waiting for more than 50 ms, and a busy table makes it say so', async () => {
    const writer = await bench.connectAs('postgres', new URL(bench.database.url).password);
    const stop = new AbortController();
    const waits: number[] = [];
    const writing = (async () => {
      while (!stop.signal.aborted) {
        const started = performance.now();
        await writer.query(
          `insert into audit.audit_log (actor_type, actor_id, action, entity_type) values ('system', 'w', 'a.b', 'c')`,
        );
        waits.push(performance.now() - started);
        await sleep(1);
      }
    })();
    const tested = await test(['audit.audit_log']);
    stop.abort();
    await writing;
    expect(open(tested)).toEqual([]);
    expect(waits.length).toBeGreaterThan(50);
    // The 99th percentile: on a machine of two busy cores a single wait says little.
    expect(waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)]).toBeLessThan(50);

    await writer.query('begin');
    await writer.query('lock table content.lab_versions in row exclusive mode');
    const busy = await test(['content.lab_versions'], ['postgres']);
    await writer.query('rollback');
    const unknown = busy.results.filter(({ verdict }) => verdict === 'unknown');
    expect(unknown.map(({ path }) => path)).toContain('disable_user');
    expect(unknown.every(({ message }) => message === 'the table was busy: not tried')).toBe(true);
    expect(open(busy)).toEqual([]);
  });
});

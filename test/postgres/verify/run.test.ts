import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ident } from '../../../src/db/ident.ts';
import { withSession, type Session, type SessionOptions } from '../../../src/db/session.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { parseCheck, type Check } from '../../../src/ops/verify/check.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import type { Outcome } from '../../../src/ops/verify/outcome.ts';
import { runChecks, runInTransaction } from '../../../src/ops/verify/run.ts';
import { onServer } from '../../support/connection.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { withServer } from '../../support/server.ts';
import { guard, GUARDS } from './guarded.ts';
import { POLICY } from './support.ts';

const builtIn = await loadChecks([builtInFolder()]);
const inputs = { policy: POLICY, advisories, clock: () => new Date() };

/** A check of the tests; `$n` are the parameters named. */
function check(id: string, query: string, changes: Partial<Check> & { params?: Check['params'] } = {}): Check {
  const params = changes.params === undefined ? '' : `--! params: ${changes.params.join(', ')}\n`;
  const { check: parsed, problems } = parseCheck(
    `checks/${id}.sql`,
    `--! title: T\n--! severity: low\n--! group: own\n--! scope: cluster\n${params}--! why: W.\n--! fix: f\n--! refs: r\n${query}`,
  );
  if (parsed === null) throw new Error(problems.map(({ message }) => message).join('\n'));
  return { ...parsed, ...changes };
}
const finds = (id: string, object = "'it'", params?: Check['params']) =>
  check(
    id,
    `select ${object} as object, 'found' as detail, null::jsonb as data -- ${id}'s`,
    params === undefined ? {} : { params },
  );
const passes = (id: string) => check(id, 'select null as object, null as detail, null as data where false');

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const outcomesOf = async (...asked: Parameters<typeof runChecks>) => (await runChecks(...asked)).outcomes;
const inSession = <T>(use: (session: Session) => Promise<T>, options: Partial<SessionOptions> = {}): Promise<T> =>
  withSession(database.target, { access: 'read', ...options }, use);
const run = (checks: readonly Check[], options: Partial<SessionOptions> = {}) =>
  inSession((session) => outcomesOf(session, checks, inputs), options);
const kinds = (outcomes: readonly Outcome[]) => outcomes.map(({ kind, check: { id } }) => `${id} ${kind}`);
const reasonOf = (outcome: Outcome | undefined) => (outcome?.kind === 'unknown' ? outcome.reason : undefined);

/** What is beside the server is not looked for, and no settings are declared. */
const NOT_ASKED = ['bak-fresh', 'bak-restore-tested', 'set-drift', 'version-client-tools', 'version-cluster-drift'];

describe('a run', () => {
  it('costs five messages for all checks, and answers in their order', async () => {
    await inSession(async (session) => {
      const before = session.roundTrips;
      const outcomes = await outcomesOf(session, builtIn, inputs);
      expect(session.roundTrips - before).toBe(5);
      expect(outcomes.map(({ check: { id } }) => id)).toEqual(builtIn.map(({ id }) => id));
      expect(outcomes.filter(({ kind }) => kind === 'unknown')).toEqual([]);
    });
  });

  it('gives each placeholder its own parameter, whatever the others use', async () => {
    const outcomes = await run([
      finds('a', "$1 || ' $1 ' || $2::text", ['timezone', 'pin']),
      finds('b', "$2 || ' ' || $1::text || $q$ $1 $q$", ['pin', 'timezone']),
      finds('c', '$1', ['locale']),
      finds('d', "array_to_string($2, ',') || $1", ['timezone', 'required_extensions']),
    ]);
    expect(outcomes.map((outcome) => (outcome.kind === 'found' ? outcome.findings[0]?.object : outcome))).toEqual([
      'UTC $1 180000',
      'UTC 180000 $1 ',
      'C.UTF-8',
      'pgcryptoUTC',
    ]);
  });

  it.each(['null', "'[1]'", "'7'"])('takes a row without an object, and with %s for data', async (data) => {
    const [outcome] = await run([check('a', `select null::text as object, 'found' as detail, ${data}::jsonb as data`)]);
    expect(outcome).toMatchObject({ kind: 'found', findings: [{ object: '(unnamed)', detail: 'found', data: {} }] });
  });

  it('does nothing for no checks', async () => {
    expect(await run([])).toEqual([]);
  });
});

describe('a check whose query fails', () => {
  const broken = check('broken', 'select 1 / (select 0) as object, null as detail, null as data');
  const others = Array.from({ length: 31 }, (_, index) => (index % 2 === 0 ? finds(`o-${index}`) : passes(`o-${index}`)));

  it.each<[string, Check, string, string]>([
    ['while it runs', broken, '22012', 'the query of checks/broken.sql failed: division by zero'],
    [
      'while it is planned',
      check('broken', 'select nothing as object, 1 as detail, null as data'),
      '42703',
      'the query of checks/broken.sql failed: column "nothing" does not exist',
    ],
    [
      'for its columns',
      check('broken', "select 'a' as name"),
      '42703',
      'the query of checks/broken.sql failed: column q.object does not exist',
    ],
    [
      'for two statements',
      check('broken', "select 'a' as object, 'b' as detail, null as data; select 1"),
      '42601',
      'the query of checks/broken.sql failed: syntax error at or near ";"',
    ],
    [
      'because it writes',
      check('broken', 'select lo_create(0)::text as object, null as detail, null as data'),
      '25006',
      'the query of checks/broken.sql failed: cannot execute lo_create() in a read-only transaction',
    ],
  ])('%s is unknown, and the others are answered', async (_, failing, sqlstate, reason) => {
    const checks = [...others.slice(0, 20), failing, ...others.slice(20)];
    await inSession(async (session) => {
      const before = session.roundTrips;
      const outcomes = await outcomesOf(session, checks, inputs);
      expect(outcomes[20]).toMatchObject({ kind: 'unknown', reason, sqlstate });
      const rest = outcomes.toSpliced(20, 1);
      expect(kinds(rest)).toEqual(others.map(({ id }, index) => `${id} ${index % 2 === 0 ? 'found' : 'pass'}`));
      // Halving: one failing message, one rollback and one good half for each of log2(32) steps.
      expect(session.roundTrips - before).toBeLessThanOrEqual(5 + 3 * 5);
    });
  });

  it('is found among several', async () => {
    const outcomes = await run([broken, finds('a'), { ...broken, id: 'broken-2' }, passes('b'), { ...broken, id: 'broken-3' }]);
    expect(kinds(outcomes)).toEqual(['broken unknown', 'a found', 'broken-2 unknown', 'b pass', 'broken-3 unknown']);
  });

  it('is unknown when it takes too long', async () => {
    const slow = check('slow', "select 'a' as object, pg_sleep(20)::text as detail, null as data");
    const outcomes = await run([finds('a'), slow, passes('b')], { statementTimeoutMs: 400 });
    expect(kinds(outcomes)).toEqual(['a found', 'slow unknown', 'b pass']);
    expect(reasonOf(outcomes[1])).toBe('the query of checks/slow.sql failed: canceling statement due to statement timeout');
  });
});

it('stops when the person does: a cancelled statement says nothing about any check', async () => {
  const abort = new AbortController();
  const slow = check('slow', "select 'a' as object, pg_sleep(20)::text as detail, null as data");
  const stopped = inSession((session) => outcomesOf(session, [slow, finds('a')], { ...inputs, signal: abort.signal }), {
    signal: abort.signal,
  });
  setTimeout(() => abort.abort(), 300);
  await expect(stopped).rejects.toMatchObject({ sqlstate: '57014' });
});

it('ends with the session, which says nothing about any check', async () => {
  const fatal = check('fatal', 'select pg_terminate_backend(pg_backend_pid())::text as object, null as detail, null as data');
  await expect(run([finds('a'), fatal])).rejects.toMatchObject({ code: 'db.unreachable' });
});

describe('a plain login role', () => {
  const role = `verify_run_${process.pid}`;
  beforeAll(() => onServer(database.url, `create role ${ident(role)} login password 'x'`));
  afterAll(() => onServer(database.url, `drop owned by ${ident(role)}`, `drop role ${ident(role)}`));

  it('sees what it may, and the fixes of the rest give it the sight', async () => {
    const target = { ...database.target, user: role, password: () => Promise.resolve('x') };
    const look = () =>
      withSession(target, { access: 'read' }, (session) =>
        outcomesOf(session, builtIn, { ...inputs, policy: { ...POLICY, appRoles: [] } }),
      );
    const before = await look();
    const blind = before.filter((outcome) => outcome.kind === 'unknown');
    const settings = `grant pg_read_all_settings to ${ident(role)};`;
    const stats = `grant pg_read_all_stats to ${ident(role)};`;
    const hba = `grant select on pg_catalog.pg_hba_file_rules to ${ident(role)};\ngrant execute on function pg_catalog.pg_hba_file_rules() to ${ident(role)};`;
    const files = [
      settings,
      `grant select on pg_catalog.pg_file_settings to ${ident(role)};`,
      `grant execute on function pg_catalog.pg_show_all_file_settings() to ${ident(role)};`,
    ].join('\n');
    const superuser =
      "run dbctl verify as a superuser: who may read pg_catalog.pg_authid can carry away every password's verifier";
    expect(Object.fromEntries(blind.map(({ check: { id }, fix, sqlstate }) => [id, sqlstate ?? fix]))).toEqual({
      'auth-accounts': `${superuser}\n${hba}`,
      'auth-complexity': settings,
      'auth-hba-errors': hba,
      'auth-hba-password': hba,
      'auth-hba-replication': hba,
      'auth-hba-superuser-remote': hba,
      'auth-hba-trust': hba,
      'auth-hba-weak': hba,
      'auth-hba-world': hba,
      'auth-md5-verifiers': superuser,
      'conn-listen': settings,
      'conn-reserved': stats,
      'ext-preload': settings,
      'log-pgaudit': settings,
      'ops-long-xact': stats,
      'rep-lag': stats,
      'set-file-errors': files,
      'set-pending': settings,
      'tls-ciphers': settings,
      'tls-enforced': hba,
      'tls-min-version': settings,
      'tls-plaintext-sessions': stats,
    });
    for (const fix of [settings, stats, hba, files]) await onServer(database.url, fix);
    const after = await look();
    // The right to read verifiers is none to be given away for a check.
    expect(after.flatMap((outcome) => (outcome.kind === 'unknown' ? [outcome.fix] : []))).toEqual([superuser, superuser]);
  });
});

it("takes the session's own settings for what they are", async () => {
  const checks = builtIn.filter(({ id }) => ['time-overrides', 'time-server-utc', 'time-sanity'].includes(id));
  const [overrides, sanity, server] = await run(checks, { settings: { timezone: 'Asia/Tokyo', datestyle: 'ISO, YMD' } });
  expect(overrides).toMatchObject({
    kind: 'found',
    findings: [{ object: 'this session', data: { statement: 'remove PGTZ, PGOPTIONS or options= in the URL that sets it' } }],
  });
  expect(reasonOf(sanity)).toBe("the server's own DateStyle is hidden from this session by an override (source: client)");
  expect(reasonOf(server)).toBe("the server's own TimeZone is hidden from this session by an override (source: client)");
});

it('is not disturbed by a database that is dropped while it runs', async () => {
  const gone = await createTestDatabase();
  await inSession(async (session) => {
    await session.script('begin isolation level repeatable read, read only');
    expect(await session.rows(`select from pg_catalog.pg_database where datname = '${gone.name}'`)).toHaveLength(1);
    await gone.drop();
    const { outcomes } = await runInTransaction(session, builtIn, inputs);
    expect(outcomes.filter(({ kind }) => kind === 'unknown')).toEqual([]);
    await session.script('rollback');
  });
});

it('runs every check on the older major version without a query that fails', async () => {
  await withServer({ major: 17 }, async (server) => {
    await guard(server.url(), server.target());
    const outcomes = await withSession(server.target(), { access: 'read' }, (session) =>
      outcomesOf(session, builtIn, { ...inputs, policy: { ...POLICY, appRoles: [], guards: GUARDS } }),
    );
    expect(kinds(outcomes).filter((words) => words.startsWith('imm-') && !words.endsWith(' pass'))).toEqual([]);
    expect(outcomes.filter(({ kind }) => kind === 'unknown')).toEqual([]);
    expect(outcomes.filter(({ kind }) => kind === 'skipped').map(({ check: { id } }) => id)).toEqual(
      builtIn.filter(({ id, since }) => since === 18 || NOT_ASKED.includes(id)).map(({ id }) => id),
    );
    // 17.10 and a pin of 18.0.
    expect(kinds(outcomes)).toContain('version-pin found');
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { onServer } from '../../support/connection.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { verifyProject, type VerifyProject } from './project.ts';

/** With checks of its own only: what dbctl's own find is for their cases. */
let project: VerifyProject;
let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());
beforeEach(async () => (project = await verifyProject(() => database.url)));
afterEach(() => project.remove());

const config: VerifyProject['config'] = (...given) => project.config(...given);
const write: VerifyProject['write'] = (...given) => project.write(...given);
const check: VerifyProject['check'] = (...given) => project.check(...given);
const dbctl: VerifyProject['run'] = (...given) => project.run(...given);
const reportOf: VerifyProject['report'] = (...given) => project.report(...given);
const FOUND = `select 'role app' as object, 'role app may log in' as detail, '{"role": "app"}'::jsonb as data`;
const NOTHING = `${FOUND} where false`;
const waiver = (expires: string, object = '*', environment = 'dev') =>
  write(
    'dbctl.waivers.yaml',
    `- check: shop-a\n  object: '${object}'\n  environment: ${environment}\n  reason: the app is replaced in December\n  owner: ops\n  expires: ${expires}\n`,
  );
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

describe('dbctl verify', () => {
  it('says yes when every check passes', async () => {
    await check('shop-a', 'high', NOTHING);
    const report = await reportOf([]);
    expect(report).toMatchObject({
      status: 0,
      ok: true,
      command: 'verify',
      target: { env: 'dev', database: database.name },
      summary: { checks: 1, pass: 1, fail: 0, gate: { failOn: 'medium', failing: 0 }, version: { pin: '18.2' } },
      items: [{ id: 'shop-a', object: database.name, status: 'pass', message: 'shop-a is as wanted' }],
    });
  });

  it('says no for a finding, and what to do', async () => {
    await check('shop-a', 'high', FOUND);
    const { status, stdout } = await dbctl([]);
    expect(status).toBe(1);
    expect(stdout).toContain('FAIL    high      shop-a  role app\n    role app may log in\n    fix:\n      drop role "app";\n');
    expect(stdout).toContain('The answer is no: 1 finding at or above medium.');
  });

  it.each([
    [['--fail-on', 'critical'], 0],
    [['--fail-on', 'high'], 1],
  ])('moves the bar with %j', async (args, status) => {
    await check('shop-a', 'high', FOUND);
    expect((await dbctl(args)).status).toBe(status);
  });

  it('cannot see is no pass: unknown, and no when the project requires the check', async () => {
    await check('shop-a', 'high', NOTHING, '--! needs: setting shop.limit\n');
    const before = await reportOf([]);
    expect(before).toMatchObject({
      status: 0,
      items: [{ status: 'unknown', message: 'could not look: the server has no setting shop.limit' }],
    });
    expect((await reportOf(['--strict'])).status).toBe(1);
    await config('groups: [shop]\n  required: [shop-a]');
    const after = await dbctl([]);
    expect(after.status).toBe(1);
    expect(after.stdout).toContain('The answer is no: 1 required check could not look.');
  });

  it('leaves out what verify.skip names, and says so', async () => {
    await check('shop-a', 'high', FOUND);
    await config('groups: [shop]\n  skip: [shop-a]');
    expect(await reportOf([])).toMatchObject({
      status: 0,
      items: [{ id: 'shop-a', status: 'skipped', message: expect.stringContaining('verify.skip in dbctl.yaml leaves it out') }],
    });
    expect((await reportOf(['--only', 'shop-a'])).status).toBe(1);
  });

  it('keeps a waived finding in the report', async () => {
    await check('shop-a', 'high', FOUND);
    await waiver(inDays(30));
    const report = await reportOf([]);
    expect(report).toMatchObject({
      status: 0,
      items: [{ status: 'waived', waiver: { owner: 'ops', expires: inDays(30) } }],
      summary: { waived: 1 },
    });
  });

  it('counts a finding whose waiver has expired', async () => {
    await check('shop-a', 'high', FOUND);
    await waiver('2020-02-29');
    expect(await reportOf([])).toMatchObject({
      status: 1,
      items: [{ status: 'fail', message: 'role app may log in (the waiver of ops expired on 2020-02-29)' }],
    });
  });

  it('reports a waiver that covers nothing, in its environment only', async () => {
    await check('shop-a', 'high', NOTHING);
    await waiver(inDays(30));
    expect(await reportOf([])).toMatchObject({
      status: 0,
      items: [{ id: 'waiver-unused', severity: 'low', detail: { file: 'dbctl.waivers.yaml', line: 1 } }, { id: 'shop-a' }],
    });
    expect((await reportOf(['--env', 'prod'])).items.map(({ id }) => id)).toEqual(['shop-a']);
  });

  it('refuses a waivers file with a mistake before it connects', async () => {
    await check('shop-a', 'high', NOTHING);
    await waiver(inDays(400));
    const report = await reportOf([], 'postgresql://nobody@127.0.0.1:1/none');
    expect(report).toMatchObject({
      status: 2,
      error: { code: 'config.invalid', position: { file: 'dbctl.waivers.yaml', line: 6, column: 12 } },
    });
    expect(report.error?.message).toMatch(
      /^1 problem: dbctl\.waivers\.yaml:6:12: expires in (399|400) days, and 180 are the most/,
    );
  });

  it('refuses a check file with a mistake', async () => {
    await check('shop-a', 'terrible', NOTHING);
    expect(await reportOf([])).toMatchObject({
      status: 2,
      error: {
        code: 'config.invalid',
        message: '1 problem: checks/shop-a.sql:2:15: severity is one of critical, high, medium, low, info, not "terrible"',
      },
    });
  });

  it.each<[string[], string]>([
    [['--only', 'shop-a,shop-x'], '--only: no check "shop-x", did you mean "shop-a"?'],
    [['--group', 'shpo'], '--group: no group "shpo", did you mean "shop"?'],
    [['--only', ''], '--only names nothing'],
    [['--only', ' , '], '--only names nothing'],
    [['--group', ''], '--group names nothing'],
    [['--list', '--profile', 'hardened'], '--profile has no meaning with --list, which runs no check'],
    [['--print-sql', '--baseline', 'a.json'], '--baseline has no meaning with --print-sql, which runs no check'],
    [['--print-grants', '--strict-waivers'], '--strict-waivers has no meaning with --print-grants, which runs no check'],
    [['--effective', '--only', 'shop-a'], '--only has no meaning with --effective, which runs no check'],
    [['--effective', '--fail-on', 'low'], '--fail-on has no meaning with --effective, which runs no check'],
    [
      ['--fail-on', 'bad'],
      `option '--fail-on <severity>' argument 'bad' is invalid. Allowed choices are critical, high, medium, low, info`,
    ],
  ])('refuses %j', async (args, message) => {
    await check('shop-a', 'high', NOTHING);
    expect(await reportOf(args)).toMatchObject({
      status: 2,
      error: { code: 'usage', message: expect.stringContaining(message) },
    });
  });

  it('says when no server answers', async () => {
    await check('shop-a', 'high', NOTHING);
    expect(await reportOf([], 'postgresql://nobody@127.0.0.1:1/none')).toMatchObject({
      status: 3,
      error: { code: 'db.unreachable' },
    });
  });

  it('lists the checks and prints their files without a server', async () => {
    await check('shop-a', 'high', FOUND);
    const nowhere = 'postgresql://nobody@127.0.0.1:1/none';
    const listed = await reportOf(['--list'], nowhere);
    expect(listed).toMatchObject({
      status: 0,
      summary: { checks: 1 },
      items: [{ id: 'shop-a', severity: 'high', group: 'shop', title: 'shop-a is as wanted', file: 'checks/shop-a.sql' }],
    });
    const all = await reportOf(['--list', '--group', 'time,locale'], nowhere);
    expect(all.items).toHaveLength(13);
    const { status, stdout } = await dbctl(['--print-sql', '--only', 'shop-a'], nowhere);
    expect(status).toBe(0);
    expect(stdout).toBe(
      `-- checks/shop-a.sql\n--! title: shop-a is as wanted\n--! severity: high\n--! group: shop\n--! scope: database\n--! why: Because.\n--! fix: drop role {role};\n--! refs: the project\n${FOUND}\n`,
    );
  });

  it('prints the script that lets a role look, without a server', async () => {
    await check('shop-a', 'high', FOUND, '--! needs: select shop.prices, setting ssl_ciphers, select pg_catalog.pg_authid\n');
    const nowhere = 'postgresql://nobody@127.0.0.1:1/none';
    const { status, stdout } = await dbctl(['--print-grants', '--role', 'Night ly'], nowhere);
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        '-- What `dbctl verify` needs to see on PostgreSQL 18, for 1 checks: nothing that changes anything.',
        '    create role "Night ly" login connection limit 3;',
        'grant pg_read_all_settings to "Night ly"; -- shop-a',
        'grant usage on schema shop to "Night ly"; -- shop-a',
        'grant select on shop.prices to "Night ly"; -- shop-a',
        '-- grant select on pg_catalog.pg_authid to "Night ly"; -- shop-a: it holds the password verifiers of all roles, which can be guessed against offline',
        '-- grant select on pg_catalog.pg_settings to "Night ly";',
      ]),
    );
    expect(await reportOf(['--print-grants'], nowhere)).toMatchObject({
      ok: true,
      summary: { checks: 1, role: 'dbctl_verify', major: 18 },
      items: [
        { id: 'needed', object: 'cluster', message: 'grant pg_read_all_settings to "dbctl_verify";', checks: ['shop-a'] },
        { id: 'needed', object: 'database', message: 'grant usage on schema shop to "dbctl_verify";' },
        { id: 'needed', message: 'grant select on shop.prices to "dbctl_verify";' },
        { id: 'secret', message: 'grant select on pg_catalog.pg_authid to "dbctl_verify";' },
        { id: 'open', message: 'grant select on pg_catalog.pg_settings to "dbctl_verify";' },
      ],
    });
  });

  it.each([
    [['--role', 'x'], '--role says something about --print-grants, which is not there'],
    [['--nologin'], '--nologin says something about --print-grants, which is not there'],
    [['--print-grants', '--role', 'pg_x'], '--role: "pg_x" is no name for a role'],
    [['--print-grants', '--role', 'a$do$'], '--role: "a$do$" is no name for a role'],
  ])('refuses %j', async (args, message) => {
    await check('shop-a', 'high', NOTHING);
    expect(await reportOf(args)).toMatchObject({ status: 2, error: { code: 'usage', message } });
  });

  it('shows what sessions begin with', async () => {
    await onServer(database.url, `alter database ${database.name} set search_path = shop, public`);
    const report = await reportOf(['--effective']);
    expect(report).toMatchObject({ status: 0, ok: true });
    expect(report.items[0]).toMatchObject({ id: 'TimeZone', database: '*', role: '*', from: 'the server' });
    expect(report.items.find(({ setting, database: name }) => setting === 'search_path' && name === database.name)).toMatchObject(
      {
        value: 'shop, public',
        from: `alter database "${database.name}"`,
      },
    );
    expect((await dbctl(['--effective'])).stdout).toMatch(/the role that logs in, never for\s+its members/);
    await onServer(database.url, `alter database ${database.name} reset search_path`);
  });

  it('takes from roles.yaml who may have what, and refuses one that is wrong', async () => {
    await config('groups: [privileges]');
    const skipped = await reportOf(['--only', 'priv-app-owner']);
    expect(skipped.items).toMatchObject([{ status: 'skipped', message: 'there is no roles.yaml to compare with' }]);
    await write('roles.yaml', 'version: 1\nowner: keeper\nschemas: [shop]\nroles: { keeper: { purpose: owns everything } }\n');
    expect((await reportOf(['--only', 'priv-app-owner'])).items).toMatchObject([{ status: 'pass' }]);
    await write('roles.yaml', 'version: 1\nowner: keeper\n');
    expect(await reportOf(['--only', 'priv-app-owner'])).toMatchObject({ status: 2, error: { code: 'config.invalid' } });
  });

  it("runs dbctl's own checks from the package, as a login role without rights would", async () => {
    await config('groups: all');
    const report = await reportOf([]);
    expect(report.status).toBe(1);
    expect(report.items.filter(({ status }) => status === 'unknown')).toEqual([]);
    expect(report.summary).toMatchObject({ version: { server: expect.stringMatching(/^\d+\.\d+$/) } });
    expect(report.items.length).toBeGreaterThanOrEqual(30);
  });
});

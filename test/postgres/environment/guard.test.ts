import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { mkdir, readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { makeProject, ROLES, type Project } from '../roles/passwords/support/project.ts';

/** An address of this machine that is not its loopback: what comes by it crosses a network, to the server. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

let right: TestServer;
let wrong: TestServer;
let project: Project;
beforeAll(async () => {
  [right, wrong] = await Promise.all([startServer(), startServer()]);
  project = await makeProject();
  await mkdir(project.path('migrations'));
  await project.write('migrations/001.do.things.sql', 'create schema things;\n');
}, 60_000);
afterAll(async () => {
  await project.remove();
  await Promise.all([right.stop(), wrong.stop()]);
});

const CONFIG = (environment: string): string => `version: 1\nproject: shop\nenvironments:\n  prod: { ${environment} }\n`;
const IDENTITY = 'dbctl.identity.prod.yaml';
let rightIdentifier: string;
let wrongIdentifier: string;
beforeEach(async () => {
  const read = (server: TestServer) =>
    withSession(server.target(), { access: 'read' }, (session) => Promise.resolve(session.systemIdentifier ?? ''));
  [rightIdentifier, wrongIdentifier] = await Promise.all([read(right), read(wrong)]);
  await project.write('prod.url', right.url());
  await project.write('dbctl.yaml', CONFIG('url: { file: prod.url }, protected: true'));
});

const identity = (more = ''): string =>
  `version: 1\nsystem_identifier: "${rightIdentifier}"\ndatabase: postgres\nmajor: 18\n${more}`;

describe('the expected identity', () => {
  test('is written once, compared afterwards, and never overwritten', async () => {
    const first = await project.report('db identify --env prod');
    expect(first).toMatchObject({
      status: 0,
      summary: { systemIdentifier: rightIdentifier, database: 'postgres', major: 18, written: true },
    });
    const text = await readFile(project.path(IDENTITY), 'utf8');
    expect(await project.report('db identify --env prod')).toMatchObject({ status: 0, summary: { written: false } });
    await project.write('prod.url', wrong.url());
    expect(await project.report('db identify --env prod')).toMatchObject({ status: 5, error: { code: 'refused' } });
    expect(await readFile(project.path(IDENTITY), 'utf8')).toBe(text);
  });

  test.each([
    ['migrate up --yes'],
    ['db create --yes'],
    ['roles audit'],
    ['verify'],
    ['roles passwords rotate web_app --to-file secret --yes'],
  ])('another server behind the address: %s refuses before it does anything', async (command) => {
    await project.write('roles.yaml', ROLES);
    await project.write(IDENTITY, identity());
    await project.write('prod.url', wrong.url());
    const before = await contents(wrong);
    const report = await project.report(`${command} --env prod`);
    expect(report).toMatchObject({ status: 5, error: { code: 'refused' } });
    expect(report.error?.message).toBe(
      `127.0.0.1:${wrong.port} is server ${wrongIdentifier}, and ${IDENTITY} says ${rightIdentifier}: nothing was done`,
    );
    expect(await contents(wrong)).toEqual(before);
  });

  test('over the replication protocol too: a slot of another server is not dropped', async () => {
    await project.write(IDENTITY, identity());
    await onServer(wrong.url(), `select pg_catalog.pg_create_physical_replication_slot('archive')`);
    await mkdir(project.path('backups'));
    const repository = 'backup: { repositories: [{ name: local, type: folder, path: backups }] }\n';
    await project.write('dbctl.yaml', `${CONFIG('url: { file: prod.url }, protected: true')}${repository}`);
    const drop = () => project.report('wal receive --env prod --slot archive --drop-slot --yes');
    await project.write('prod.url', wrong.url());
    expect((await drop()).error).toMatchObject({
      code: 'refused',
      message: `the server is ${wrongIdentifier}, and ${IDENTITY} says ${rightIdentifier}: nothing was done`,
    });
    await project.write(IDENTITY, identity().replace(rightIdentifier, wrongIdentifier));
    expect(await drop()).toMatchObject({ status: 0 });
  });

  test('in dbctl.yaml it holds as well', async () => {
    await project.write(IDENTITY, identity());
    await project.write('dbctl.yaml', CONFIG(`url: { file: prod.url }, system_identifier: "${wrongIdentifier}"`));
    const both = await project.report('roles passwords status --env prod');
    expect(both).toMatchObject({ status: 2, error: { code: 'config.invalid' } });
    await project.write(
      'other.yaml',
      CONFIG(`url: { file: prod.url }, system_identifier: "${wrongIdentifier}"`).replaceAll('prod:', 'live:'),
    );
    const report = await project.report('migrate status --env live --config other.yaml');
    expect(report.error?.message).toBe(
      `127.0.0.1:${right.port} is server ${rightIdentifier}, and environments.live of dbctl.yaml says ${wrongIdentifier}: nothing was done`,
    );
  });

  test('another database or major version is refused too', async () => {
    await project.write(IDENTITY, identity().replace('database: postgres', 'database: shop'));
    expect((await project.report('migrate status --env prod')).error?.message).toBe(
      `the database is postgres, and ${IDENTITY} says shop: nothing was done`,
    );
    await project.write(IDENTITY, identity().replace('major: 18', 'major: 17'));
    expect((await project.report('migrate status --env prod')).error?.message).toBe(
      `127.0.0.1:${right.port} is PostgreSQL 18, and ${IDENTITY} says 17: nothing was done`,
    );
  });

  test('a server that does not tell is refused, with the grant that lets it', async () => {
    await project.write(IDENTITY, identity());
    await onServer(
      right.url(),
      `create role looker login password 'looking'`,
      'revoke execute on function pg_catalog.pg_control_system() from public',
    );
    await project.write('prod.url', right.url().replace(/\/\/[^@]*@/, '//looker:looking@'));
    expect((await project.report('migrate status --env prod')).error).toMatchObject({
      message: `127.0.0.1:${right.port} does not tell its system identifier, and ${IDENTITY} says which it must have`,
      hint: 'Let the role ask: grant execute on function pg_catalog.pg_control_system() to "looker"',
    });
    await onServer(right.url(), 'grant execute on function pg_catalog.pg_control_system() to public', 'drop role looker');
  });

  test.each([
    ['', 'the file is empty'],
    ['version: 1\n', 'system_identifier'],
    ['version: 1\nsystem_identifier: 7\ndatabase: a\nmajor: 18\n', 'system_identifier'],
    ['version: 1\nsystem_identifier: "7"\ndatabase: a\nmajor: 18\nport: 1\n', 'port: unknown key'],
  ])('a wrong file is said, with its line: %j', async (text, message) => {
    await project.write(IDENTITY, text);
    const report = await project.report('migrate status --env prod');
    expect(report.status).toBe(2);
    expect(`${report.error?.message}\n${report.error?.detail ?? ''}`).toContain(message);
  });
});

/** Everything a run could have left behind. */
function contents(server: TestServer): Promise<unknown> {
  return withSession(server.target(), { access: 'read' }, (session) =>
    session.rows(`
      select (select pg_catalog.array_agg(d.datname::text order by 1) from pg_catalog.pg_database d) as databases,
             (select pg_catalog.array_agg(n.nspname::text order by 1) from pg_catalog.pg_namespace n where n.nspname !~ '^pg_') as schemas,
             (select pg_catalog.array_agg(r.rolname::text order by 1) from pg_catalog.pg_roles r) as roles`),
  );
}

describe.skipIf(address === undefined)('a protected environment that is reached over a network', () => {
  const doors: Server[] = [];
  afterEach(() => doors.splice(0).forEach((door) => door.close()));

  /** The servers of the tests listen on the loopback alone: a door at the other address leads there. */
  async function remote(): Promise<string> {
    const door = createServer((from) => {
      const to = connect(right.port, '127.0.0.1');
      for (const one of [from, to]) one.on('error', () => [from, to].forEach((each) => each.destroy()));
      from.pipe(to).pipe(from);
    });
    await new Promise<void>((resolve) => door.listen(0, address, resolve));
    doors.push(door);
    return right.url().replace(`127.0.0.1:${right.port}`, `${address}:${(door.address() as AddressInfo).port}`);
  }

  test('without TLS is refused', async () => {
    await project.write(IDENTITY, identity());
    const url = await remote();
    await project.write('prod.url', url);
    expect((await project.report('migrate status --env prod')).error).toMatchObject({
      code: 'refused',
      message: `the connection to ${new URL(url).host} is not encrypted, and environment prod is protected`,
      hint: 'Write tls: verify-full under environments.prod in dbctl.yaml; where nobody can listen, tls: disable says so.',
    });
  });

  test.each([
    ['where dbctl.yaml says so', 'url: { file: prod.url }, protected: true, tls: disable'],
    ['where it is not protected', 'url: { file: prod.url }, protected: false'],
  ])('%s it is let be', async (_when, environment) => {
    await project.write(IDENTITY, identity());
    const url = await remote();
    await project.write('prod.url', url);
    await project.write('dbctl.yaml', CONFIG(environment));
    expect((await project.report('migrate status --env prod')).error).toBeNull();
  });
});

describe('superusers on a protected environment', () => {
  test('a role of roles.yaml that logs in as one is refused by plan, apply and audit', async () => {
    await project.write(IDENTITY, identity());
    await project.write('roles.yaml', ROLES.replace('login: true,', 'login: true, attributes: [superuser],'));
    for (const command of ['plan', 'apply --yes', 'audit']) {
      expect((await project.report(`roles ${command} --env prod`)).error, command).toMatchObject({
        code: 'refused',
        message: 'roles.yaml:7: reader logs in as a superuser, and environment prod is protected',
      });
    }
    await project.write('dbctl.yaml', CONFIG('url: { file: prod.url }, protected: false'));
    expect((await project.report('roles plan --env prod')).error).toBeNull();
  });

  test('dbctl itself as one is warned of, where nothing needs it', async () => {
    await project.write(IDENTITY, identity());
    const { stderr } = await project.report('migrate status --env prod');
    expect(stderr).toContain(
      'environment prod is protected, and postgres is a superuser: no grant and no trigger stops a mistake',
    );
    await project.write('dbctl.yaml', CONFIG('url: { file: prod.url }, protected: false'));
    expect((await project.report('migrate status --env prod')).stderr).not.toContain('is a superuser');
  });
});

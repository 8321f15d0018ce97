import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { createOnce } from '../../../src/ops/database/create.ts';
import { tryLogin } from '../../../src/ops/roles/password/prove-login.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { makeProject, ROLES, type Project } from '../roles/passwords/support/project.ts';

let server: TestServer;
let project: Project;
beforeAll(async () => {
  server = await startServer();
  project = await makeProject();
  await project.write('roles.yaml', `${ROLES}public: { grants: [] }\n`);
  await mkdir(project.path('migrations'));
}, 60_000);
afterAll(async () => {
  await project.remove();
  await server.stop();
});

/** dbctl.yaml whose environment is the database of that name. */
async function configure(database: string, postgres = ''): Promise<void> {
  await project.write('db.url', server.url(database));
  const more = `postgres: { extensions: { required: [pgcrypto, pg_trgm] }${postgres} }\n`;
  await project.write(
    'dbctl.yaml',
    `version: 1\nproject: shop\nenvironments:\n  prod: { url: { file: db.url }, tls: disable }\n${more}`,
  );
}

interface Facts {
  readonly [name: string]: unknown;
}

function facts(database: string): Promise<Facts | undefined> {
  return withSession(server.target(database), { access: 'read' }, async (session) => {
    const [row] = await session.rows<Facts>(`
      select pg_catalog.pg_get_userbyid(d.datdba)::text as owner, pg_catalog.pg_encoding_to_char(d.encoding)::text as encoding,
             d.datlocprovider::text as provider, d.datlocale as locale, d.datcollate::text as collate,
             pg_catalog.current_setting('TimeZone') as timezone,
             pg_catalog.has_database_privilege('public', d.oid, 'CONNECT') as connect,
             pg_catalog.has_database_privilege('public', d.oid, 'TEMPORARY') as temporary,
             pg_catalog.has_database_privilege('web_app_1', d.oid, 'CONNECT') as app,
             (select pg_catalog.string_agg(e.extname || ' in ' || n.nspname, ', ' order by e.extname)
                from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace) as extensions
        from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`);
    return row;
  });
}

const create = (more = '--yes') => project.report(`db create --env prod ${more}`);

describe('db create', () => {
  test('makes the database as configured, and a second run finds nothing to do', async () => {
    await configure('shop', ', timezone: Europe/Paris');
    const planned = await create('--dry-run');
    expect(planned).toMatchObject({ status: 1, summary: { state: 'planned' } });
    await expect(facts('shop')).rejects.toMatchObject({ code: 'db.denied' });
    const made = await create();
    expect(made).toMatchObject({ status: 0, target: { database: 'shop' } });
    expect(made.summary['systemIdentifier']).toMatch(/^\d{19}$/);
    expect(await facts('shop')).toEqual({
      owner: 'shop_owner',
      encoding: 'UTF8',
      provider: 'b',
      locale: 'C.UTF-8',
      collate: 'C.UTF-8',
      timezone: 'Europe/Paris',
      connect: false,
      temporary: false,
      app: true,
      extensions: 'pg_trgm in extensions, pgcrypto in extensions, plpgsql in pg_catalog',
    });
    expect(await create()).toMatchObject({ status: 0, summary: { steps: 0 }, items: [] });
    expect(await create('--dry-run')).toMatchObject({ status: 0, summary: { steps: 0 } });
  });

  test('leaves what roles apply does after the migrations to it, and nothing of what it did', async () => {
    await configure('shop', ', timezone: Europe/Paris');
    await onServer(server.url('shop'), 'create schema shop authorization shop_owner');
    expect(await project.report('roles apply --env prod --yes')).toMatchObject({ status: 0 });
    expect(await project.report('roles plan --env prod')).toMatchObject({ status: 0, items: [] });
    expect(await create()).toMatchObject({ status: 0, summary: { steps: 0 } });
  });

  test('puts back what was changed by hand', async () => {
    await configure('shop', ', timezone: Europe/Paris');
    await onServer(
      server.url('shop'),
      'alter database shop owner to postgres',
      'alter database shop reset timezone',
      'grant temporary on database shop to public',
      'drop extension pg_trgm',
    );
    const { status, items } = await create();
    expect(status).toBe(0);
    expect(items.map(({ id }) => id)).toEqual(['timezone', 'owner', 'public', 'extension']);
    expect(await facts('shop')).toMatchObject({ owner: 'shop_owner', timezone: 'Europe/Paris', temporary: false });
  });

  test('says what cannot be changed, and changes the rest', async () => {
    await onServer(server.url(), `create database legacy template template0 encoding 'LATIN1' locale_provider libc locale 'C'`);
    await configure('legacy');
    const { status, items } = await create();
    expect(status).toBe(1);
    expect(items.filter((one) => one.status === 'fail').map(({ message }) => message)).toEqual([
      'its encoding is LATIN1, and dbctl.yaml says UTF8',
      'its locale provider is libc, and dbctl.yaml says builtin',
      'its locale is C, and dbctl.yaml says C.UTF-8',
    ]);
    expect(await facts('legacy')).toMatchObject({ owner: 'shop_owner', encoding: 'LATIN1', connect: false });
  });

  test.each([
    ['builtin', 'C', { provider: 'b', locale: 'C', collate: 'C' }],
    ['builtin', 'PG_UNICODE_FAST', { provider: 'b', locale: 'PG_UNICODE_FAST' }],
    ['icu', 'de-DE', { provider: 'i', locale: 'de-DE' }],
    ['libc', 'C.UTF-8', { provider: 'c', locale: null, collate: 'C.UTF-8' }],
  ])('with locale %s %s', async (provider, name, expected) => {
    const database = `l_${provider}_${name.replaceAll(/\W/g, '_')}`;
    await configure(database, `, locale: { provider: ${provider}, name: ${name} }`);
    expect(await create()).toMatchObject({ status: 0 });
    expect(await facts(database)).toMatchObject(expected);
    expect(await create()).toMatchObject({ status: 0, summary: { steps: 0 } });
  });

  test('of eight at once makes one database: one run says that it made it, the others that it is there', async () => {
    await configure('raced');
    const reports = await Promise.all(Array.from({ length: 8 }, () => create()));
    expect(reports.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 0));
    const made = reports.filter(({ items }) => items.some(({ id }) => id === 'create-database'));
    expect(made).toHaveLength(1);
    expect(reports.filter(({ summary }) => summary['steps'] === 0)).toHaveLength(7);
    expect(await create()).toMatchObject({ status: 0, summary: { steps: 0 } });
  });

  test('knows a database that somebody else made in the same moment from one it made', async () => {
    const statement = {
      id: 'create-database',
      object: 'twice',
      summary: 'make it',
      sql: 'create database twice',
      transactional: false,
    };
    await withSession(server.target(), { access: 'write' }, async (session) => {
      expect(await createOnce(session, statement)).toBe(true);
      expect(await createOnce(session, statement)).toBe(false);
    });
  });

  test('without roles.yaml nobody but its maker is said to own it', async () => {
    await configure('plain');
    await project.write(
      'dbctl.yaml',
      'version: 1\nproject: shop\nenvironments:\n  prod: { url: { file: db.url }, tls: disable }\nroles: { file: none.yaml }\n',
    );
    expect(await create()).toMatchObject({ status: 0 });
    expect(await facts('plain')).toMatchObject({ owner: 'postgres', connect: true });
  });

  test('gives no role a password', async () => {
    expect(await tryLogin(server.target('shop'), 'web_app_1', 'any', new AbortController().signal)).toMatchObject({
      verdict: 'refused',
    });
  });

  test('an extension the server does not have is said', async () => {
    await configure('shop');
    await project.write(
      'dbctl.yaml',
      'version: 1\nproject: shop\nenvironments:\n  prod: { url: { file: db.url }, tls: disable }\npostgres: { extensions: { required: [no_such_thing] } }\n',
    );
    const report = await create();
    expect(report).toMatchObject({ status: 1 });
    expect(report.items[0]).toMatchObject({ status: 'fail', message: 'the extension no_such_thing is not on this server' });
  });
});

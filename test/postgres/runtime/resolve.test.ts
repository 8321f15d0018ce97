import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../../src/runtime/connection/connect.ts';
import { resolveConnection } from '../../../src/runtime/connection/resolve.ts';
import { hasPsql, Laboratory, PASSWORD, psql, type Server } from './support.ts';

const lab = new Laboratory();
let server: Server;
let home = '';

const WHO_AND_WHERE =
  "select pg_catalog.concat_ws(' ', current_user, pg_catalog.current_database(), coalesce(pg_catalog.inet_server_port()::text, 'socket'), pg_catalog.current_setting('work_mem'))";

/** Who and where dbctl is after connecting; `failed` when it is nowhere. */
async function ours(text: string | undefined, variables: Record<string, string>): Promise<string> {
  try {
    const client = await connect(await resolveConnection({ text, variables, home, osUser: 'postgres', source: 'TEST_URL' }));
    const { rows } = await client.query<{ concat_ws: string }>(WHO_AND_WHERE);
    await client.end();
    return rows[0]?.concat_ws ?? '';
  } catch {
    return 'failed';
  }
}

function theirs(text: string | undefined, variables: Record<string, string>): string {
  const { ok, text: said } = psql(text ?? '', { HOME: home, ...variables }, WHO_AND_WHERE);
  return ok ? said : 'failed';
}

beforeAll(async () => {
  server = await lab.start();
  home = lab.home('user');
  const client = await connect(
    await resolveConnection({
      text: `host=${server.folder} port=${server.port} user=postgres`,
      variables: {},
      home,
      osUser: 'x',
      source: 'x',
    }),
  );
  for (const statement of [`create role "a b:c" login password 'pw'`, 'create database "d b/1"']) await client.query(statement);
  await client.end();
  mkdirSync(join(home, 'etc'));
  const port = String(server.port);
  writeFileSync(
    join(home, '.pg_service.conf'),
    `[own]\nhost=127.0.0.1\nport=${port}\nuser=postgres\noptions=-c work_mem=7MB\n\n[socket]\nhost=${server.folder}\nport=${port}\nuser=postgres\n[broken]\nhots=x\n`,
  );
  writeFileSync(join(home, 'etc/pg_service.conf'), `[system]\nhost=127.0.0.1\nport=${port}\nuser=a b:c\ndbname=d b/1\n`);
  writeFileSync(
    join(home, '.pgpass'),
    `# passwords\n127.0.0.1:${port}:*:a b\\:c:pw\n127.0.0.1:*:*:postgres:${PASSWORD.replaceAll(/[\\:]/g, '\\$&')}\nlocalhost:*:*:*:no\n`,
    { mode: 0o600 },
  );
});
afterAll(() => lab.close());

// PORT, SOCKET and PASSWORD are filled in; psql with libpq 18.2 is the judge where it is there.
describe('dbctl comes out where psql comes out', () => {
  it.each([
    ['postgresql://postgres:PASSWORD@127.0.0.1:PORT/postgres', {}, 'postgres postgres PORT 4MB'],
    ['postgres://postgres@127.0.0.1:PORT/', {}, 'postgres postgres PORT 4MB'],
    ['postgres://127.0.0.1:PORT/postgres?user=postgres&options=-c%20work_mem%3D6MB', {}, 'postgres postgres PORT 6MB'],
    ['postgres://a%20b%3Ac@127.0.0.1:PORT/d%20b%2F1', {}, 'a b:c d b/1 PORT 4MB'],
    ['postgres://a%20b%3ac:pw@127.0.0.1:PORT/d%20b%2f1', { PGPASSWORD: 'wrong' }, 'a b:c d b/1 PORT 4MB'],
    ["host = 127.0.0.1  port=PORT user='a b:c' dbname=d\\ b/1", {}, 'a b:c d b/1 PORT 4MB'],
    ['postgres://postgres@SOCKET_ENCODED:PORT/postgres', {}, 'postgres postgres socket 4MB'],
    ['postgres:///postgres?host=SOCKET&port=PORT&user=postgres', {}, 'postgres postgres socket 4MB'],
    ['postgres://nowhere.invalid,127.0.0.1:PORT/postgres?user=postgres', {}, 'postgres postgres PORT 4MB'],
    ['host=nowhere.invalid hostaddr=127.0.0.1 port=PORT user=postgres', {}, 'failed'],
    ['host=127.0.0.1 hostaddr=127.0.0.1 port=PORT user=postgres', {}, 'postgres postgres PORT 4MB'],
    ['service=own', {}, 'postgres postgres PORT 7MB'],
    ['service=own dbname=template1', { PGDATABASE: 'nodb' }, 'postgres template1 PORT 7MB'],
    ['service=system', { PGSYSCONFDIR: 'HOME/etc' }, 'a b:c d b/1 PORT 4MB'],
    ['service=broken', {}, 'failed'],
    ['service=missing', {}, 'failed'],
    ['postgresql:///?service=socket&dbname=postgres', {}, 'postgres postgres socket 4MB'],
    [
      'user=postgres',
      { PGSERVICE: 'socket', PGHOST: 'nowhere.invalid', PGDATABASE: 'template1' },
      'postgres template1 socket 4MB',
    ],
    [
      'dbname=postgres',
      { PGHOST: 'SOCKET', PGPORT: 'PORT', PGUSER: 'postgres', PGOPTIONS: '-c work_mem=5MB' },
      'postgres postgres socket 5MB',
    ],
    [
      'dbname=postgres',
      { PGHOST: '127.0.0.1', PGHOSTADDR: '', PGPORT: 'PORT', PGUSER: 'postgres' },
      'postgres postgres PORT 4MB',
    ],
    ['host=127.0.0.1 port=PORT user=postgres', { PGPASSFILE: '/nonexistent' }, 'failed'],
    [
      'host=127.0.0.1 port=PORT user=postgres passfile=/nonexistent',
      { PGPASSWORD: 'PASSWORD_PLAIN' },
      'postgres postgres PORT 4MB',
    ],
    ['host=127.0.0.1 port=PORT user=postgres', { PGSSLMODE: 'require' }, 'failed'],
    ['host=127.0.0.1 port=PORT user=postgres', { PGREQUIRESSL: '1' }, 'failed'],
    ['host=127.0.0.1 port=PORT user=postgres', { PGREQUIRESSL: '1', PGSSLMODE: 'prefer' }, 'postgres postgres PORT 4MB'],
    ['host=127.0.0.1 port=PORT user=postgres', { PGTARGETSESSIONATTRS: 'standby' }, 'failed'],
    ['host=127.0.0.1 port=PORT user=postgres', { PGREQUIREAUTH: 'md5' }, 'failed'],
    ['host=127.0.0.1 port=PORT user=postgres', { PGCHANNELBINDING: 'require' }, 'failed'],
    ['host=127.0.0.1 port=PORT user=postgres', { PGCONNECT_TIMEOUT: 'soon' }, 'failed'],
  ] as [string, Record<string, string>, string][])('%s with %j', async (text, variables, expected) => {
    const fill = (one: string): string =>
      one
        .replace('SOCKET_ENCODED', encodeURIComponent(server.folder))
        .replace('SOCKET', server.folder)
        .replace('PORT', String(server.port))
        .replace('PASSWORD_PLAIN', PASSWORD)
        .replace(/PASSWORD$|PASSWORD(?=@)/, encodeURIComponent(PASSWORD))
        .replace('HOME', home);
    const filled = Object.fromEntries(
      Object.entries({ PGSYSCONFDIR: '/nonexistent', ...variables }).map(([name, value]) => [name, fill(value)]),
    );
    expect(await ours(fill(text), filled)).toBe(fill(expected));
    if (hasPsql) expect(theirs(fill(text), filled)).toBe(fill(expected));
  });
});

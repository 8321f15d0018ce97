import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onServer } from '../../support/connection.ts';
import { FORBIDDEN } from './support/forbidden.ts';
import { startReferenceLab, type ReferenceLab } from './support/reference-lab.ts';
import { SEEDED } from './support/workload.ts';

/** What no login of the reference project can do, tried: each refusal with its SQLSTATE and what it names. */
let lab: ReferenceLab;
const clients = new Map<string, pg.Client>();
beforeAll(async () => {
  lab = await startReferenceLab();
  // roles.yaml decides about its own database; the others of the cluster are closed once, as docs/roles.md says.
  await onServer(lab.server.url(), 'revoke connect, temporary on database postgres, template1 from public');
});
afterAll(async () => {
  await Promise.all([...clients.values()].map((client) => client.end()));
  await lab.stop();
});

async function clientOf(login: string): Promise<pg.Client> {
  const known = clients.get(login);
  if (known !== undefined) return known;
  const client = new pg.Client({ connectionString: lab.url(login) });
  await client.connect();
  clients.set(login, client);
  return client;
}

test('there are 60 of them at least, of every login', () => {
  expect(FORBIDDEN.length).toBeGreaterThanOrEqual(60);
  expect(new Set(FORBIDDEN.map(({ sql, login }) => login + sql)).size).toBe(FORBIDDEN.length);
});

test.each(FORBIDDEN.map((one) => [`${one.login} ${one.does}`, one] as const))(
  '%s: refused',
  async (_name, { login, sql, code, names }) => {
    const client = await clientOf(login);
    await client.query('begin');
    try {
      const refused = await client.query(sql).then(
        () => 'done',
        (thrown: unknown) => thrown as pg.DatabaseError,
      );
      expect(refused).toMatchObject({ code: code ?? '42501' });
      expect((refused as pg.DatabaseError).message).toContain(names);
    } finally {
      await client.query('rollback');
    }
  },
);

describe('without an error, and without an answer either', () => {
  test('a session without a user sees no rows, and changes none', async () => {
    const client = await clientOf('web_app_1');
    for (const table of ['identity.users', 'identity.auth_sessions', 'execution.lab_sessions', 'billing.subscriptions']) {
      expect((await client.query(`select 1 from ${table}`)).rowCount, table).toBe(0);
    }
    expect((await client.query(`update identity.users set display_name = 'x'`)).rowCount).toBe(0);
  });

  test('a user sees and changes his own rows alone', async () => {
    const client = await clientOf('web_app_1');
    await client.query('begin');
    await client.query(`select set_config('app.user_id', $1, true)`, [SEEDED.lin]);
    const { rows } = await client.query(`select distinct user_id from execution.lab_sessions`);
    expect(rows).toEqual([{ user_id: SEEDED.lin }]);
    expect((await client.query(`update identity.users set display_name = 'x'`)).rowCount).toBe(1);
    await client.query('rollback');
  });

  test('nobody reads the statements of others', async () => {
    await lab.as(undefined, (client) => client.query(`grant usage on schema extensions to web_app_1`));
    const client = await clientOf('web_app_1');
    const { rows } = await client.query<{ query: string }>(
      `select s.query from extensions.pg_stat_statements s join pg_roles r on r.oid = s.userid where r.rolname <> current_user limit 1`,
    );
    expect(rows).toEqual([{ query: '<insufficient privilege>' }]);
    await lab.as(undefined, (admin) => admin.query(`revoke usage on schema extensions from web_app_1`));
  });
});

test.each(['postgres', 'template1'])('no login of the project connects to %s', async (database) => {
  for (const login of [
    'web_app_1',
    'web_jobs_2',
    'task_runner_1',
    'daemon_1',
    'readonly',
    'archiver',
    'auditor',
    'verify',
    'lab_migrator',
  ]) {
    const client = new pg.Client({ connectionString: lab.url(login, database) });
    await expect(client.connect(), login).rejects.toMatchObject({ code: '42501' });
  }
});

test('a group logs in as nobody', async () => {
  for (const role of ['web_app', 'lab_owner']) {
    const client = new pg.Client({ connectionString: lab.url(role) });
    await expect(client.connect(), role).rejects.toMatchObject({ code: expect.stringMatching(/^28/) as string });
  }
});

import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withSession } from '../../../../src/db/session.ts';
import { auditRoles } from '../../../../src/ops/roles/audit/audit.ts';
import type { JudgedFinding } from '../../../../src/ops/roles/audit/exceptions.ts';
import { startServer, type TestServer } from '../../../support/server.ts';
import { FIXTURE, ROLES_FILE, type People, type Plant } from './planted.ts';
import { readAudit } from './support.ts';

/** The tests of these plants, on a server of their own: roles belong to the whole of it. */
export function testPlants(plants: readonly Plant[]): void {
  let server: TestServer;
  let superuser: pg.Client;
  let opened: pg.Client[] = [];
  beforeAll(async () => {
    server = await startServer({
      // Decoding reads what was flushed.
      settings: { wal_level: 'logical', synchronous_commit: 'on', max_connections: '30' },
      prepare: async (files) => {
        const path = `${files.data}/pg_hba.conf`;
        const rules = await readFile(path, 'utf8');
        await files.give(path, `local all trusted trust\n${rules}`);
      },
    });
  });
  afterAll(() => server.stop());

  /** Whatever was planted: what is left of roles in the cluster, memberships by other grantors among it. */
  const DROP_ROLES = `do $$ declare one name; begin
    for one in select rolname from pg_roles where oid >= 16384 loop execute format('drop owned by %I cascade', one); end loop;
    for one in select rolname from pg_roles where oid >= 16384 loop execute format('drop role %I', one); end loop;
  end $$`;

  async function onPostgres(...statements: readonly string[]): Promise<void> {
    const client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  async function connected(url: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    opened.push(client);
    return client;
  }

  const asMallory = (): Promise<pg.Client> => {
    const url = new URL(server.url('planted'));
    url.username = 'mallory';
    url.password = 'm';
    return connected(url.href);
  };

  function audit(): Promise<JudgedFinding[]> {
    return withSession(server.target('planted'), { access: 'read' }, async (session) => {
      const { comparison, details } = await readAudit(session, ROLES_FILE);
      return auditRoles(comparison, details);
    });
  }

  const found = (findings: readonly JudgedFinding[], { id, object }: Pick<Plant, 'id' | 'object'>): JudgedFinding | undefined =>
    findings.find((one) => one.id === id && one.object === object);

  describe('an escalation that was planted', () => {
    beforeEach(async () => {
      await onPostgres(
        'create database planted',
        'create role trusted superuser login',
        'revoke all on database planted from public',
      );
      superuser = await connected(server.url('planted'));
      for (const statement of FIXTURE) await superuser.query(statement);
      await superuser.query('grant connect on database planted to mallory');
    });
    afterEach(async () => {
      for (const client of opened) await client.end();
      opened = [];
      await onPostgres('drop database planted with (force)', DROP_ROLES);
    });

    const titled = plants.map((plant): [string, Plant] => [[plant.id, plant.how].filter(Boolean).join(' '), plant]);
    test.each(titled)('is found, works, and ends with its fix: %s', async (_title, plant) => {
      expect(found(await audit(), plant), 'before it is planted').toBeUndefined();
      for (const statement of plant.plant) await superuser.query(statement);
      const finding = found(await audit(), plant);
      if (finding === undefined) {
        const all = await audit();
        throw new Error(`not found among ${all.map(({ id, object }) => `${id} ${object}`).join('; ')}`);
      }
      expect(finding.message).toContain(plant.way ?? '');
      const people: People = { mallory: await asMallory(), superuser, reconnect: asMallory };
      if (plant.attack !== undefined) expect(await plant.attack(people), 'the attack works').toBe(true);
      if (plant.fixable === false) return;
      await superuser.query(finding.fix ?? '');
      expect(found(await audit(), plant), `after ${finding.fix}`).toBeUndefined();
      // A setting that a session began with stays with it.
      const again: People = { ...people, mallory: await asMallory() };
      if (plant.attack !== undefined) expect(await plant.attack(again), `the attack after ${finding.fix}`).toBe(false);
    });
  });
}

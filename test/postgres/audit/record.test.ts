import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordAuditEvent } from '../../../src/audit/record.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase({ template: 'migrated' });
  client = new pg.Client({ connectionString: database.url, application_name: 'web-app' });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const count = async () => (await client.query<{ n: number }>('select count(*)::int as n from audit.audit_log')).rows[0]?.n;

describe('recordAuditEvent', () => {
  it('writes what the caller says and what the database knows', async () => {
    await recordAuditEvent(client, {
      actor: { type: 'user', id: '7', display: 'Lin' },
      action: 'identity.user.role_changed',
      entity: { type: 'identity.users', id: '9' },
      context: { request_id: 'r-1' },
      changes: [{ path: 'role', from: 'USER', to: 'RECRUITER' }],
    });
    const { rows } = await client.query(
      `select actor_id, actor_display, action, entity_id, outcome, context, changes, metadata, application_name, database_user, occurred_at = created_at as now
       from audit.audit_log`,
    );
    expect(rows).toEqual([
      {
        actor_id: '7',
        actor_display: 'Lin',
        action: 'identity.user.role_changed',
        entity_id: '9',
        outcome: 'success',
        context: { request_id: 'r-1' },
        changes: [{ path: 'role', from: 'USER', to: 'RECRUITER' }],
        metadata: {},
        application_name: 'web-app',
        database_user: 'postgres',
        now: true,
      },
    ]);
  });

  it('goes with the transaction it was written in', async () => {
    const before = await count();
    await client.query('begin');
    await recordAuditEvent(client, {
      actor: { type: 'job', id: 'cleanup' },
      action: 'jobs.job.deleted',
      entity: { type: 'jobs.jobs' },
    });
    await client.query('rollback');
    expect(await count()).toBe(before);
  });

  it('is refused before it reaches the server when the table would refuse it', async () => {
    const bad = recordAuditEvent(client, {
      actor: { type: 'user', id: '7' },
      action: 'login',
      entity: { type: 'identity.users' },
    });
    await expect(bad).rejects.toThrow('not an audit event: action is dotted lower case words, domain.object.verb, not login');
  });
});

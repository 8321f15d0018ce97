import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { letLoginsIn, startReferenceLab, type ReferenceLab } from '../roles/support/reference-lab.ts';
import { sqlBlocks } from '../runbooks/sql-blocks.ts';

/** The rules of the reference project on its own tables, and the SQL of docs/retention.md and runbooks/legal-hold.md. */
let lab: ReferenceLab;
const query = <Row extends object>(sql: string): Promise<Row[]> =>
  lab.as(undefined, async (client) => (await client.query<Row>(sql)).rows);

beforeAll(async () => {
  lab = await startReferenceLab();
  await query('create role retention login; grant connect on database lab to retention');
  await letLoginsIn(lab);
  await query(`
insert into identity.users (id, email, auth_provider) values ('00000000-0000-7000-8000-00000000e001', 'old@example.org', 'EMAIL');
insert into identity.auth_sessions (user_id, token_hash, expires_at, created_at)
  select '00000000-0000-7000-8000-00000000e001', decode(lpad(to_hex(n), 64, '0'), 'hex'), now() - n * interval '1 day', now() - interval '1 year'
  from generate_series(1, 60) n;
insert into delivery.idempotency_keys (scope, key, request_hash, created_at, expires_at)
  select 'e', n::text, repeat('0', 64), now() - interval '2 days', now() - n * interval '10 minutes' from generate_series(1, 12) n;
insert into jobs.jobs (name, job_key, state, finished_at)
  select 'old-job', n::text, (array['completed', 'failed', 'cancelled', 'queued'])[1 + n % 4]::jobs.run_state,
         case when n % 4 < 3 then now() - n * interval '1 day' end
  from generate_series(1, 200) n;
insert into jobs.job_runs (job_id, attempt) select id, 1 from jobs.jobs where name = 'old-job';
analyze`);
});
afterAll(() => lab.stop());

/** How many of a table, without those of the seed. */
const counts = async (): Promise<Record<string, number>> => {
  const [row] = await query<Record<string, number>>(`
select (select count(*)::int from identity.auth_sessions where user_id = '00000000-0000-7000-8000-00000000e001') as sessions,
       (select count(*)::int from delivery.idempotency_keys where scope = 'e') as keys,
       (select count(*)::int from jobs.jobs where name = 'old-job') as jobs,
       (select count(*)::int from jobs.job_runs r join jobs.jobs j on j.id = r.job_id where j.name = 'old-job') as runs,
       (select count(*)::int from jobs.jobs where name = 'old-job' and state = 'queued') as queued`);
  return row ?? {};
};

describe('the reference project', () => {
  test('has an index for each of its rules, made by its migrations', async () => {
    const { items, status } = await lab.dbctl(['retention', 'plan']);
    expect(status).toBe(0);
    expect(items.filter(({ id }) => id === 'rule').map(({ object, index, indexUsable }) => [object, index, indexUsable])).toEqual(
      [
        ['auth-sessions', 'auth_sessions_expires_at_idx', true],
        ['idempotency-keys', 'idempotency_keys_expires_at_idx', true],
        ['verification-jobs', 'verification_jobs_finished_at_idx', true],
        ['jobs', 'jobs_finished_at_idx', true],
        ['task-runs', 'task_runs_finished_at_idx', true],
      ],
    );
    expect(items.filter(({ id }) => ['no-index', 'unindexed-reference', 'referenced'].includes(id))).toEqual([]);
  });

  test('is cleaned up by a role with the rights of docs/retention.md, where row-level security hides nothing', async () => {
    for (const block of sqlBlocks('docs/retention.md')) await query(block.sql);
    const jobs = await lab.dbctl(['retention', 'run', '--yes', '--rule', 'jobs'], 'retention');
    expect(jobs.status, jobs.stdout).toBe(0);
    // 90 to 200 days: 111 numbers, of which 28 are queued.
    expect(await counts()).toMatchObject({ jobs: 117, runs: 117, queued: 50 });
    const hidden = await lab.dbctl(['retention', 'run', '--yes', '--rule', 'auth-sessions'], 'retention');
    expect(hidden.status).toBe(1);
    expect(hidden.items).toMatchObject([
      {
        state: 'unfit',
        message: 'could not begin: retention may not remove rows of it, and row-level security hides rows from it',
        fix: [
          'grant usage on schema "identity" to "retention";',
          'grant select, delete, update ("expires_at") on table "identity"."auth_sessions" to "retention";',
          'alter role "retention" bypassrls;',
        ].join('\n'),
      },
    ]);
    for (const grant of String(hidden.items[0]?.fix).split('\n')) await query(grant);
    expect((await lab.dbctl(['retention', 'run', '--yes', '--rule', 'auth-sessions'], 'retention')).status).toBe(0);
    expect(await counts()).toMatchObject({ sessions: 29 });
  });

  test('and by a superuser whole; then there is nothing to do', async () => {
    expect((await lab.dbctl(['retention', 'run', '--yes'])).status).toBe(0);
    expect(await counts()).toEqual({ sessions: 29, keys: 5, jobs: 117, runs: 117, queued: 50 });
    const { status, items } = await lab.dbctl(['retention', 'status']);
    expect(status).toBe(0);
    expect(items.map(({ rows }) => rows)).toEqual([0, 0, 0, 0, 0]);
  });

  test('and what the runbook asks of the record is answered', async () => {
    for (const block of sqlBlocks('runbooks/legal-hold.md')) {
      const rows = await query<{ rule: string; removed: string }>(block.sql);
      expect(rows.filter(({ rule }) => rule === 'jobs').map(({ removed }) => Number(removed) > 0)).toContain(true);
    }
  });
});

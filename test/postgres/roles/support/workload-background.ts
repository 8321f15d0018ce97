import { audited, id, SEEDED, type Act, type Workload } from './workload.ts';

/** web-jobs: its queue, and what it cleans up. The settings of its logins make it the service. */
export const webJobs: Workload = (n) => [
  {
    does: 'claim jobs',
    sql: `update jobs.jobs j set state = 'running', attempts = j.attempts + 1, locked_by = $1, lease_until = now() + interval '5 minutes'
          where j.id = any (array(select w.id from jobs.jobs w where w.state = 'queued' and w.run_at <= now() and w.name = 'report.weekly'
                                  order by w.run_at, w.id limit 1 for update skip locked))
          returning j.id, j.name, j.job_key, j.payload, j.attempts, j.max_attempts`,
    values: [`web-jobs-${n}`],
  },
  {
    does: 'begin a run',
    sql: `insert into jobs.job_runs (job_id, attempt, worker, request_id) select j.id, j.attempts, 'w', 'r' from jobs.jobs j where j.name = 'report.weekly' returning id`,
  },
  {
    does: 'find the address',
    sql: `select email, display_name from identity.users where id = $1 and disabled_at is null`,
    values: [SEEDED.lin],
  },
  {
    does: 'end the run',
    sql: `update jobs.job_runs set state = 'completed', finished_at = now(), result = '{"sent": 1}', error_code = null where worker = 'w' and state = 'running'`,
  },
  {
    does: 'try again later',
    sql: `update jobs.jobs set state = 'queued', run_at = now(), locked_by = null, lease_until = null, last_error_code = 'W' where name = 'report.weekly'`,
  },
  {
    does: 'end a job',
    sql: `update jobs.jobs set state = 'completed', finished_at = now() where name = 'email.welcome' and job_key = $1`,
    values: [`workload-${n}`],
  },
  {
    does: 'reap what a worker left',
    sql: `update jobs.jobs set state = 'queued', locked_by = null, lease_until = null where state = 'running' and lease_until < now()`,
    rows: 0,
  },
  {
    does: 'say what failed lately',
    sql: `select job_id, error_code from jobs.job_runs where state = 'failed' and created_at >= now() - interval '1 day' and attempt = 1 order by created_at desc`,
  },
  {
    does: 'clean up finished jobs',
    sql: `delete from jobs.jobs where id in (select d.id from jobs.jobs d where d.state in ('completed', 'failed', 'cancelled') and d.finished_at < $1
          order by d.finished_at limit 1 for update skip locked)`,
    values: ['2026-02-01'],
  },
  {
    does: 'clean up sign-in sessions',
    sql: `delete from identity.auth_sessions where id in (select s.id from identity.auth_sessions s where s.expires_at < now() order by s.expires_at limit 100)`,
    rows: n === 1 ? 1 : 0,
  },
  {
    does: 'clean up idempotency keys',
    sql: `delete from delivery.idempotency_keys where (scope, key) in
          (select k.scope, k.key from delivery.idempotency_keys k where k.expires_at < now() order by k.expires_at limit 100)`,
    rows: 0,
  },
  {
    does: 'note a snapshot',
    sql: `insert into delivery.snapshots (id, size_bytes) values (encode(sha256($1), 'hex'), 5) on conflict (id) do nothing`,
    values: [Buffer.from(`workload ${n}`)],
  },
  {
    does: 'say where it lies',
    sql: `update delivery.snapshots set blob_location = 's3://w/1' where id = encode(sha256($1), 'hex') returning size_bytes`,
    values: [Buffer.from(`workload ${n}`)],
  },
  {
    does: 'record what happened to it',
    sql: `select 1 from delivery.record_snapshot_event(encode(sha256($1), 'hex'), 'STORED', 'w', '{}') as fresh where fresh`,
    values: [Buffer.from(`workload ${n}`)],
  },
  { does: 'what a delivery was', sql: `select event_type from delivery.delivery_events where delivery_id = 'dev-delivery-1'` },
  {
    does: 'forget old keys of deliveries',
    sql: `delete from delivery.delivery_event_keys where created_at < now() - interval '2 years'`,
    rows: 0,
  },
  {
    does: 'forget old keys of snapshots',
    sql: `delete from delivery.snapshot_event_keys where created_at < now() - interval '2 years'`,
    rows: 0,
  },
  {
    does: 'end sessions nobody ended',
    sql: `update execution.lab_sessions set status = 'FAILED', completed_at = now() where status = 'IN_PROGRESS' and started_at < $1 returning cost_status`,
    values: ['2026-02-05'],
    rows: n === 1 ? 1 : 0,
  },
  {
    does: 'cost of a period',
    sql: `select count(*) from execution.lab_sessions where completed_at >= '2026-01-01' and completed_at < '2026-03-01'`,
  },
  {
    does: 'renew what is due',
    sql: `update billing.subscriptions set current_period_start = now(), current_period_end = now() + interval '100 years', status = 'ACTIVE'
          where status <> 'CANCELED' and current_period_end < now() + interval '100 years' and provider_reference = 'sub_dev_1'`,
  },
  {
    does: 'end what was not paid',
    sql: `update billing.subscriptions set status = 'CANCELED', canceled_at = now() where status = 'PAST_DUE'`,
    rows: 0,
  },
  audited('identity.auth_session.purge', 'identity.auth_sessions'),
];

/** task-runner: tasks, and the verification of commits. */
export const taskRunner: Workload = (n) => [...tasks(n), ...verification(n)];

const tasks = (n: number): Act[] => [
  {
    does: 'declare a task',
    sql: `insert into jobs.tasks (id, name, config) values ($1, $2, '{"queue": "w"}') on conflict (name) do update set config = excluded.config returning id`,
    values: [id(n, 20), `workload-${n}`],
  },
  {
    does: 'schedule it once',
    sql: `insert into jobs.task_runs (id, task_id, scheduled_for) values ($1, $2, '2026-03-01') on conflict (task_id, scheduled_for) do nothing`,
    values: [id(n, 21, 2), id(n, 20)],
  },
  {
    does: 'claim it',
    sql: `update jobs.task_runs r set state = 'running', locked_by = 'w', lease_until = now() + interval '5 minutes', started_at = now()
          where r.id = any (array(select w.id from jobs.task_runs w where w.state = 'queued' and w.task_id = $1 order by w.created_at, w.id limit 1 for update skip locked))
          returning r.id, r.task_id`,
    values: [id(n, 20)],
  },
  ...[1, 2].map((units) => ({
    does: 'say how far it is',
    sql: `insert into jobs.task_progress (task_run_id, step, units_done) values ($1, 'copy', $2)
          on conflict (task_run_id, step) do update set units_done = excluded.units_done`,
    values: [id(n, 21, 2), units],
  })),
  {
    does: 'end it',
    sql: `update jobs.task_runs set state = 'completed', locked_by = null, lease_until = null, finished_at = now() where id = $1`,
    values: [id(n, 21, 2)],
  },
  {
    does: 'clean up',
    sql: `delete from jobs.task_runs where id in (select r.id from jobs.task_runs r where r.state in ('completed', 'failed', 'cancelled') and r.finished_at < now() + interval '1 day'
          and r.task_id = $1 order by r.finished_at limit 10)`,
    values: [id(n, 20)],
  },
];

const verification = (n: number): Act[] => [
  {
    does: 'claim commits',
    sql: `select id from execution.claim_verification_jobs('w', 1) as job`,
  },
  {
    does: 'read what to verify',
    sql: `select v.config, m.repo_url, m.default_branch from execution.lab_sessions s
          join content.lab_versions v on v.id = s.lab_version_id
          join execution.github_repo_mappings m on m.lab_session_id = s.id
          join execution.lab_attempts a on a.lab_session_id = s.id and a.attempt_number = 1
          where s.id = $1`,
    values: [SEEDED.verdictSession],
  },
  {
    does: 'keep the verdict',
    sql: `insert into execution.verification_attempts (lab_session_id, verification_job_id, commit_sha, result, logs, duration_ms)
          values ($1, 1, $2, 'PASS', '{}', 5) returning id`,
    values: [SEEDED.verdictSession, 'e'.repeat(40)],
  },
  {
    does: 'keep the proof',
    sql: `insert into execution.proof_artifacts (verification_attempt_id, artifact_type, location, sha256, size_bytes, media_type)
          values ($1, 'LOG', 's3://w/1', $2, 3, 'text/plain') on conflict do nothing`,
    values: [SEEDED.verdict, `${n}`.repeat(64)],
  },
  {
    does: 'was it verified',
    sql: `select 1 from execution.verification_attempts where commit_sha = $1 limit 1`,
    values: ['e'.repeat(40)],
  },
  { does: 'whose content is it', sql: `select 1 from execution.proof_artifacts where sha256 = $1`, values: [`${n}`.repeat(64)] },
  {
    does: 'mark the attempt',
    sql: `update execution.lab_attempts set status = 'PASSED', details = details || '{"verified": true}' where lab_session_id = $1 and attempt_number = 2`,
    values: [SEEDED.verdictSession],
  },
  {
    does: 'end the session',
    sql: `update execution.lab_sessions set status = 'VERIFIED_PASS', completed_at = completed_at + interval '1 second', cost_metadata = cost_metadata || '{"w": 1}'
          where id = $1 returning cost_amount`,
    values: [SEEDED.verdictSession],
  },
  {
    does: 'end the job',
    sql: `update execution.verification_jobs set state = 'succeeded', finished_at = now(), locked_by = null, lease_until = null, last_error_code = null
          where locked_by = 'w' and state = 'running'`,
  },
  {
    does: 'reap',
    sql: `update execution.verification_jobs set state = 'queued', run_at = now(), locked_by = null, lease_until = null where state = 'running' and lease_until < now()`,
    rows: 0,
  },
  {
    does: 'clean up',
    sql: `delete from execution.verification_jobs where id in (select j.id from execution.verification_jobs j where j.state in ('succeeded', 'dead') and j.finished_at < $1
          order by j.finished_at limit 10)`,
    values: ['2026-02-02'],
    rows: n === 1 ? 1 : 0,
  },
  audited('execution.verification.complete', 'execution.verification_attempts'),
];

/** daemon: how long queues are, and what waits too long. */
export const daemon: Workload = () => [
  {
    does: 'length of the queue of jobs',
    sql: `select count(*), min(run_at), count(*) filter (where lease_until < now()) from jobs.jobs where state in ('queued', 'running')`,
  },
  {
    does: 'length of the queue of tasks',
    sql: `select count(*), min(created_at), count(*) filter (where lease_until < now()) from jobs.task_runs where state in ('queued', 'running')`,
  },
  {
    does: 'length of the queue of commits',
    sql: `select count(*), min(run_at), count(*) filter (where lease_until < now()) from execution.verification_jobs where state in ('queued', 'running')`,
  },
  {
    does: 'uploads that never came',
    sql: `select count(*) from delivery.snapshots where blob_location is null and created_at < now()`,
  },
  {
    does: 'trouble in the log',
    sql: `select action, count(*) from audit.audit_log where outcome <> 'success' and created_at >= now() - interval '1 day' group by action`,
  },
  { does: 'is it switched on', sql: `select enabled from admin.feature_flags where key = 'gpu-labs'` },
];

-- A handful of rows in every table, always the same, for a developer's database and for tests.
-- Running it twice changes nothing, not even a sequence. Ids are readable: the last four digits are table and row.
-- Partitioned tables get rows of the present month, and none at all if that month has no partition.

set local app.access = 'service';  -- for an owner that is no superuser: row-level security is forced

-- identity ------------------------------------------------------------------------------------------------------

insert into identity.users (id, email, display_name, role, auth_provider, email_verified_at)
values
  ('01900000-0000-7000-8000-000000000101', 'ada@example.test', 'Ada', 'ADMIN', 'EMAIL', '2026-01-02 09:00:00+00'),
  ('01900000-0000-7000-8000-000000000102', 'lin@example.test', 'Lin', 'USER', 'GITHUB', '2026-01-03 09:00:00+00'),
  ('01900000-0000-7000-8000-000000000103', 'Max@Example.test', 'Max', 'USER', 'GOOGLE', null),
  ('01900000-0000-7000-8000-000000000104', 'rex@example.test', 'Rex', 'RECRUITER', 'EMAIL', '2026-01-05 09:00:00+00')
on conflict do nothing;

insert into identity.auth_sessions (id, user_id, token_hash, expires_at, created_at)
values
  ('01900000-0000-7000-8000-000000000201', '01900000-0000-7000-8000-000000000101', sha256('dev session of ada'), '2099-01-01 00:00:00+00', '2026-01-15 08:00:00+00'),
  ('01900000-0000-7000-8000-000000000202', '01900000-0000-7000-8000-000000000102', sha256('dev session of lin'), '2099-01-01 00:00:00+00', '2026-01-15 08:30:00+00'),
  ('01900000-0000-7000-8000-000000000203', '01900000-0000-7000-8000-000000000102', sha256('expired session of lin'), '2026-01-09 00:00:00+00', '2026-01-08 00:00:00+00')
on conflict do nothing;

insert into identity.auth_identities
  (id, user_id, provider, provider_user_id, access_token_ciphertext, encryption_key_id, token_reference)
values
  ('01900000-0000-7000-8000-000000000301', '01900000-0000-7000-8000-000000000102', 'GITHUB', '5550102', '\x00d1f2a3b4c5d6e7f80910111213141516', 'dev-key-1', null),
  ('01900000-0000-7000-8000-000000000302', '01900000-0000-7000-8000-000000000103', 'GOOGLE', '1129550103', null, null, 'vault://dev/google/1129550103'),
  ('01900000-0000-7000-8000-000000000303', '01900000-0000-7000-8000-000000000101', 'EMAIL', 'ada@example.test', null, null, null)
on conflict do nothing;

insert into identity.github_accounts (id, user_id, github_id, username)
values
  ('01900000-0000-7000-8000-000000000401', '01900000-0000-7000-8000-000000000102', 5550102, 'lin-dev'),
  ('01900000-0000-7000-8000-000000000402', '01900000-0000-7000-8000-000000000101', 5550101, 'Ada-Dev')
on conflict do nothing;

-- content -------------------------------------------------------------------------------------------------------

insert into content.lessons (id, slug, title, difficulty, status, content, published_at)
values
  ('01900000-0000-7000-8000-000000000501', 'select-from-where', 'Select, from, where', 'BEGINNER', 'PUBLISHED', '{"tags": ["sql"], "blocks": [{"type": "text", "text": "Ask for rows."}]}', '2026-01-10 12:00:00+00'),
  ('01900000-0000-7000-8000-000000000502', 'transactions', 'Transactions', 'INTERMEDIATE', 'DRAFT', '{"tags": ["sql", "concurrency"], "blocks": []}', null)
on conflict do nothing;

insert into content.lesson_versions (id, lesson_id, version_number, title, content, published_by)
values
  ('01900000-0000-7000-8000-000000000601', '01900000-0000-7000-8000-000000000501', 1, 'Select and from', '{"tags": ["sql"], "blocks": []}', '01900000-0000-7000-8000-000000000101'),
  ('01900000-0000-7000-8000-000000000602', '01900000-0000-7000-8000-000000000501', 2, 'Select, from, where', '{"tags": ["sql"], "blocks": [{"type": "text", "text": "Ask for rows."}]}', '01900000-0000-7000-8000-000000000101')
on conflict do nothing;

insert into content.labs (id, slug, title, difficulty, estimated_minutes, config, metadata)
values
  ('01900000-0000-7000-8000-000000000701', 'first-index', 'Your first index', 'BEGINNER', 30, '{"runtime": "postgres18", "image": "labs/postgres:18", "limits": {"network": false}}', '{"lab_id": "LAB-001", "tags": ["sql", "index"]}'),
  ('01900000-0000-7000-8000-000000000702', 'race-condition', 'Find the race', 'ADVANCED', 90, '{"runtime": "node20", "image": "labs/node:20", "limits": {"network": true}}', '{"lab_id": "LAB-002", "tags": ["concurrency"]}')
on conflict do nothing;

insert into content.lab_versions (id, lab_id, version_number, estimated_minutes, config, published_by)
values
  ('01900000-0000-7000-8000-000000000801', '01900000-0000-7000-8000-000000000701', 1, 30, '{"runtime": "postgres18", "image": "labs/postgres:18", "limits": {"network": false}}', '01900000-0000-7000-8000-000000000101'),
  ('01900000-0000-7000-8000-000000000802', '01900000-0000-7000-8000-000000000702', 1, 90, '{"runtime": "node20", "image": "labs/node:20", "limits": {"network": true}}', '01900000-0000-7000-8000-000000000101')
on conflict do nothing;

-- execution -----------------------------------------------------------------------------------------------------

-- The price of tier 1 changes at the start of February; session 1001 below spans the change.
insert into execution.compute_rates (compute_tier, rate_per_hour, currency, valid_during)
select new.compute_tier, new.rate_per_hour, new.currency, new.valid_during
from (values
  (1, 0.080000, 'USD', tstzrange('2026-01-01 00:00:00+00', '2026-02-01 00:00:00+00')),
  (1, 0.100000, 'USD', tstzrange('2026-02-01 00:00:00+00', null)),
  (3, 1.250000, 'USD', tstzrange('2026-01-01 00:00:00+00', null))
) as new (compute_tier, rate_per_hour, currency, valid_during)
where not exists (
  select from execution.compute_rates r
  where r.compute_tier = new.compute_tier
    and r.valid_during && new.valid_during
);

insert into execution.lab_sessions
  (id, user_id, lab_version_id, status, compute_tier, started_at, completed_at, cost_metadata)
values
  ('01900000-0000-7000-8000-000000001001', '01900000-0000-7000-8000-000000000102', '01900000-0000-7000-8000-000000000801', 'VERIFIED_PASS', 1, '2026-01-31 23:30:00+00', '2026-02-01 00:30:00+00', '{"region": "eu-1"}'),
  ('01900000-0000-7000-8000-000000001002', '01900000-0000-7000-8000-000000000103', '01900000-0000-7000-8000-000000000802', 'FAILED', 3, '2026-02-03 10:00:00+00', '2026-02-03 10:20:00+00', '{"region": "us-1"}'),
  ('01900000-0000-7000-8000-000000001003', '01900000-0000-7000-8000-000000000102', '01900000-0000-7000-8000-000000000802', 'IN_PROGRESS', 1, '2026-02-04 08:00:00+00', null, '{"region": "eu-1"}')
on conflict do nothing;

insert into execution.lab_attempts (id, lab_session_id, attempt_number, status, commit_sha, details, submitted_at)
values
  ('01900000-0000-7000-8000-000000001101', '01900000-0000-7000-8000-000000001001', 1, 'FAILED', repeat('1a', 20), '{"hints": 0}', '2026-01-31 23:50:00+00'),
  ('01900000-0000-7000-8000-000000001102', '01900000-0000-7000-8000-000000001001', 2, 'PASSED', repeat('1b', 20), '{"hints": 1}', '2026-02-01 00:25:00+00'),
  ('01900000-0000-7000-8000-000000001103', '01900000-0000-7000-8000-000000001002', 1, 'FAILED', repeat('2a', 20), '{"hints": 3}', '2026-02-03 10:18:00+00')
on conflict do nothing;

insert into execution.github_repo_mappings (id, lab_session_id, repo_url, default_branch)
values
  ('01900000-0000-7000-8000-000000001201', '01900000-0000-7000-8000-000000001001', 'https://github.com/lin-dev/first-index', 'main'),
  ('01900000-0000-7000-8000-000000001202', '01900000-0000-7000-8000-000000001003', 'https://github.com/lin-dev/find-the-race', 'trunk')
on conflict do nothing;

insert into execution.verification_jobs (lab_session_id, commit_sha, state, attempts, finished_at)
select new.lab_session_id, new.commit_sha, new.state::execution.verification_state, new.attempts, new.finished_at
from (values
  ('01900000-0000-7000-8000-000000001001'::uuid, repeat('1b', 20), 'succeeded', 1, '2026-02-01 00:27:00+00'::timestamptz),
  ('01900000-0000-7000-8000-000000001003'::uuid, repeat('3a', 20), 'queued', 0, null)
) as new (lab_session_id, commit_sha, state, attempts, finished_at)
where not exists (select from execution.verification_jobs j where j.commit_sha = new.commit_sha);

insert into execution.verification_attempts (id, lab_session_id, commit_sha, result, logs, duration_ms)
values
  ('01900000-0000-7000-8000-000000001301', '01900000-0000-7000-8000-000000001001', repeat('1a', 20), 'FAIL', '{"failed_step": "explain", "steps": 3}', 4120),
  ('01900000-0000-7000-8000-000000001302', '01900000-0000-7000-8000-000000001001', repeat('1b', 20), 'PASS', '{"steps": 4}', 5210),
  ('01900000-0000-7000-8000-000000001303', '01900000-0000-7000-8000-000000001002', repeat('2a', 20), 'FAIL', '{"failed_step": "build", "steps": 1}', 880)
on conflict do nothing;

insert into execution.proof_artifacts (id, verification_attempt_id, artifact_type, location, sha256, size_bytes, media_type)
values
  ('01900000-0000-7000-8000-000000001401', '01900000-0000-7000-8000-000000001302', 'LOG', 's3://proof-dev/1302/log.txt', encode(sha256('dev log 1302'), 'hex'), 12, 'text/plain'),
  ('01900000-0000-7000-8000-000000001402', '01900000-0000-7000-8000-000000001302', 'DIFF', 's3://proof-dev/1302/change.diff', encode(sha256('dev diff 1302'), 'hex'), 13, 'text/x-diff'),
  ('01900000-0000-7000-8000-000000001403', '01900000-0000-7000-8000-000000001303', 'SCREENSHOT', 's3://proof-dev/1303/screen.png', encode(sha256('dev screenshot 1303'), 'hex'), 19, 'image/png')
on conflict do nothing;

-- delivery ------------------------------------------------------------------------------------------------------

insert into delivery.snapshots (id, size_bytes, manifest, blob_location)
values
  (encode(sha256('dev snapshot 1'), 'hex'), 14, '{"files": [{"path": "index.sql"}]}', 's3://snapshots-dev/1'),
  (encode(sha256('dev snapshot 2'), 'hex'), 14, '{"files": [{"path": "main.js"}]}', null)
on conflict do nothing;

select delivery.record_delivery_event(new.delivery, 'github', new.kind, new.body, new.snapshot)
from (values
  ('dev-delivery-1', 'push', '{"repository": {"full_name": "lin-dev/first-index"}}'::jsonb, encode(sha256('dev snapshot 1'), 'hex')),
  ('dev-delivery-2', 'ping', '{"zen": "Keep it logically awesome."}'::jsonb, null)
) as new (delivery, kind, body, snapshot)
where exists (select from shared.partition_bounds('delivery.delivery_events') b where now() >= b.lower_bound and now() < b.upper_bound);

select delivery.record_snapshot_event(encode(sha256('dev snapshot 1'), 'hex'), new.kind, 'dev-delivery-1', new.body)
from (values
  ('CAPTURED', '{"files": 1}'::jsonb),
  ('STORED', '{"place": "s3://snapshots-dev/1"}'::jsonb)
) as new (kind, body)
where exists (select from shared.partition_bounds('delivery.snapshot_events') b where now() >= b.lower_bound and now() < b.upper_bound);

insert into delivery.idempotency_keys (scope, key, request_hash, state, response_status, response_body, expires_at)
values
  ('user:lin:POST /sessions', 'dev-key-1', encode(sha256('dev request 1'), 'hex'), 'completed', 201, '{"id": "01900000-0000-7000-8000-000000001003"}', '2099-01-01 00:00:00+00'),
  ('user:max:POST /sessions', 'dev-key-2', encode(sha256('dev request 2'), 'hex'), 'in_progress', null, null, '2099-01-01 00:00:00+00')
on conflict do nothing;

insert into delivery.repo_session_bindings (id, repo_url, lab_session_id, released_at, created_at)
values
  ('01900000-0000-7000-8000-000000001501', 'https://github.com/lin-dev/first-index', '01900000-0000-7000-8000-000000001001', '2026-02-01 00:30:00+00', '2026-01-31 23:31:00+00'),
  ('01900000-0000-7000-8000-000000001502', 'https://github.com/lin-dev/find-the-race', '01900000-0000-7000-8000-000000001003', null, '2026-02-04 08:01:00+00')
on conflict do nothing;

-- audit ---------------------------------------------------------------------------------------------------------

insert into audit.audit_log (id, actor_type, actor_id, actor_display, action, entity_type, entity_id, outcome, reason_code, context, changes)
select new.id, new.actor_type, new.actor_id, new.actor_display, new.action, new.entity_type, new.entity_id, new.outcome, new.reason_code, new.context, new.changes
from (values
  ('01900000-0000-7000-8000-000000001601'::uuid, 'user', '01900000-0000-7000-8000-000000000101', 'Ada', 'content.lesson.publish', 'content.lessons', '01900000-0000-7000-8000-000000000501', 'success', null, '{"app": "web-app", "request_id": "dev-request-1"}'::jsonb, '[{"path": "status", "from": "DRAFT", "to": "PUBLISHED"}]'::jsonb),
  ('01900000-0000-7000-8000-000000001602'::uuid, 'user', '01900000-0000-7000-8000-000000000103', 'Max', 'admin.feature_flag.update', 'admin.feature_flags', null, 'denied', 'AUTH_FORBIDDEN', '{"app": "web-app", "request_id": "dev-request-2"}'::jsonb, '[]'::jsonb),
  ('01900000-0000-7000-8000-000000001603'::uuid, 'job', 'auth-session-cleanup', null, 'identity.auth_session.purge', 'identity.auth_sessions', null, 'success', null, '{"app": "web-jobs"}'::jsonb, '[]'::jsonb)
) as new (id, actor_type, actor_id, actor_display, action, entity_type, entity_id, outcome, reason_code, context, changes)
where not exists (select from audit.audit_log a where a.id = new.id)
  and exists (select from shared.partition_bounds('audit.audit_log') b where now() >= b.lower_bound and now() < b.upper_bound);

-- admin, billing ------------------------------------------------------------------------------------------------

insert into admin.feature_flags (id, key, enabled, description, rules)
values
  ('01900000-0000-7000-8000-000000001701', 'recruiter-search', true, 'recruiters may search proofs', '{"roles": ["RECRUITER"]}'),
  ('01900000-0000-7000-8000-000000001702', 'gpu-labs', false, 'labs on GPU machines', '{}')
on conflict do nothing;

insert into billing.subscriptions (id, user_id, plan, status, provider_reference, current_period_start, current_period_end, canceled_at)
values
  ('01900000-0000-7000-8000-000000001801', '01900000-0000-7000-8000-000000000102', 'PAID', 'ACTIVE', 'sub_dev_1', '2026-02-01 00:00:00+00', '2099-01-01 00:00:00+00', null),
  ('01900000-0000-7000-8000-000000001802', '01900000-0000-7000-8000-000000000103', 'PAID', 'CANCELED', 'sub_dev_2', '2026-01-01 00:00:00+00', '2026-02-01 00:00:00+00', '2026-01-20 00:00:00+00'),
  ('01900000-0000-7000-8000-000000001803', '01900000-0000-7000-8000-000000000103', 'FREE', 'ACTIVE', null, '2026-02-01 00:00:00+00', null, null)
on conflict do nothing;

-- jobs ----------------------------------------------------------------------------------------------------------

insert into jobs.jobs (id, name, job_key, state, payload, attempts, locked_by, lease_until, last_error_code, finished_at)
values
  ('01900000-0000-7000-8000-000000001901', 'email.welcome', 'user:lin', 'completed', '{"user_id": "01900000-0000-7000-8000-000000000102"}', 1, null, null, null, '2026-01-03 09:00:05+00'),
  ('01900000-0000-7000-8000-000000001902', 'email.welcome', 'user:max', 'failed', '{"user_id": "01900000-0000-7000-8000-000000000103"}', 2, null, null, 'MAIL_REJECTED', '2026-01-04 09:10:00+00'),
  ('01900000-0000-7000-8000-000000001903', 'report.weekly', '2026-W06', 'queued', '{}', 0, null, null, null, null)
on conflict do nothing;

insert into jobs.job_runs (job_id, attempt, state, worker, started_at, finished_at, error_code)
select new.job_id, new.attempt, new.state::jobs.run_state, 'web-jobs-1', new.started_at, new.started_at + interval '5 seconds', new.error_code
from (values
  ('01900000-0000-7000-8000-000000001901'::uuid, 1, 'completed', '2026-01-03 09:00:00+00'::timestamptz, null),
  ('01900000-0000-7000-8000-000000001902'::uuid, 1, 'failed', '2026-01-04 09:00:00+00'::timestamptz, 'MAIL_TIMEOUT'),
  ('01900000-0000-7000-8000-000000001902'::uuid, 2, 'failed', '2026-01-04 09:10:00+00'::timestamptz, 'MAIL_REJECTED')
) as new (job_id, attempt, state, started_at, error_code)
where not exists (select from jobs.job_runs r where r.job_id = new.job_id and r.attempt = new.attempt)
  and exists (select from shared.partition_bounds('jobs.job_runs') b where now() >= b.lower_bound and now() < b.upper_bound);

insert into jobs.tasks (id, name, description, schedule, config)
values
  ('01900000-0000-7000-8000-000000002001', 'auth-session-cleanup', 'deletes expired sign-in sessions', '*/10 * * * *', '{"queue": "maintenance", "batch": 1000}'),
  ('01900000-0000-7000-8000-000000002002', 'partition-upkeep', 'creates the partitions of the coming months', '15 2 * * *', '{"queue": "maintenance"}'),
  ('01900000-0000-7000-8000-000000002003', 'reindex-search', 'builds the search index anew', null, '{"queue": "heavy"}')
on conflict do nothing;

insert into jobs.task_runs (id, task_id, scheduled_for, state, locked_by, lease_until, started_at, finished_at, result)
values
  ('01900000-0000-7000-8000-000000002101', '01900000-0000-7000-8000-000000002001', '2026-02-04 08:00:00+00', 'completed', null, null, '2026-02-04 08:00:01+00', '2026-02-04 08:00:03+00', '{"deleted": 1}'),
  ('01900000-0000-7000-8000-000000002102', '01900000-0000-7000-8000-000000002003', null, 'running', 'task-runner-1', '2026-02-04 09:00:00+00', '2026-02-04 08:30:00+00', null, '{}'),
  ('01900000-0000-7000-8000-000000002103', '01900000-0000-7000-8000-000000002001', '2026-02-04 08:10:00+00', 'queued', null, null, null, null, '{}')
on conflict do nothing;

insert into jobs.task_progress (task_run_id, step, units_done, units_total, message)
select new.task_run_id, new.step, new.units_done, new.units_total, new.message
from (values
  ('01900000-0000-7000-8000-000000002102'::uuid, 'read', 2, 2, 'lessons read'),
  ('01900000-0000-7000-8000-000000002102'::uuid, 'index', 1, 2, 'indexing')
) as new (task_run_id, step, units_done, units_total, message)
where not exists (
  select from jobs.task_progress p
  where p.task_run_id = new.task_run_id
    and p.step = new.step
);

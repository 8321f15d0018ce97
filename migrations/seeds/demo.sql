-- Enough rows to see plans, charts and reports: 200 users, 2,000 lab sessions, 20,000 audit events and what goes with
-- them, made by generate_series in a few seconds. Running it twice changes nothing, not even a sequence.
-- Numbers, not chance, vary the rows, so two databases get the same data; only times depend on the day, since
-- partitioned rows are spread from the start of the oldest partition until now (and never outside a partition).
-- demo_id(table, row) cannot be a function, seeds create nothing: hence the expression repeated below,
--   ('0190de00-0000-7000-8000-' || to_char(table * 10000000 + row, 'fm000000000000'))::uuid

set local app.access = 'service';  -- for an owner that is no superuser: row-level security is forced

-- identity ------------------------------------------------------------------------------------------------------

insert into identity.users (id, email, display_name, role, auth_provider, email_verified_at)
select ('0190de00-0000-7000-8000-' || to_char(10000000 + n, 'fm000000000000'))::uuid,
       'learner' || n || '@demo.example.test',
       'Learner ' || n,
       (case when n <= 3 then 'ADMIN' when n <= 13 then 'RECRUITER' else 'USER' end)::identity.user_role,
       (array['EMAIL', 'GOOGLE', 'GITHUB'])[1 + n % 3]::identity.auth_provider,
       case when n % 7 > 0 then now() - make_interval(days => n % 90) end
from generate_series(1, 200) as n
on conflict do nothing;

insert into identity.auth_sessions (id, user_id, token_hash, expires_at, created_at)
select ('0190de00-0000-7000-8000-' || to_char(20000000 + n, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(10000000 + 1 + n % 200, 'fm000000000000'))::uuid,
       sha256(convert_to('demo session ' || n, 'UTF8')),
       now() + make_interval(hours => n % 240 - 120),
       now() - make_interval(hours => 200)
from generate_series(1, 400) as n
on conflict do nothing;

insert into identity.auth_identities (id, user_id, provider, provider_user_id, token_reference)
select ('0190de00-0000-7000-8000-' || to_char(30000000 + n, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(10000000 + n, 'fm000000000000'))::uuid,
       (array['EMAIL', 'GOOGLE', 'GITHUB'])[1 + n % 3]::identity.auth_provider,
       'demo-' || n,
       case when n % 3 > 0 then 'vault://demo/' || n end
from generate_series(1, 200) as n
on conflict do nothing;

insert into identity.github_accounts (id, user_id, github_id, username)
select ('0190de00-0000-7000-8000-' || to_char(40000000 + n, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(10000000 + n, 'fm000000000000'))::uuid,
       7000000 + n,
       'demo-learner-' || n
from generate_series(1, 150) as n
on conflict do nothing;

-- content -------------------------------------------------------------------------------------------------------

insert into content.lessons (id, slug, title, difficulty, status, content, published_at)
select ('0190de00-0000-7000-8000-' || to_char(50000000 + n, 'fm000000000000'))::uuid,
       'demo-lesson-' || n,
       (array['Joins', 'Indexes', 'Locks', 'Windows', 'Plans', 'Backups'])[1 + n % 6] || ' ' || n,
       (array['BEGINNER', 'INTERMEDIATE', 'ADVANCED'])[1 + n % 3]::content.difficulty,
       (case when n % 5 > 0 then 'PUBLISHED' else 'DRAFT' end)::content.lesson_status,
       jsonb_build_object('tags', jsonb_build_array('sql', 'topic-' || n % 12), 'blocks', '[]'::jsonb),
       case when n % 5 > 0 then now() - make_interval(days => n) end
from generate_series(1, 60) as n
on conflict do nothing;

insert into content.lesson_versions (id, lesson_id, version_number, title, content)
select ('0190de00-0000-7000-8000-' || to_char(60000000 + n * 10 + v, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(50000000 + n, 'fm000000000000'))::uuid,
       v,
       'Lesson ' || n,
       jsonb_build_object('tags', jsonb_build_array('sql'), 'edition', v)
from generate_series(1, 60) as n, generate_series(1, 3) as v
where n % 5 > 0
on conflict do nothing;

insert into content.labs (id, slug, title, difficulty, estimated_minutes, config, metadata)
select ('0190de00-0000-7000-8000-' || to_char(70000000 + n, 'fm000000000000'))::uuid,
       'demo-lab-' || n,
       (array['Build', 'Repair', 'Measure', 'Defend'])[1 + n % 4] || ' exercise ' || n,
       (array['BEGINNER', 'INTERMEDIATE', 'ADVANCED'])[1 + n % 3]::content.difficulty,
       15 + 15 * (n % 8),
       jsonb_build_object('runtime', (array['postgres18', 'node20', 'python3'])[1 + n % 3], 'image', 'labs/demo:' || n % 9),
       jsonb_build_object('lab_id', 'DEMO-' || to_char(n, 'fm000'), 'tags', jsonb_build_array('demo', 'topic-' || n % 12))
from generate_series(1, 40) as n
on conflict do nothing;

insert into content.lab_versions (id, lab_id, version_number, estimated_minutes, config)
select ('0190de00-0000-7000-8000-' || to_char(80000000 + n * 10 + v, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(70000000 + n, 'fm000000000000'))::uuid,
       v,
       15 + 15 * (n % 8),
       jsonb_build_object('runtime', (array['postgres18', 'node20', 'python3'])[1 + n % 3], 'image', 'labs/demo:' || (n + v) % 9)
from generate_series(1, 40) as n, generate_series(1, 2) as v
on conflict do nothing;

-- execution -----------------------------------------------------------------------------------------------------

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

-- Sessions of the last sixty days, the newest ones still going on. One in a hundred is of a tier without a rate,
-- so that a report on cost has something to complain about.
insert into execution.lab_sessions
  (id, user_id, lab_version_id, status, compute_tier, started_at, completed_at, cost_metadata)
select ('0190de00-0000-7000-8000-' || to_char(100000000 + n, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(10000000 + 1 + n * 7 % 200, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(80000000 + (1 + n % 40) * 10 + 1 + n % 2, 'fm000000000000'))::uuid,
       (case when n > 1960 then 'IN_PROGRESS' when n % 4 > 0 then 'VERIFIED_PASS' else 'FAILED' end)::execution.session_status,
       case when n % 100 = 50 then 2 when n % 9 = 0 then 3 else 1 end,
       now() - interval '60 days' * (2001 - n) / 2000,
       case when n <= 1960 then now() - interval '60 days' * (2001 - n) / 2000 + make_interval(mins => 5 + n * 13 % 110) end,
       jsonb_build_object('region', (array['eu-1', 'us-1', 'ap-1'])[1 + n % 3], 'node', 'node-' || n % 17)
from generate_series(1, 2000) as n
on conflict do nothing;

insert into execution.lab_attempts (id, lab_session_id, attempt_number, status, commit_sha, details, submitted_at)
select ('0190de00-0000-7000-8000-' || to_char(110000000 + n * 10 + a, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(100000000 + n, 'fm000000000000'))::uuid,
       a,
       (case when a < 2 then 'FAILED' when n > 1960 then 'SUBMITTED' when n % 4 > 0 then 'PASSED' else 'FAILED' end)::execution.attempt_status,
       left(encode(sha256(convert_to('demo commit ' || n || '.' || a, 'UTF8')), 'hex'), 40),
       jsonb_build_object('hints', n % 4),
       now() - interval '60 days' * (2001 - n) / 2000 + make_interval(mins => a)
from generate_series(1, 2000) as n, generate_series(1, 2) as a
on conflict do nothing;

insert into execution.github_repo_mappings (id, lab_session_id, repo_url)
select ('0190de00-0000-7000-8000-' || to_char(120000000 + n, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(100000000 + n, 'fm000000000000'))::uuid,
       'https://github.com/demo-learner-' || 1 + n * 7 % 200 || '/lab-' || 1 + n % 40
from generate_series(1, 2000) as n
on conflict do nothing;

insert into execution.verification_jobs (lab_session_id, commit_sha, state, attempts, locked_by, lease_until, run_at, finished_at)
select new.lab_session_id,
       new.commit_sha,
       new.state::execution.verification_state,
       case when new.state = 'queued' then 0 else 1 end,
       case when new.state = 'running' then 'task-runner-' || new.n % 4 end,
       case when new.state = 'running' then now() + interval '5 minutes' end,
       now() - make_interval(mins => 2001 - new.n),
       case when new.state in ('succeeded', 'dead') then now() - make_interval(mins => 2000 - new.n) end
from (
  select n,
         ('0190de00-0000-7000-8000-' || to_char(100000000 + n, 'fm000000000000'))::uuid as lab_session_id,
         left(encode(sha256(convert_to('demo commit ' || n || '.2', 'UTF8')), 'hex'), 40) as commit_sha,
         case when n > 1980 then 'queued' when n > 1960 then 'running' when n % 50 = 0 then 'dead' else 'succeeded' end as state
  from generate_series(1001, 2000) as n
) new
where not exists (
  select from execution.verification_jobs j
  where j.lab_session_id = new.lab_session_id
    and j.commit_sha = new.commit_sha
)
order by new.n;

insert into execution.verification_attempts (id, lab_session_id, commit_sha, result, logs, duration_ms)
select ('0190de00-0000-7000-8000-' || to_char(130000000 + n * 10 + a, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(100000000 + n, 'fm000000000000'))::uuid,
       left(encode(sha256(convert_to('demo commit ' || n || '.' || a, 'UTF8')), 'hex'), 40),
       case when a = 2 and n % 4 > 0 then 'PASS' else 'FAIL' end,
       case when a = 2 and n % 4 > 0
         then jsonb_build_object('steps', 4)
         else jsonb_build_object('steps', 1 + n % 3, 'failed_step', (array['build', 'test', 'explain'])[1 + n % 3])
       end,
       500 + n * 37 % 9000
from generate_series(1, 1960) as n, generate_series(1, 2) as a
on conflict do nothing;

insert into execution.proof_artifacts (id, verification_attempt_id, artifact_type, location, sha256, size_bytes)
select ('0190de00-0000-7000-8000-' || to_char(140000000 + n * 10 + k, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(130000000 + n * 10 + 2, 'fm000000000000'))::uuid,
       (array['LOG', 'DIFF'])[k],
       's3://proof-demo/' || n || '/' || k,
       encode(sha256(convert_to('demo proof ' || n || '.' || k, 'UTF8')), 'hex'),
       1000 + n * 91 % 50000
from generate_series(1, 1960) as n, generate_series(1, 2) as k
on conflict do nothing;

-- delivery ------------------------------------------------------------------------------------------------------

insert into delivery.snapshots (id, size_bytes, manifest, blob_location)
select encode(sha256(convert_to('demo snapshot ' || n, 'UTF8')), 'hex'),
       1000 + n * 113 % 900000,
       jsonb_build_object('files', jsonb_build_array(jsonb_build_object('path', 'part-' || n % 25 || '.sql'))),
       case when n % 40 > 0 then 's3://snapshots-demo/' || n end
from generate_series(1, 1000) as n
on conflict do nothing;

-- The key first, with the time of the event, then the event with the time of its key.
with life as (
  select min(lower_bound) as from_time, least(max(upper_bound), now()) as to_time
  from shared.partition_bounds('delivery.delivery_events')
)
insert into delivery.delivery_event_keys (delivery_id, source, created_at)
select 'demo-delivery-' || n, 'github', life.from_time + (life.to_time - life.from_time) * (n - 1) / 2000
from life, generate_series(1, 2000) as n
where life.from_time < life.to_time
on conflict do nothing;

insert into delivery.delivery_events (id, delivery_id, source, event_type, snapshot_id, payload, created_at)
select ('0190de00-0000-7000-8000-' || to_char(150000000 + n, 'fm000000000000'))::uuid,
       key.delivery_id,
       key.source,
       (array['push', 'pull_request', 'check_run'])[1 + n % 3],
       encode(sha256(convert_to('demo snapshot ' || 1 + n % 1000, 'UTF8')), 'hex'),
       jsonb_build_object('repository', jsonb_build_object('full_name', 'demo-learner-' || n % 200 || '/lab-' || n % 40)),
       key.created_at
from generate_series(1, 2000) as n
join delivery.delivery_event_keys key on key.delivery_id = 'demo-delivery-' || n and key.source = 'github'
on conflict do nothing;

with life as (
  select min(lower_bound) as from_time, least(max(upper_bound), now()) as to_time
  from shared.partition_bounds('delivery.snapshot_events')
)
insert into delivery.snapshot_event_keys (snapshot_id, event_type, delivery_id, created_at)
select encode(sha256(convert_to('demo snapshot ' || 1 + n % 1000, 'UTF8')), 'hex'),
       (array['CAPTURED', 'STORED'])[1 + n / 1001],
       'demo-delivery-' || n,
       life.from_time + (life.to_time - life.from_time) * (n - 1) / 2000
from life, generate_series(1, 2000) as n
where life.from_time < life.to_time
on conflict do nothing;

insert into delivery.snapshot_events (id, snapshot_id, event_type, delivery_id, created_at)
select ('0190de00-0000-7000-8000-' || to_char(160000000 + n, 'fm000000000000'))::uuid,
       key.snapshot_id,
       key.event_type,
       key.delivery_id,
       key.created_at
from generate_series(1, 2000) as n
join delivery.snapshot_event_keys key on key.delivery_id = 'demo-delivery-' || n
on conflict do nothing;

insert into delivery.idempotency_keys (scope, key, request_hash, state, response_status, response_body, expires_at, created_at)
select 'user:demo-' || 1 + n % 200 || ':POST /sessions',
       'demo-' || n,
       encode(sha256(convert_to('demo request ' || n, 'UTF8')), 'hex'),
       'completed',
       201,
       jsonb_build_object('n', n),
       now() + make_interval(hours => n % 48 - 24),
       now() - interval '48 hours'
from generate_series(1, 500) as n
on conflict do nothing;

-- A repository is free again when its session is over; the newest forty sessions hold theirs.
insert into delivery.repo_session_bindings (id, repo_url, lab_session_id, created_at, released_at)
select ('0190de00-0000-7000-8000-' || to_char(170000000 + n, 'fm000000000000'))::uuid,
       m.repo_url,
       s.id,
       s.started_at,
       s.completed_at
from generate_series(1, 2000) as n
join execution.lab_sessions s on s.id = ('0190de00-0000-7000-8000-' || to_char(100000000 + n, 'fm000000000000'))::uuid
join execution.github_repo_mappings m on m.lab_session_id = s.id
on conflict do nothing;

-- audit ---------------------------------------------------------------------------------------------------------

with life as (
  select min(lower_bound) as from_time, least(max(upper_bound), now()) as to_time
  from shared.partition_bounds('audit.audit_log')
)
insert into audit.audit_log
  (id, occurred_at, actor_type, actor_id, action, entity_type, entity_id, outcome, reason_code, context, metadata, created_at)
select new.id,
       new.at,
       case when new.n % 10 = 0 then 'service' else 'user' end,
       case when new.n % 10 = 0 then 'task-runner' else '0190de00-0000-7000-8000-' || to_char(10000000 + 1 + new.n % 200, 'fm000000000000') end,
       (array['identity.session.open', 'execution.session.start', 'execution.session.finish', 'content.lesson.view', 'billing.plan.change'])[1 + new.n % 5],
       (array['identity.auth_sessions', 'execution.lab_sessions', 'execution.lab_sessions', 'content.lessons', 'billing.subscriptions'])[1 + new.n % 5],
       '0190de00-0000-7000-8000-' || to_char(100000000 + 1 + new.n % 2000, 'fm000000000000'),
       case when new.n % 211 = 0 then 'denied' when new.n % 97 = 0 then 'failure' else 'success' end,
       case when new.n % 211 = 0 then 'AUTH_FORBIDDEN' when new.n % 97 = 0 then 'DB_TIMEOUT' end,
       jsonb_build_object('app', 'web-app', 'request_id', 'demo-request-' || new.n / 2),
       jsonb_build_object('n', new.n),
       new.at
from (
  select n,
         ('0190de00-0000-7000-8000-' || to_char(180000000 + n, 'fm000000000000'))::uuid as id,
         life.from_time + (life.to_time - life.from_time) * (n - 1) / 20000 as at
  from life, generate_series(1, 20000) as n
  where life.from_time < life.to_time
) new
where not exists (select from audit.audit_log a where a.id = new.id);

-- admin, billing ------------------------------------------------------------------------------------------------

insert into admin.feature_flags (id, key, enabled, description)
select ('0190de00-0000-7000-8000-' || to_char(190000000 + n, 'fm000000000000'))::uuid,
       'demo.feature-' || n,
       n % 2 = 0,
       'demo feature ' || n
from generate_series(1, 10) as n
on conflict do nothing;

insert into billing.subscriptions (id, user_id, plan, provider_reference, current_period_start, current_period_end)
select ('0190de00-0000-7000-8000-' || to_char(200000000 + n, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(10000000 + n, 'fm000000000000'))::uuid,
       (case when n % 4 = 0 then 'PAID' else 'FREE' end)::billing.subscription_plan,
       case when n % 4 = 0 then 'sub_demo_' || n end,
       now() - make_interval(days => n % 30),
       case when n % 4 = 0 then now() + make_interval(days => 30 - n % 30) end
from generate_series(1, 200) as n
on conflict do nothing;

-- jobs ----------------------------------------------------------------------------------------------------------

insert into jobs.jobs (id, name, job_key, state, payload, run_at, attempts, last_error_code, finished_at)
select ('0190de00-0000-7000-8000-' || to_char(210000000 + n, 'fm000000000000'))::uuid,
       (array['email.welcome', 'report.weekly', 'proof.thumbnail'])[1 + n % 3],
       'demo-' || n,
       (case when n > 980 then 'queued' when n % 25 = 0 then 'failed' else 'completed' end)::jobs.run_state,
       jsonb_build_object('n', n),
       now() - make_interval(mins => 1001 - n),
       case when n > 980 then 0 when n % 25 = 0 then 2 else 1 end,
       case when n <= 980 and n % 25 = 0 then 'MAIL_REJECTED' end,
       case when n <= 980 then now() - make_interval(mins => 1000 - n) end
from generate_series(1, 1000) as n
on conflict do nothing;

with life as (
  select min(lower_bound) as from_time, least(max(upper_bound), now()) as to_time
  from shared.partition_bounds('jobs.job_runs')
)
insert into jobs.job_runs (job_id, attempt, state, worker, started_at, finished_at, error_code, created_at)
select new.job_id,
       new.attempt,
       (case when new.n % 25 = 0 then 'failed' else 'completed' end)::jobs.run_state,
       'web-jobs-' || new.n % 3,
       new.at,
       new.at + make_interval(secs => new.n % 40),
       case when new.n % 25 = 0 then 'MAIL_REJECTED' end,
       new.at
from (
  select n,
         attempt,
         ('0190de00-0000-7000-8000-' || to_char(210000000 + n, 'fm000000000000'))::uuid as job_id,
         life.from_time + (life.to_time - life.from_time) * (n - 1) / 980 as at
  from life, generate_series(1, 980) as n, generate_series(1, 2) as attempt
  where life.from_time < life.to_time
    and (attempt = 1 or n % 25 = 0)
) new
where not exists (
  select from jobs.job_runs r
  where r.job_id = new.job_id
    and r.attempt = new.attempt
)
order by new.n, new.attempt;

insert into jobs.tasks (id, name, description, schedule, config)
select ('0190de00-0000-7000-8000-' || to_char(220000000 + n, 'fm000000000000'))::uuid,
       'demo-task-' || n,
       'demo task ' || n,
       case when n < 5 then n || ' * * * *' end,
       jsonb_build_object('queue', (array['maintenance', 'heavy'])[1 + n % 2])
from generate_series(1, 5) as n
on conflict do nothing;

insert into jobs.task_runs (id, task_id, scheduled_for, state, started_at, finished_at, result)
select ('0190de00-0000-7000-8000-' || to_char(230000000 + n, 'fm000000000000'))::uuid,
       ('0190de00-0000-7000-8000-' || to_char(220000000 + 1 + n % 5, 'fm000000000000'))::uuid,
       date_trunc('hour', now(), 'UTC') - make_interval(hours => 501 - n),
       (case when n > 495 then 'queued' when n % 40 = 0 then 'failed' else 'completed' end)::jobs.run_state,
       case when n <= 495 then date_trunc('hour', now(), 'UTC') - make_interval(hours => 501 - n) end,
       case when n <= 495 then date_trunc('hour', now(), 'UTC') - make_interval(hours => 501 - n, secs => - n % 300) end,
       jsonb_build_object('rows', n * 3)
from generate_series(1, 500) as n
on conflict do nothing;

insert into jobs.task_progress (task_run_id, step, units_done, units_total)
select new.task_run_id, new.step, 100, 100
from (
  select ('0190de00-0000-7000-8000-' || to_char(230000000 + n, 'fm000000000000'))::uuid as task_run_id,
         (array['read', 'write'])[k] as step
  from generate_series(1, 495) as n, generate_series(1, 2) as k
  order by n, k
) new
where not exists (
  select from jobs.task_progress p
  where p.task_run_id = new.task_run_id
    and p.step = new.step
);

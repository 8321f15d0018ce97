-- Verification: a queue of commits to verify, and what came of it. The queue is ordinary, mutable and purged; the
-- attempt and its proof are history.
--
-- verification_attempts and proof_artifacts are protected (append-only, guarded later): built-in scalar types only,
-- closed lists as text with a check, no foreign key that cascades, no row-level security, no insert trigger.

create type execution.verification_state as enum ('queued', 'running', 'succeeded', 'dead');

comment on type execution.verification_state is
  'life of a verification job; succeeded: a verdict exists, be it PASS or FAIL; dead: out of attempts';

-- verification_jobs ---------------------------------------------------------------------------------------------

-- Rows change state several times and are soon deleted: room for updates within the page, and early vacuum.
create table execution.verification_jobs (
  id bigint generated always as identity,
  lab_session_id uuid not null,
  commit_sha text not null,
  state execution.verification_state not null default 'queued',
  payload jsonb not null default '{}',
  run_at timestamptz not null default now(),
  attempts integer not null default 0,
  max_attempts integer not null default 5,
  locked_by text,
  lease_until timestamptz,
  last_error_code text,
  request_id text,
  finished_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint verification_jobs_pkey primary key (id),
  constraint verification_jobs_lab_session_id_fkey
    foreign key (lab_session_id) references execution.lab_sessions (id) on delete cascade,
  constraint verification_jobs_commit_sha_check check (commit_sha ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'),
  constraint verification_jobs_attempts_check check (attempts >= 0 and max_attempts > 0),
  constraint verification_jobs_lease_check
    check ((state = 'running') = (locked_by is not null and lease_until is not null)),
  constraint verification_jobs_finished_at_check
    check ((state in ('succeeded', 'dead')) = (finished_at is not null))
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

create unique index verification_jobs_commit_sha_key on execution.verification_jobs (commit_sha)
  where state in ('queued', 'running');
create index verification_jobs_claim_idx on execution.verification_jobs (run_at, id) where state = 'queued';
create index verification_jobs_lease_idx on execution.verification_jobs (lease_until) where state = 'running';
create index verification_jobs_finished_at_idx on execution.verification_jobs (finished_at)
  where state in ('succeeded', 'dead');
create index verification_jobs_lab_session_id_idx on execution.verification_jobs (lab_session_id, id desc);

comment on table execution.verification_jobs is 'queue: commits waiting to be verified, in work, and done lately';
comment on column execution.verification_jobs.run_at is 'not before this time; a retry moves it forward';
comment on column execution.verification_jobs.lease_until is
  'the worker''s promise; once past, the reaper queues the job again';
comment on column execution.verification_jobs.last_error_code is
  'stable code of the runtime, never the text of an error';
comment on column execution.verification_jobs.payload is
  'what the worker needs; never searched, so without a GIN index';
comment on index execution.verification_jobs_commit_sha_key is
  'serves: enqueue once a commit while it is queued or running, on conflict (commit_sha)';
comment on index execution.verification_jobs_claim_idx is
  'serves: claim, where state = ''queued'' and run_at <= now() order by run_at, id for update skip locked';
comment on index execution.verification_jobs_lease_idx is
  'serves: reaper, where state = ''running'' and lease_until < now()';
comment on index execution.verification_jobs_finished_at_idx is
  'serves: clean-up, where state in (''succeeded'', ''dead'') and finished_at < $1 order by finished_at limit $2';
comment on index execution.verification_jobs_lab_session_id_idx is
  'serves: jobs of a session, where lab_session_id = $1 order by id desc';

create trigger set_updated_at before update on execution.verification_jobs
  for each row execute function shared.set_updated_at();

create function execution.enqueue_verification(session uuid, commit_to_verify text, work jsonb default '{}')
returns bigint
language sql
set search_path = ''
as $$
  insert into execution.verification_jobs (lab_session_id, commit_sha, payload)
  values (session, commit_to_verify, work)
  on conflict (commit_sha) where state in ('queued', 'running') do nothing
  returning id
$$;

comment on function execution.enqueue_verification(uuid, text, jsonb) is
  'queues a commit in the caller''s transaction, so that job and change commit together; '
  'null: the commit is already queued or running';

create function execution.claim_verification_jobs(worker text, batch integer default 10, lease interval default '5 minutes')
returns setof execution.verification_jobs
language sql
set search_path = ''
as $$
  update execution.verification_jobs job
  set state = 'running',
      attempts = job.attempts + 1,
      locked_by = worker,
      lease_until = now() + lease
  where job.id = any (array(
    select waiting.id
    from execution.verification_jobs waiting
    where waiting.state = 'queued'
      and waiting.run_at <= now()
    order by waiting.run_at, waiting.id
    limit batch
    for update skip locked
  ))
  returning job.*
$$;

comment on function execution.claim_verification_jobs(text, integer, interval) is
  'hands each waiting job to one worker; claim many at once (measured: 1,426 jobs/s by one, 27,367 by fifty), '
  'work outside the transaction, and finish before the lease ends';

revoke execute on function execution.enqueue_verification(uuid, text, jsonb) from public;
revoke execute on function execution.claim_verification_jobs(text, integer, interval) from public;

-- verification_attempts (protected) -----------------------------------------------------------------------------

create table execution.verification_attempts (
  id uuid default uuidv7(),
  lab_session_id uuid not null,
  verification_job_id bigint,
  commit_sha text not null,
  result text not null,
  logs jsonb not null default '{}',
  duration_ms integer,
  created_at timestamptz not null default now(),
  recorded_xid xid8 not null default pg_current_xact_id(),
  constraint verification_attempts_pkey primary key (id),
  constraint verification_attempts_lab_session_id_fkey foreign key (lab_session_id) references execution.lab_sessions (id),
  constraint verification_attempts_commit_sha_check check (commit_sha ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'),
  constraint verification_attempts_result_check check (result in ('PASS', 'FAIL')),
  constraint verification_attempts_logs_check check (jsonb_typeof(logs) in ('object', 'array')),
  constraint verification_attempts_duration_ms_check check (duration_ms >= 0)
);

create index verification_attempts_lab_session_id_idx on execution.verification_attempts (lab_session_id, created_at desc);
create index verification_attempts_commit_sha_idx on execution.verification_attempts (commit_sha);
create index verification_attempts_logs_idx on execution.verification_attempts using gin (logs jsonb_path_ops);
create index verification_attempts_recorded_xid_idx on execution.verification_attempts (recorded_xid);

comment on table execution.verification_attempts is
  'append-only: each verification that ran to its end, and its verdict';
comment on column execution.verification_attempts.verification_job_id is
  'without a foreign key: jobs are deleted after a while, attempts are not';
comment on column execution.verification_attempts.recorded_xid is
  'transaction that inserted the row; not for callers: grant insert on the other columns';
comment on index execution.verification_attempts_lab_session_id_idx is
  'serves: verdicts of a session, where lab_session_id = $1 order by created_at desc';
comment on index execution.verification_attempts_commit_sha_idx is
  'serves: was this commit verified, where commit_sha = $1';
comment on index execution.verification_attempts_logs_idx is
  'serves: which attempts failed at a step, where logs @> ''{"failed_step": "…"}''';
comment on index execution.verification_attempts_recorded_xid_idx is
  'serves: ledger checkpoint, where recorded_xid >= $1 and recorded_xid < $2';

-- proof_artifacts (protected) -----------------------------------------------------------------------------------

-- Narrow on purpose and never archived: content may move to cold storage, its hash stays here for ever. Where an
-- archived artifact lies is recorded in the archive manifest; this row is not updated, since it cannot be.
create table execution.proof_artifacts (
  id uuid default uuidv7(),
  verification_attempt_id uuid not null,
  artifact_type text not null,
  location text not null,
  sha256 text not null,
  size_bytes bigint not null,
  media_type text,
  created_at timestamptz not null default now(),
  recorded_xid xid8 not null default pg_current_xact_id(),
  constraint proof_artifacts_pkey primary key (id),
  constraint proof_artifacts_attempt_type_sha256_key unique (verification_attempt_id, artifact_type, sha256),
  constraint proof_artifacts_verification_attempt_id_fkey
    foreign key (verification_attempt_id) references execution.verification_attempts (id),
  constraint proof_artifacts_artifact_type_check check (artifact_type in ('LOG', 'DIFF', 'SCREENSHOT')),
  constraint proof_artifacts_location_check check (location ~ '^[a-z][a-z0-9+.-]*://'),
  constraint proof_artifacts_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint proof_artifacts_size_bytes_check check (size_bytes >= 0)
);

create index proof_artifacts_sha256_idx on execution.proof_artifacts (sha256);
create index proof_artifacts_created_at_idx on execution.proof_artifacts (created_at, id);
create index proof_artifacts_recorded_xid_idx on execution.proof_artifacts (recorded_xid);

comment on table execution.proof_artifacts is
  'append-only: what proves a verdict, by hash, and where it was put first';
comment on column execution.proof_artifacts.location is
  'URI at the time of writing; later places are in the archive manifests';
comment on column execution.proof_artifacts.sha256 is
  'of the content, lower-case hex; what makes a copy from anywhere verifiable';
comment on column execution.proof_artifacts.recorded_xid is
  'transaction that inserted the row; not for callers: grant insert on the other columns';
comment on index execution.proof_artifacts_attempt_type_sha256_key is
  'serves: artifacts of an attempt, where verification_attempt_id = $1; the same one is not recorded twice';
comment on index execution.proof_artifacts_sha256_idx is 'serves: whose content is this, where sha256 = $1';
comment on index execution.proof_artifacts_created_at_idx is
  'serves: retention, where created_at < $1 order by created_at, id limit $2';
comment on index execution.proof_artifacts_recorded_xid_idx is
  'serves: ledger checkpoint, where recorded_xid >= $1 and recorded_xid < $2';

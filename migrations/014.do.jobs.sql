-- Background work of two kinds. jobs and job_runs belong to web-jobs: a job is asked for once, by an id of the
-- caller's choice, and every run of it is kept for a while. tasks, task_runs and task_progress belong to the task
-- runner: a task is declared, runs by schedule or by hand, and says how far it is.
--
-- job_runs is partitioned by month, since it is history and by far the largest; it is mutable, not protected.
-- The number of a run comes from jobs.attempts, which is counted up under the row's lock, so it is unique without
-- a unique key across partitions.

create type jobs.run_state as enum ('queued', 'running', 'completed', 'failed', 'cancelled');

comment on type jobs.run_state is 'life of a job, a job run or a task run';

-- jobs ----------------------------------------------------------------------------------------------------------

-- Rows change state several times: room for updates within the page, and early vacuum.
create table jobs.jobs (
  id uuid default uuidv7(),
  name text not null,
  job_key text not null,
  state jobs.run_state not null default 'queued',
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
  constraint jobs_pkey primary key (id),
  constraint jobs_name_job_key_key unique (name, job_key),
  constraint jobs_name_check check (name ~ '^[a-z][a-z0-9_.-]{0,99}$'),
  constraint jobs_attempts_check check (attempts >= 0 and max_attempts > 0),
  constraint jobs_lease_check check ((state = 'running') = (locked_by is not null and lease_until is not null)),
  constraint jobs_finished_at_check check ((state in ('completed', 'failed', 'cancelled')) = (finished_at is not null)),
  constraint jobs_payload_check check (jsonb_typeof(payload) = 'object')
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

create index jobs_claim_idx on jobs.jobs (run_at, id) where state = 'queued';
create index jobs_lease_idx on jobs.jobs (lease_until) where state = 'running';
create index jobs_finished_at_idx on jobs.jobs (finished_at) where state in ('completed', 'failed', 'cancelled');
create index jobs_payload_idx on jobs.jobs using gin (payload jsonb_path_ops);

comment on table jobs.jobs is 'work asked of web-jobs, each piece once';
comment on column jobs.jobs.job_key is
  'chosen by the caller, the same for the same work: asking twice makes one job';
comment on column jobs.jobs.attempts is
  'runs so far; counted up by the update that claims the job, and the number of the new run';
comment on column jobs.jobs.lease_until is 'the worker''s promise; once past, the reaper queues the job again';
comment on column jobs.jobs.last_error_code is 'stable code of the runtime, never the text of an error';
comment on index jobs.jobs_name_job_key_key is
  'serves: enqueue once, on conflict (name, job_key), and status by key';
comment on index jobs.jobs_claim_idx is
  'serves: claim, where state = ''queued'' and run_at <= now() order by run_at, id for update skip locked';
comment on index jobs.jobs_lease_idx is 'serves: reaper, where state = ''running'' and lease_until < now()';
comment on index jobs.jobs_finished_at_idx is
  'serves: clean-up, where state in (''completed'', ''failed'', ''cancelled'') and finished_at < $1 order by finished_at limit $2';
comment on index jobs.jobs_payload_idx is 'serves: jobs about a thing, where payload @> ''{"user_id": "…"}''';

create trigger set_updated_at before update on jobs.jobs
  for each row execute function shared.set_updated_at();

-- job_runs ------------------------------------------------------------------------------------------------------

create table jobs.job_runs (
  id bigint generated always as identity,
  job_id uuid not null,
  attempt integer not null,
  state jobs.run_state not null default 'running',
  worker text,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  error_code text,
  result jsonb not null default '{}',
  request_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint job_runs_pkey primary key (id, created_at),
  constraint job_runs_job_id_fkey foreign key (job_id) references jobs.jobs (id) on delete cascade,
  constraint job_runs_attempt_check check (attempt > 0),
  constraint job_runs_finished_at_check
    check ((state in ('completed', 'failed', 'cancelled')) = (finished_at is not null) and finished_at >= started_at),
  constraint job_runs_result_check check (jsonb_typeof(result) = 'object')
) partition by range (created_at);

create table jobs.job_runs_default partition of jobs.job_runs default;

create index job_runs_job_id_idx on jobs.job_runs (job_id, attempt desc);
create index job_runs_state_idx on jobs.job_runs (state, created_at desc);

comment on table jobs.job_runs is
  'by month: every run of every job; whole months are removed, or the runs of a job with the job';
comment on table jobs.job_runs_default is 'job_runs of months without a partition; rows here are an alarm';
comment on column jobs.job_runs.error_code is 'stable code of the runtime, never the text of an error';
comment on column jobs.job_runs.result is 'what the run reports; never searched, so without a GIN index';
comment on index jobs.job_runs_job_id_idx is 'serves: runs of a job, where job_id = $1 order by attempt desc';
comment on index jobs.job_runs_state_idx is
  'serves: failures lately, where state = ''failed'' and created_at >= $1 order by created_at desc';

create trigger set_updated_at before update on jobs.job_runs
  for each row execute function shared.set_updated_at();

select shared.create_monthly_partitions('jobs.job_runs', months_ahead => 3, months_back => 1);

-- tasks ---------------------------------------------------------------------------------------------------------

create table jobs.tasks (
  id uuid default uuidv7(),
  name text not null,
  description text not null default '',
  schedule text,
  enabled boolean not null default true,
  config jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tasks_pkey primary key (id),
  constraint tasks_name_key unique (name),
  constraint tasks_name_check check (name ~ '^[a-z][a-z0-9_.-]{0,99}$'),
  constraint tasks_config_check check (jsonb_typeof(config) = 'object')
);

create index tasks_config_queue_idx on jobs.tasks ((config ->> 'queue'));

comment on table jobs.tasks is 'what the task runner can do, declared once';
comment on column jobs.tasks.config is 'queue, limits, arguments; a table of a few dozen rows needs no GIN index';
comment on column jobs.tasks.schedule is 'five-field cron expression in UTC; null: only by hand';
comment on index jobs.tasks_name_key is 'serves: start by name, where name = $1';
comment on index jobs.tasks_config_queue_idx is 'serves: tasks of a queue, where config ->> ''queue'' = $1';

create trigger set_updated_at before update on jobs.tasks
  for each row execute function shared.set_updated_at();

-- task_runs -----------------------------------------------------------------------------------------------------

create table jobs.task_runs (
  id uuid default uuidv7(),
  task_id uuid not null,
  scheduled_for timestamptz,
  state jobs.run_state not null default 'queued',
  locked_by text,
  lease_until timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  error_code text,
  result jsonb not null default '{}',
  request_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint task_runs_pkey primary key (id),
  constraint task_runs_task_scheduled_key unique (task_id, scheduled_for),
  constraint task_runs_task_id_fkey foreign key (task_id) references jobs.tasks (id),
  constraint task_runs_lease_check check ((state = 'running') = (locked_by is not null and lease_until is not null)),
  constraint task_runs_finished_at_check
    check ((state in ('completed', 'failed', 'cancelled')) = (finished_at is not null) and finished_at >= started_at),
  constraint task_runs_result_check check (jsonb_typeof(result) = 'object')
);

create index task_runs_task_id_idx on jobs.task_runs (task_id, created_at desc);
create index task_runs_claim_idx on jobs.task_runs (created_at, id) where state = 'queued';
create index task_runs_lease_idx on jobs.task_runs (lease_until) where state = 'running';
create index task_runs_finished_at_idx on jobs.task_runs (finished_at) where state in ('completed', 'failed', 'cancelled');

comment on table jobs.task_runs is 'runs of tasks, waiting, going on and done';
comment on column jobs.task_runs.scheduled_for is
  'the moment of the schedule it stands for: two schedulers make one run; null: by hand';
comment on column jobs.task_runs.result is 'what the run reports; never searched, so without a GIN index';
comment on index jobs.task_runs_task_scheduled_key is
  'serves: schedule once, on conflict (task_id, scheduled_for)';
comment on index jobs.task_runs_task_id_idx is
  'serves: API, runs of a task, where task_id = $1 order by created_at desc limit $2';
comment on index jobs.task_runs_claim_idx is
  'serves: claim, where state = ''queued'' order by created_at, id for update skip locked';
comment on index jobs.task_runs_lease_idx is 'serves: reaper, where state = ''running'' and lease_until < now()';
comment on index jobs.task_runs_finished_at_idx is
  'serves: clean-up, where state in (''completed'', ''failed'', ''cancelled'') and finished_at < $1 order by finished_at limit $2';

create trigger set_updated_at before update on jobs.task_runs
  for each row execute function shared.set_updated_at();

-- task_progress -------------------------------------------------------------------------------------------------

-- One row a step, updated in place many times a minute; no index on what changes, so that updates stay in the page.
create table jobs.task_progress (
  id bigint generated always as identity,
  task_run_id uuid not null,
  step text not null,
  units_done bigint not null default 0,
  units_total bigint,
  message text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint task_progress_pkey primary key (id),
  constraint task_progress_run_step_key unique (task_run_id, step),
  constraint task_progress_task_run_id_fkey foreign key (task_run_id) references jobs.task_runs (id) on delete cascade,
  constraint task_progress_units_check check (units_done >= 0 and units_total >= 0)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

comment on table jobs.task_progress is 'how far a task run is, step by step, as the API shows it';
comment on column jobs.task_progress.units_total is 'null while unknown';
comment on index jobs.task_progress_run_step_key is
  'serves: API, progress of a run, where task_run_id = $1; and on conflict (task_run_id, step) do update';

create trigger set_updated_at before update on jobs.task_progress
  for each row execute function shared.set_updated_at();

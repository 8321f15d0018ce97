-- A lab session is one learner's run of one lab version. What it costs is worked out from compute_rates by the
-- trigger of the next file; here are only the tables.

create type execution.session_status as enum ('IN_PROGRESS', 'VERIFIED_PASS', 'FAILED');
create type execution.attempt_status as enum ('SUBMITTED', 'PASSED', 'FAILED');

comment on type execution.session_status is 'where a lab session stands';
comment on type execution.attempt_status is 'where a submission within a session stands';

-- compute_rates -------------------------------------------------------------------------------------------------

-- One rate a tier at any moment, by an exclusion constraint. Comparing plain numbers for equality inside a GiST index
-- (and so "without overlaps") needs the extension btree_gist; a range that holds just the number overlaps another
-- exactly when the numbers are equal, and every server has that.
create table execution.compute_rates (
  id bigint generated always as identity,
  compute_tier integer not null default 1,
  rate_per_hour numeric(12, 6) not null,
  currency text not null,
  valid_during tstzrange not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint compute_rates_pkey primary key (id),
  constraint compute_rates_one_at_a_time_excl
    exclude using gist (int4range(compute_tier, compute_tier, '[]') with &&, valid_during with &&),
  constraint compute_rates_compute_tier_check check (compute_tier between 1 and 99),
  constraint compute_rates_rate_per_hour_check check (rate_per_hour >= 0),
  constraint compute_rates_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint compute_rates_valid_during_check check (not isempty(valid_during))
);

comment on table execution.compute_rates is
  'what an hour of a compute tier costs, and when; a new price closes the old range and opens the next: '
  'sessions already costed keep their cost';
comment on column execution.compute_rates.compute_tier is
  'size of machine as the scheduler numbers them: 1 standard, 2 large, 3 GPU …';
comment on column execution.compute_rates.valid_during is
  'when the rate holds, written [from,to); no upper bound: until further notice';
comment on index execution.compute_rates_one_at_a_time_excl is
  'serves: the rule that the rates of a tier never overlap';

create trigger set_updated_at before update on execution.compute_rates
  for each row execute function shared.set_updated_at();

-- lab_sessions --------------------------------------------------------------------------------------------------

create table execution.lab_sessions (
  id uuid default uuidv7(),
  user_id uuid not null,
  lab_version_id uuid not null,
  status execution.session_status not null default 'IN_PROGRESS',
  compute_tier integer not null default 1,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  cost_status text not null default 'PENDING',
  cost_amount numeric(18, 6),
  cost_currency text,
  cost_metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint lab_sessions_pkey primary key (id),
  constraint lab_sessions_user_id_fkey foreign key (user_id) references identity.users (id),
  constraint lab_sessions_lab_version_id_fkey foreign key (lab_version_id) references content.lab_versions (id),
  constraint lab_sessions_status_check check ((status = 'IN_PROGRESS') = (completed_at is null)),
  constraint lab_sessions_started_at_check check (isfinite(started_at)),
  constraint lab_sessions_completed_at_check check (isfinite(completed_at) and completed_at >= started_at),
  constraint lab_sessions_cost_status_check check (cost_status in ('PENDING', 'FINAL', 'RATE_MISSING', 'MIXED_CURRENCY')),
  constraint lab_sessions_cost_amount_check check ((cost_status = 'FINAL') = (cost_amount is not null and cost_currency is not null)),
  constraint lab_sessions_cost_metadata_check check (jsonb_typeof(cost_metadata) = 'object')
);

create index lab_sessions_user_id_idx on execution.lab_sessions (user_id, started_at desc, id desc);
create index lab_sessions_lab_version_id_idx on execution.lab_sessions (lab_version_id);
create index lab_sessions_open_idx on execution.lab_sessions (started_at) where status = 'IN_PROGRESS';
create index lab_sessions_completed_at_idx on execution.lab_sessions (completed_at) where completed_at is not null;
create index lab_sessions_cost_problem_idx on execution.lab_sessions (cost_status, id)
  where cost_status in ('RATE_MISSING', 'MIXED_CURRENCY');
create index lab_sessions_cost_metadata_idx on execution.lab_sessions using gin (cost_metadata jsonb_path_ops);
create index lab_sessions_cost_node_idx on execution.lab_sessions ((cost_metadata ->> 'node'), completed_at);

comment on table execution.lab_sessions is 'one learner''s run of one lab version';
comment on column execution.lab_sessions.compute_tier is 'which of compute_rates applies';
comment on column execution.lab_sessions.cost_status is
  'PENDING until completed; FINAL; RATE_MISSING or MIXED_CURRENCY: rates do not cover the session or change '
  'currency within it, repair them and update the row. Written by the trigger only';
comment on column execution.lab_sessions.cost_amount is
  'rate times time, exact, rounded once to six places; written by the trigger only';
comment on column execution.lab_sessions.cost_currency is 'ISO 4217; written by the trigger only';
comment on column execution.lab_sessions.cost_metadata is
  'for monitoring: keys of the writer''s choice (region, node …), and "computed", the calculation, which only the trigger writes';
comment on index execution.lab_sessions_user_id_idx is
  'serves: sessions of a user, where user_id = $1 order by started_at desc, id desc limit $2';
comment on index execution.lab_sessions_lab_version_id_idx is
  'serves: sessions of a lab version, where lab_version_id = $1';
comment on index execution.lab_sessions_open_idx is
  'serves: abandoned sessions, where status = ''IN_PROGRESS'' and started_at < $1';
comment on index execution.lab_sessions_completed_at_idx is
  'serves: cost of a period, where completed_at >= $1 and completed_at < $2';
comment on index execution.lab_sessions_cost_problem_idx is
  'serves: dbctl cost, where cost_status in (''RATE_MISSING'', ''MIXED_CURRENCY'')';
comment on index execution.lab_sessions_cost_metadata_idx is
  'serves: cost by anything recorded, where cost_metadata @> $1';
comment on index execution.lab_sessions_cost_node_idx is
  'serves: cost of a machine, where cost_metadata ->> ''node'' = $1 and completed_at >= $2';

create trigger set_updated_at before update on execution.lab_sessions
  for each row execute function shared.set_updated_at();

-- lab_attempts --------------------------------------------------------------------------------------------------

create table execution.lab_attempts (
  id uuid default uuidv7(),
  lab_session_id uuid not null,
  attempt_number integer not null,
  status execution.attempt_status not null default 'SUBMITTED',
  commit_sha text,
  details jsonb not null default '{}',
  submitted_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint lab_attempts_pkey primary key (id),
  constraint lab_attempts_session_attempt_key unique (lab_session_id, attempt_number),
  constraint lab_attempts_lab_session_id_fkey
    foreign key (lab_session_id) references execution.lab_sessions (id) on delete cascade,
  constraint lab_attempts_attempt_number_check check (attempt_number > 0),
  constraint lab_attempts_commit_sha_check check (commit_sha ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'),
  constraint lab_attempts_details_check check (jsonb_typeof(details) = 'object')
);

create index lab_attempts_details_idx on execution.lab_attempts using gin (details jsonb_path_ops);

comment on table execution.lab_attempts is 'submissions of a learner within a session, numbered';
comment on column execution.lab_attempts.commit_sha is
  'git object id, sha1 or sha256; null for a lab without repository';
comment on index execution.lab_attempts_session_attempt_key is
  'serves: attempts of a session, where lab_session_id = $1 order by attempt_number';
comment on index execution.lab_attempts_details_idx is
  'serves: attempts by hint or step used, where details @> $1';

create trigger set_updated_at before update on execution.lab_attempts
  for each row execute function shared.set_updated_at();

-- github_repo_mappings ------------------------------------------------------------------------------------------

create table execution.github_repo_mappings (
  id uuid default uuidv7(),
  lab_session_id uuid not null,
  repo_url text not null,
  default_branch text not null default 'main',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint github_repo_mappings_pkey primary key (id),
  constraint github_repo_mappings_session_repo_key unique (lab_session_id, repo_url),
  constraint github_repo_mappings_lab_session_id_fkey
    foreign key (lab_session_id) references execution.lab_sessions (id) on delete cascade,
  constraint github_repo_mappings_repo_url_check
    check (repo_url ~ '^https://[a-z0-9.-]+/[a-z0-9._-]+/[a-z0-9._-]+$' and repo_url !~ '\.git$')
);

create index github_repo_mappings_repo_url_idx on execution.github_repo_mappings (repo_url, id);

comment on table execution.github_repo_mappings is
  'repositories a session may work in; which one it holds: delivery.repo_session_bindings';
comment on column execution.github_repo_mappings.repo_url is
  'one spelling a repository: https, lower case, no ".git", no slash at the end';
comment on index execution.github_repo_mappings_session_repo_key is
  'serves: repositories of a session, where lab_session_id = $1';
comment on index execution.github_repo_mappings_repo_url_idx is
  'serves: webhook to sessions and bind_repo_session_for_update, where repo_url = $1 order by id';

create trigger set_updated_at before update on execution.github_repo_mappings
  for each row execute function shared.set_updated_at();

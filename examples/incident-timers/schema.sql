-- What the application's SQLx migrations make, and the table SQLx keeps its history in.
create extension pg_trgm;

create table _sqlx_migrations (
  version bigint primary key,
  description text not null,
  installed_on timestamptz not null default now(),
  success boolean not null,
  checksum bytea not null,
  execution_time bigint not null
);

create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null,
  password_hash text not null,
  created_at timestamptz not null default now()
);
create unique index users_email_key on users (lower(email));

create table roles (id smallint primary key, name text not null unique);
create table user_roles (
  user_id uuid not null references users on delete cascade,
  role_id smallint not null references roles,
  primary key (user_id, role_id)
);

create table incident_timers (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  title text not null check (length(title) between 1 and 200),
  started_at timestamptz not null,
  stopped_at timestamptz check (stopped_at >= started_at),
  elapsed interval generated always as (stopped_at - started_at) stored
);
create index incident_timers_running on incident_timers (user_id) where stopped_at is null;

create table refresh_tokens (
  token_hash bytea primary key,
  user_id uuid not null references users on delete cascade,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create table verification_tokens (token_hash bytea primary key, user_id uuid not null references users on delete cascade, expires_at timestamptz not null);
create table password_reset_tokens (token_hash bytea primary key, user_id uuid not null references users on delete cascade, expires_at timestamptz not null);
create table email_suppressions (email text primary key, reason text not null, created_at timestamptz not null default now());

create table phrases (
  id bigint generated always as identity primary key,
  body text not null,
  search tsvector generated always as (to_tsvector('english', body)) stored
);
create index phrases_search on phrases using gin (search);
create index phrases_trgm on phrases using gin (body gin_trgm_ops);
create table user_excluded_phrases (
  user_id uuid not null references users on delete cascade,
  phrase_id bigint not null references phrases on delete cascade,
  primary key (user_id, phrase_id)
);
create table phrase_suggestions (
  id bigint generated always as identity primary key,
  user_id uuid references users on delete set null,
  body text not null,
  status text not null default 'open' check (status in ('open', 'accepted', 'refused'))
);

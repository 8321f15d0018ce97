-- Users and the ways by which they are recognised. No password and no usable token is stored here: a session is
-- kept as the hash of its token, a provider's token as ciphertext or as a reference into a secret store.

create type identity.user_role as enum ('ADMIN', 'USER', 'RECRUITER');
create type identity.auth_provider as enum ('EMAIL', 'GOOGLE', 'GITHUB');

comment on type identity.user_role     is 'what a user may do on the platform';
comment on type identity.auth_provider is 'who vouches for a user';

-- users ---------------------------------------------------------------------------------------------------------

create table identity.users (
  id uuid default uuidv7(),
  email text not null,
  display_name text,
  role identity.user_role not null default 'USER',
  auth_provider identity.auth_provider not null default 'EMAIL',
  email_verified_at timestamptz,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_pkey primary key (id),
  constraint users_email_check check (email ~ '^[^@\s]+@[^@\s]+$' and length(email) <= 320)
);

create unique index users_email_key on identity.users (lower(email));
create index users_email_trgm_idx on identity.users using gin (email extensions.gin_trgm_ops);
create index users_staff_idx on identity.users (role, id) where role <> 'USER';

comment on table identity.users is 'people with an account';
comment on column identity.users.auth_provider is
  'the provider the account was opened with; all of them: auth_identities';
comment on column identity.users.disabled_at is
  'set: may not sign in; the account is kept because history refers to it';
comment on index identity.users_email_key is
  'serves: sign-in and sign-up, where lower(email) = lower($1); one account an address';
comment on index identity.users_email_trgm_idx is 'serves: admin search, where email ilike ''%'' || $1 || ''%''';
comment on index identity.users_staff_idx is
  'serves: list of administrators and recruiters, where role = $1 and role <> ''USER'' order by id';

create trigger set_updated_at before update on identity.users
  for each row execute function shared.set_updated_at();

-- auth_sessions -------------------------------------------------------------------------------------------------

create table identity.auth_sessions (
  id uuid default uuidv7(),
  user_id uuid not null,
  token_hash bytea not null,
  expires_at timestamptz not null,
  last_seen_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint auth_sessions_pkey primary key (id),
  constraint auth_sessions_token_hash_key unique (token_hash),
  constraint auth_sessions_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade,
  constraint auth_sessions_token_hash_check check (octet_length(token_hash) = 32),
  constraint auth_sessions_expires_at_check check (expires_at > created_at)
);

create index auth_sessions_user_id_idx on identity.auth_sessions (user_id, expires_at);
create index auth_sessions_expires_at_idx on identity.auth_sessions (expires_at);

comment on table identity.auth_sessions is
  'signed-in browsers and devices; expired rows are deleted in small batches';
comment on column identity.auth_sessions.token_hash is
  'sha256 of the session token; the token itself is never stored';
comment on index identity.auth_sessions_token_hash_key is
  'serves: every authenticated request, where token_hash = $1';
comment on index identity.auth_sessions_user_id_idx is
  'serves: devices of a user and "sign out everywhere", where user_id = $1';
comment on index identity.auth_sessions_expires_at_idx is
  'serves: clean-up job, where expires_at < now() order by expires_at limit $1';

create trigger set_updated_at before update on identity.auth_sessions
  for each row execute function shared.set_updated_at();

-- auth_identities -----------------------------------------------------------------------------------------------

create table identity.auth_identities (
  id uuid default uuidv7(),
  user_id uuid not null,
  provider identity.auth_provider not null,
  provider_user_id text not null,
  access_token_ciphertext bytea,
  refresh_token_ciphertext bytea,
  encryption_key_id text,
  token_reference text,
  token_expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint auth_identities_pkey primary key (id),
  constraint auth_identities_provider_user_key unique (provider, provider_user_id),
  constraint auth_identities_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade,
  constraint auth_identities_token_place_check
    check (token_reference is null or (access_token_ciphertext is null and refresh_token_ciphertext is null)),
  constraint auth_identities_token_key_check
    check ((encryption_key_id is null) = (access_token_ciphertext is null and refresh_token_ciphertext is null)),
  constraint auth_identities_token_reference_check
    check (token_reference ~ '^[a-z][a-z0-9+.-]*://')
);

create index auth_identities_user_id_idx on identity.auth_identities (user_id);

comment on table identity.auth_identities is 'accounts of a user at sign-in providers, several a user';
comment on column identity.auth_identities.provider_user_id is
  'the provider''s own, permanent id of the account; never its name or address';
comment on column identity.auth_identities.access_token_ciphertext is
  'encrypted by the application before it comes here, or null';
comment on column identity.auth_identities.encryption_key_id is
  'which key of the application''s key store decrypts the ciphertexts';
comment on column identity.auth_identities.token_reference is
  'URI of the token in a secret store; excludes the ciphertext columns';
comment on index identity.auth_identities_provider_user_key is
  'serves: provider sign-in, where provider = $1 and provider_user_id = $2';
comment on index identity.auth_identities_user_id_idx is 'serves: linked accounts of a user, where user_id = $1';

create trigger set_updated_at before update on identity.auth_identities
  for each row execute function shared.set_updated_at();

-- github_accounts -----------------------------------------------------------------------------------------------

create table identity.github_accounts (
  id uuid default uuidv7(),
  user_id uuid not null,
  github_id bigint not null,
  username text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint github_accounts_pkey primary key (id),
  constraint github_accounts_github_id_key unique (github_id),
  constraint github_accounts_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade,
  constraint github_accounts_username_check check (username ~ '^[A-Za-z0-9-]{1,39}$')
);

create index github_accounts_user_id_idx on identity.github_accounts (user_id);
create index github_accounts_username_idx on identity.github_accounts (lower(username));

comment on table identity.github_accounts is 'GitHub accounts whose repositories a user works in';
comment on column identity.github_accounts.username is
  'as last seen; GitHub lets people rename and reuse names, so it is not unique';
comment on index identity.github_accounts_github_id_key is 'serves: webhook sender to user, where github_id = $1';
comment on index identity.github_accounts_user_id_idx is 'serves: GitHub accounts of a user, where user_id = $1';
comment on index identity.github_accounts_username_idx is
  'serves: support look-up, where lower(username) = lower($1)';

create trigger set_updated_at before update on identity.github_accounts
  for each row execute function shared.set_updated_at();

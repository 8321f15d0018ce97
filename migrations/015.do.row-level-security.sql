-- Row-level security on the tables that belong to one user each. It guards against a forgotten "where user_id":
-- not against SQL injection, since whoever can run SQL can set the settings below.
--
-- Two settings decide, both made for one transaction, never for a session (a pooled connection would keep it):
--   set_config('app.user_id', <uuid>, true)      web-app on behalf of a signed-in user: that user's rows
--   set_config('app.access', 'service', true)    sign-in and sign-up (nobody is known yet), administrators' pages,
--                                                web-jobs, task-runner, daemon, migrations that change data: all rows
-- With neither, a session sees no row and writes none: forgetting fails closed. A background app may get the second
-- from its role instead: alter role task_runner set app.access = 'service'.
--
-- Forced, so that the tables' owner is held to it too. Who is not: superusers, and roles with bypassrls, which the
-- backup role needs (row_security = off makes a dump fail rather than be partial). Foreign keys see all rows, and
-- so may tell by an error that a hidden row exists. The policies are for public because roles come later; once they
-- exist, "alter policy ... to <role>" makes the app's role the one thing that decides, and plans simpler.
--
-- After a transaction that set it locally the setting reads '' rather than null, hence nullif. The settings are
-- read in a sub-select, so once a statement and not once a row. "service or mine" cannot use an index, therefore
-- queries go on saying "where user_id = $1"; the policy then only filters.
--
-- Not here, on purpose: the seven protected tables. A policy could hide a row from its readers, which for a record
-- is as bad as deleting it. verification_attempts and proof_artifacts are reached through the session they belong
-- to, so a query for a user joins lab_sessions, and that is filtered.

-- users: one's own, to read and to edit; accounts are opened and closed by the service ---------------------------

create policy users_select on identity.users for select
  using (
    (select current_setting('app.access', true) = 'service')
    or id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy users_insert on identity.users for insert
  with check ((select current_setting('app.access', true) = 'service'));
create policy users_update on identity.users for update
  using (
    (select current_setting('app.access', true) = 'service')
    or id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  )
  with check (
    (select current_setting('app.access', true) = 'service')
    or id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy users_delete on identity.users for delete
  using ((select current_setting('app.access', true) = 'service'));
alter table identity.users enable row level security, force row level security;

-- auth_sessions --------------------------------------------------------------------------------------------------

create policy auth_sessions_select on identity.auth_sessions for select
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy auth_sessions_insert on identity.auth_sessions for insert
  with check (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy auth_sessions_update on identity.auth_sessions for update
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  )
  with check (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy auth_sessions_delete on identity.auth_sessions for delete
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
alter table identity.auth_sessions enable row level security, force row level security;

-- auth_identities ------------------------------------------------------------------------------------------------

create policy auth_identities_select on identity.auth_identities for select
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy auth_identities_insert on identity.auth_identities for insert
  with check (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy auth_identities_update on identity.auth_identities for update
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  )
  with check (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy auth_identities_delete on identity.auth_identities for delete
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
alter table identity.auth_identities enable row level security, force row level security;

-- github_accounts ------------------------------------------------------------------------------------------------

create policy github_accounts_select on identity.github_accounts for select
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy github_accounts_insert on identity.github_accounts for insert
  with check (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy github_accounts_update on identity.github_accounts for update
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  )
  with check (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy github_accounts_delete on identity.github_accounts for delete
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
alter table identity.github_accounts enable row level security, force row level security;

-- lab_sessions: nobody deletes his own ---------------------------------------------------------------------------

create policy lab_sessions_select on execution.lab_sessions for select
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy lab_sessions_insert on execution.lab_sessions for insert
  with check (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy lab_sessions_update on execution.lab_sessions for update
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  )
  with check (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy lab_sessions_delete on execution.lab_sessions for delete
  using ((select current_setting('app.access', true) = 'service'));
alter table execution.lab_sessions enable row level security, force row level security;

-- lab_attempts: of one's own sessions; nobody deletes his own ----------------------------------------------------

create policy lab_attempts_select on execution.lab_attempts for select
  using (
    (select current_setting('app.access', true) = 'service')
    or exists (
      select
      from execution.lab_sessions s
      where s.id = lab_session_id
        and s.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    )
  );
create policy lab_attempts_insert on execution.lab_attempts for insert
  with check (
    (select current_setting('app.access', true) = 'service')
    or exists (
      select
      from execution.lab_sessions s
      where s.id = lab_session_id
        and s.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    )
  );
create policy lab_attempts_update on execution.lab_attempts for update
  using (
    (select current_setting('app.access', true) = 'service')
    or exists (
      select
      from execution.lab_sessions s
      where s.id = lab_session_id
        and s.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    )
  )
  with check (
    (select current_setting('app.access', true) = 'service')
    or exists (
      select
      from execution.lab_sessions s
      where s.id = lab_session_id
        and s.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    )
  );
create policy lab_attempts_delete on execution.lab_attempts for delete
  using ((select current_setting('app.access', true) = 'service'));
alter table execution.lab_attempts enable row level security, force row level security;

-- github_repo_mappings: of one's own sessions --------------------------------------------------------------------

create policy github_repo_mappings_select on execution.github_repo_mappings for select
  using (
    (select current_setting('app.access', true) = 'service')
    or exists (
      select
      from execution.lab_sessions s
      where s.id = lab_session_id
        and s.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    )
  );
create policy github_repo_mappings_insert on execution.github_repo_mappings for insert
  with check (
    (select current_setting('app.access', true) = 'service')
    or exists (
      select
      from execution.lab_sessions s
      where s.id = lab_session_id
        and s.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    )
  );
create policy github_repo_mappings_update on execution.github_repo_mappings for update
  using (
    (select current_setting('app.access', true) = 'service')
    or exists (
      select
      from execution.lab_sessions s
      where s.id = lab_session_id
        and s.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    )
  )
  with check (
    (select current_setting('app.access', true) = 'service')
    or exists (
      select
      from execution.lab_sessions s
      where s.id = lab_session_id
        and s.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    )
  );
create policy github_repo_mappings_delete on execution.github_repo_mappings for delete
  using (
    (select current_setting('app.access', true) = 'service')
    or exists (
      select
      from execution.lab_sessions s
      where s.id = lab_session_id
        and s.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    )
  );
alter table execution.github_repo_mappings enable row level security, force row level security;

-- subscriptions: one's own, to read; plans are changed by the service --------------------------------------------

create policy subscriptions_select on billing.subscriptions for select
  using (
    (select current_setting('app.access', true) = 'service')
    or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  );
create policy subscriptions_insert on billing.subscriptions for insert
  with check ((select current_setting('app.access', true) = 'service'));
create policy subscriptions_update on billing.subscriptions for update
  using ((select current_setting('app.access', true) = 'service'))
  with check ((select current_setting('app.access', true) = 'service'));
create policy subscriptions_delete on billing.subscriptions for delete
  using ((select current_setting('app.access', true) = 'service'));
alter table billing.subscriptions enable row level security, force row level security;

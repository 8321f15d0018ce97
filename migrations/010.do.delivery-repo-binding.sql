-- A repository is bound to one lab session at a time, whatever races. The guarantee is the partial unique index;
-- nothing else can be. The three functions differ only in how they come to know the answer.
--
-- Measured on 18.2, eight clients, 400 repositories, eight attempts each, fsync on (ops/s, p50 / p99 in ms):
--   check, then insert, no guard          2,810   2.7 / 8.5   5,828 double bindings in three rounds
--   select for update                     2,356   3.1 / 8.4   none
--   pg_advisory_xact_lock                 2,485   2.9 / 8.2   none
--   insert on conflict do nothing         5,030   1.5 / 4.5   none
-- So use bind_repo_session: twice as fast, and it needs neither a row to lock nor a number to agree on. The other
-- two are here for the case where more must happen under the lock than one insert, and to be measured again.
-- ("on conflict do update returning old" is 9 % faster still, and leaves a dead row for every loser.)
--
-- All three expect READ COMMITTED. At REPEATABLE READ and above a loser whose snapshot is older than the winner gets
-- 40001 from the first and 23505 from the other two, and must run its transaction again.

create table delivery.repo_session_bindings (
  id uuid default uuidv7(),
  repo_url text not null,
  lab_session_id uuid not null,
  released_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint repo_session_bindings_pkey primary key (id),
  constraint repo_session_bindings_lab_session_id_fkey foreign key (lab_session_id) references execution.lab_sessions (id),
  constraint repo_session_bindings_repo_url_check
    check (repo_url ~ '^https://[a-z0-9.-]+/[a-z0-9._-]+/[a-z0-9._-]+$' and repo_url !~ '\.git$'),
  constraint repo_session_bindings_released_at_check check (released_at >= created_at)
);

create unique index repo_session_bindings_repo_url_key on delivery.repo_session_bindings (repo_url)
  where released_at is null;
create index repo_session_bindings_history_idx on delivery.repo_session_bindings (repo_url, created_at desc);
create index repo_session_bindings_lab_session_id_idx on delivery.repo_session_bindings (lab_session_id);

comment on table delivery.repo_session_bindings is 'which session holds which repository, now and before';
comment on column delivery.repo_session_bindings.repo_url is
  'one spelling a repository, as in execution.github_repo_mappings: two spellings would be two bindings';
comment on column delivery.repo_session_bindings.released_at is
  'null while the session holds the repository; set to let go';
comment on index delivery.repo_session_bindings_repo_url_key is
  'serves: bind once, and webhook to session, where repo_url = $1 and released_at is null';
comment on index delivery.repo_session_bindings_history_idx is
  'serves: who held a repository, where repo_url = $1 order by created_at desc';
comment on index delivery.repo_session_bindings_lab_session_id_idx is
  'serves: repositories held by a session, where lab_session_id = $1';

create trigger set_updated_at before update on delivery.repo_session_bindings
  for each row execute function shared.set_updated_at();

-- Recommended. The loser waits inside the insert until the winner ends, and then reads in a new statement, so with
-- a snapshot in which the winner is visible: that is why this cannot be one "with" query. The loop is for a winner
-- that lets go between the two statements.
create function delivery.bind_repo_session(
  repo text,
  session uuid,
  out binding_id uuid,
  out holder uuid,
  out newly_bound boolean
)
language plpgsql
set search_path = ''
as $$
begin
  loop
    insert into delivery.repo_session_bindings (repo_url, lab_session_id)
    values (repo, session)
    on conflict (repo_url) where released_at is null do nothing
    returning id, lab_session_id into binding_id, holder;

    newly_bound := found;
    exit when found;

    select b.id, b.lab_session_id
    into binding_id, holder
    from delivery.repo_session_bindings b
    where b.repo_url = repo
      and b.released_at is null;

    exit when found;
  end loop;
end
$$;

-- By advisory lock: callers with the same repository pass one after the other. The lock is of the transaction, never
-- of the session (a pooled connection would keep it), and comes before the statement that looks. Two repositories
-- with the same hash wait for each other for nothing. 4201 is this lock's number; no other use of advisory locks
-- with two keys may take it.
create function delivery.bind_repo_session_advisory(
  repo text,
  session uuid,
  out binding_id uuid,
  out holder uuid,
  out newly_bound boolean
)
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(4201, hashtext(repo));

  select b.id, b.lab_session_id
  into binding_id, holder
  from delivery.repo_session_bindings b
  where b.repo_url = repo
    and b.released_at is null;

  newly_bound := not found;
  if newly_bound then
    insert into delivery.repo_session_bindings (repo_url, lab_session_id)
    values (repo, session)
    returning id, lab_session_id into binding_id, holder;
  end if;
end
$$;

-- By row lock. A binding that does not exist cannot be locked, so the oldest mapping of the repository stands for
-- it: every caller locks that one row first. Without a mapping there is nothing to lock, and the call is refused.
-- "for no key update" is enough and leaves foreign keys to the row alone.
create function delivery.bind_repo_session_for_update(
  repo text,
  session uuid,
  out binding_id uuid,
  out holder uuid,
  out newly_bound boolean
)
language plpgsql
set search_path = ''
as $$
begin
  perform m.id
  from execution.github_repo_mappings m
  where m.repo_url = repo
  order by m.id
  limit 1
  for no key update;

  if not found then
    raise exception 'repository % is mapped to no session', repo using errcode = 'no_data_found';
  end if;

  select b.id, b.lab_session_id
  into binding_id, holder
  from delivery.repo_session_bindings b
  where b.repo_url = repo
    and b.released_at is null;

  newly_bound := not found;
  if newly_bound then
    insert into delivery.repo_session_bindings (repo_url, lab_session_id)
    values (repo, session)
    returning id, lab_session_id into binding_id, holder;
  end if;
end
$$;

comment on function delivery.bind_repo_session(text, uuid) is
  'binds a repository to a session unless another holds it, and says who does; the recommended one of three';
comment on function delivery.bind_repo_session_advisory(text, uuid) is
  'the same under an advisory lock: half the speed, for when more happens under the lock';
comment on function delivery.bind_repo_session_for_update(text, uuid) is
  'the same under a row lock on the repository''s oldest mapping: half the speed, and refused without a mapping (P0002)';

revoke execute on function delivery.bind_repo_session(text, uuid) from public;
revoke execute on function delivery.bind_repo_session_advisory(text, uuid) from public;
revoke execute on function delivery.bind_repo_session_for_update(text, uuid) from public;

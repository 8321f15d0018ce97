-- One schema an area, so that a role is granted an area and never "the database", and everything is named in
-- full: no statement in these files relies on search_path.
-- Extensions live apart from the data. "if not exists" is for managed servers, where an administrator has put
-- them in beforehand (pg_stat_statements is not a trusted extension: only a superuser may create it).

create schema if not exists extensions;

create schema shared;
create schema identity;
create schema content;
create schema execution;
create schema delivery;
create schema audit;
create schema admin;
create schema billing;
create schema jobs;

comment on schema shared     is 'functions used by more than one area';
comment on schema identity   is 'who: users, their sessions and their accounts elsewhere';
comment on schema content    is 'what is taught: lessons and labs, and every published version of them';
comment on schema execution  is 'what learners do: lab sessions, their verification and its proof';
comment on schema delivery   is 'what comes in and goes out: snapshots, webhook deliveries, repository bindings';
comment on schema audit      is 'who did what, when, to what: append-only';
comment on schema admin      is 'switches that operators throw';
comment on schema billing    is 'what a user pays for';
comment on schema jobs       is 'background work and its history: web jobs and task runner';

create extension if not exists pgcrypto           with schema extensions;
create extension if not exists "uuid-ossp"        with schema extensions;
create extension if not exists pg_trgm            with schema extensions;
create extension if not exists pg_stat_statements with schema extensions;

import { createRoleUnlessThere } from './role.ts';
import { strangerGuard } from './immutability/permits.ts';

const TABLES = ['role_loan', 'role_loan_end'];

/**
 * Version of schema dbctl that records roles lent for a time. Both tables only grow: an end is a row of its own. Roles belong to the whole
 * cluster, and a loan is recorded in the database it was given in.
 */
export function loansVersion(): string {
  return /* sql */ `
create table dbctl.role_loan (
  id bigint generated always as identity primary key,
  role_name text not null,
  login text not null,
  reason text not null check (pg_catalog.length(reason) between 10 and 2000),
  operator text not null,
  given_by text not null default session_user,
  given_at timestamptz not null default pg_catalog.clock_timestamp(),
  until timestamptz not null,
  constraint role_loan_until check (until > given_at and until <= given_at + interval '24 hours 1 minute')
);
comment on table dbctl.role_loan is 'roles lent to a login for a time: who, to whom, why, until when; append-only';

create table dbctl.role_loan_end (
  loan bigint primary key,
  how text not null check (how in ('returned', 'expired')),
  operator text not null,
  ended_by text not null default session_user,
  ended_at timestamptz not null default pg_catalog.clock_timestamp(),
  sessions integer not null check (sessions >= 0)
);
comment on table dbctl.role_loan_end is 'how a loan ended: given back, or taken back after its time; append-only';
comment on column dbctl.role_loan_end.sessions is 'open sessions of the login at that moment, which were ended';
${TABLES.map(guarded).join('\n')}
do $ownership$
declare
  name text;
begin
  if not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user) then
    return;
  end if;
  ${createRoleUnlessThere('dbctl_guard')}
  foreach name in array array['${TABLES.join("', '")}'] loop
    execute pg_catalog.format('alter table dbctl.%I owner to dbctl_guard', name);
    execute pg_catalog.format('revoke update, delete, truncate on table dbctl.%I from dbctl_guard', name);
    execute pg_catalog.format('grant select, insert on table dbctl.%I to dbctl_owner', name);
    execute pg_catalog.format('grant select on table dbctl.%I to dbctl_auditor', name);
  end loop;
end
$ownership$;`;
}

const guarded = (name: string): string => /* sql */ `
create trigger dbctl_guard_row before update or delete on dbctl.${name} for each row execute function dbctl.refuse_row_change();
create trigger dbctl_guard_statement before update or delete on dbctl.${name} for each statement execute function dbctl.refuse_row_change();
create trigger dbctl_guard_truncate before truncate on dbctl.${name} for each statement execute function dbctl.refuse_truncate();
alter table dbctl.${name}
  enable always trigger dbctl_guard_row,
  enable always trigger dbctl_guard_statement,
  enable always trigger dbctl_guard_truncate;
${strangerGuard(`dbctl.${name}`, ['dbctl_owner'])}`;

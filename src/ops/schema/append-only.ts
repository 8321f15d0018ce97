import { createRoleUnlessThere } from './role.ts';
import { strangerGuard } from './immutability/permits.ts';

/** Guards of a table of schema dbctl that only grows, for superusers too; `writer` is the role that may add to it. */
export const appendOnlyGuards = (name: string, writer: string): string => /* sql */ `
create trigger dbctl_guard_row before update or delete on dbctl.${name} for each row execute function dbctl.refuse_row_change();
create trigger dbctl_guard_statement before update or delete on dbctl.${name} for each statement execute function dbctl.refuse_row_change();
create trigger dbctl_guard_truncate before truncate on dbctl.${name} for each statement execute function dbctl.refuse_truncate();
alter table dbctl.${name}
  enable always trigger dbctl_guard_row,
  enable always trigger dbctl_guard_statement,
  enable always trigger dbctl_guard_truncate;
${strangerGuard(`dbctl.${name}`, [writer])}`;

/**
 * Who owns, writes and reads these tables, where the running role is superuser and may say so; `more` are statements for that case alone.
 * The owner, whom nobody can become, keeps no right to change a row either.
 */
export const appendOnlyOwnership = (names: readonly string[], writer: string, more = ''): string => /* sql */ `
do $ownership$
declare
  name text;
begin
  if not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user) then
    return;
  end if;
  ${createRoleUnlessThere('dbctl_guard')}
  ${createRoleUnlessThere(writer)}
  foreach name in array array['${names.join("', '")}'] loop
    execute pg_catalog.format('alter table dbctl.%I owner to dbctl_guard', name);
    execute pg_catalog.format('revoke update, delete, truncate on table dbctl.%I from dbctl_guard', name);
    execute pg_catalog.format('grant select, insert on table dbctl.%I to ${writer}', name);
    execute pg_catalog.format('grant select on table dbctl.%I to dbctl_auditor', name);
  end loop;${more}
end
$ownership$;`;

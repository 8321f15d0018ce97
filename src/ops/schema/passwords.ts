import { passwordKind } from '../roles/escalation/queries.ts';

/**
 * Version 5 of schema dbctl: the kind of each login's password, for the audit of roles, which needs no superuser for it then. The password
 * itself stays unreadable: the function belongs to dbctl_owner, who may read two columns of pg_authid and whom nobody can become. Where the
 * running role may not give that right away, there is no function, and the audit says that it could not look.
 */
export function passwordsVersion(): string {
  return /* sql */ `
do $passwords$
begin
  if not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user) then
    return;
  end if;
  create function dbctl.password_kinds() returns table (role name, kind text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $function$
select a.rolname, ${passwordKind('a.rolpassword')}
from pg_catalog.pg_authid a
where a.rolcanlogin
$function$;
  comment on function dbctl.password_kinds() is 'How the password of each login is kept: none, scram-sha-256, md5, other. Never the password.';
  revoke execute on function dbctl.password_kinds() from public;
  alter function dbctl.password_kinds() owner to dbctl_owner;
  grant execute on function dbctl.password_kinds() to dbctl_auditor;
  grant select (rolname, rolcanlogin, rolpassword) on table pg_catalog.pg_authid to dbctl_owner;
end
$passwords$;`;
}

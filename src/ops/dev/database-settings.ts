import { ident, literal } from '../../db/ident.ts';
import type { DevSession } from './session.ts';

/**
 * Gives a database what `create database … template` leaves behind, because it is kept outside the copied files: settings
 * (`alter database … set`, also per role), rights, owner, connection limit and comment. Without it a migration that sets the time zone of its database would
 * hold on a migrated database and not on a reset one.
 * Source: PostgreSQL manual, CREATE DATABASE, Notes.
 */
export async function copyDatabaseSettings(session: DevSession, from: string, to: string): Promise<void> {
  const rows = await session.rows<{ statement: string }>(STATEMENTS, [from, ident(to)]);
  const settings = await session.rows<SettingRow>(SETTINGS, [from]);
  for (const statement of [...rows.map((row) => row.statement), ...settings.map((row) => settingStatement(row, to))]) {
    await session.rows(statement);
  }
}

interface SettingRow {
  role: string | null;
  name: string;
  value: string;
}

/**
 * Lists of names are kept with their quotes already in place, and quoting them again would make one name of them.
 * Source: pg_dump, variable_is_guc_list_quote.
 */
const QUOTED_LISTS = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

function settingStatement({ role, name, value }: SettingRow, to: string): string {
  const whom = role === null ? `alter database ${ident(to)}` : `alter role ${ident(role)} in database ${ident(to)}`;
  // An extension's setting is `extension.setting`: each part is an identifier.
  const setting = name.split('.').map(ident).join('.');
  return `${whom} set ${setting} to ${QUOTED_LISTS.has(name) ? listValue(value) : literal(value)}`;
}

/** `set search_path to ''` is kept as `""`, an empty name, which only a string can say again. */
const listValue = (value: string): string => (value === '""' || value === '' ? "''" : value);

const SETTINGS = /* sql */ `
select r.rolname::text as role,
       pg_catalog.split_part(s.setting, '=', 1) as name,
       pg_catalog.substr(s.setting, pg_catalog.strpos(s.setting, '=') + 1) as value
from pg_catalog.pg_db_role_setting c
join pg_catalog.pg_database d on d.oid = c.setdatabase
left join pg_catalog.pg_roles r on r.oid = c.setrole
cross join lateral pg_catalog.unnest(c.setconfig) with ordinality as s(setting, position)
where d.datname = $1
  -- A role that was dropped since leaves no row behind; setrole 0 is every role.
  and (c.setrole = 0 or r.oid is not null)
order by r.rolname nulls first, s.position`;

/** $2 is the new name, quoted. The default rights are taken away first, because the kept list says which of them remain. */
const STATEMENTS = /* sql */ `
with source as (select d.* from pg_catalog.pg_database d where d.datname = $1)
select pg_catalog.format('alter database %s owner to %I', $2::text, r.rolname) as statement, 1 as position
from source s join pg_catalog.pg_roles r on r.oid = s.datdba
union all
select pg_catalog.format('alter database %s connection limit %s', $2::text, s.datconnlimit), 1
from source s where s.datconnlimit >= 0
union all
select pg_catalog.format('comment on database %s is %L', $2::text, pg_catalog.shobj_description(s.oid, 'pg_database')), 2
from source s where pg_catalog.shobj_description(s.oid, 'pg_database') is not null
union all
select pg_catalog.format('revoke all on database %s from public', $2::text), 3
from source s where s.datacl is not null
union all
select pg_catalog.format('grant %s on database %s to %s%s', a.privilege_type, $2::text,
              case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end,
              case when a.is_grantable then ' with grant option' else '' end), 4
from source s
cross join lateral pg_catalog.aclexplode(s.datacl) a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where a.grantee = 0 or r.oid is not null
order by 2, 1`;

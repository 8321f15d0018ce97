import type { Session } from '../../db/session.ts';

/** Libraries that are loaded in production and are not here, one sentence each: what they do, such as to write an audit log, was not looked at. */
export const withoutLibraries = async (session: Session): Promise<string[]> =>
  (await session.rows<{ said: string }>(PRELOADED)).map(({ said }) => `looked at without ${said}`);

const PRELOADED = /* sql */ `
select said
from (
  select pg_catalog.format('%s = %s', f.name, f.setting) as said
  from pg_catalog.pg_file_settings f
  where f.name in ('shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries') and f.setting <> ''
  union
  select pg_catalog.concat_ws(' ', pg_catalog.replace(c.line, '=', ' = '), 'in ' || d.datname, 'for ' || r.rolname)
  from pg_catalog.pg_db_role_setting s
  cross join lateral pg_catalog.unnest(s.setconfig) c (line)
  -- Setting for every database, or for every role, names none.
  left join pg_catalog.pg_database d on d.oid = s.setdatabase
  left join pg_catalog.pg_roles r on r.oid = s.setrole
  where c.line ~ '^(session|local)_preload_libraries=.'
) as found
order by said`;

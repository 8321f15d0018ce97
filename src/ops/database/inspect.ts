import type { Session } from '../../db/session.ts';

/** A database as the catalogs of its cluster show it. */
export interface FoundDatabase {
  readonly owner: string;
  readonly encoding: string;
  readonly provider: string;
  /** null: libc, which has collate alone. */
  readonly locale: string | null;
  readonly collate: string;
  readonly ctype: string;
  /** Set for the database by ALTER DATABASE; null: not set. */
  readonly timezone: string | null;
  /** What PUBLIC may do in it: CONNECT, TEMPORARY. */
  readonly everybody: readonly string[];
  /** Roles that were granted CONNECT. */
  readonly connect: readonly string[];
}

/** What is inside it. */
export interface FoundInside {
  readonly schemas: readonly string[];
  /** With the schema of each. */
  readonly extensions: readonly { readonly name: string; readonly schema: string }[];
  /** What CREATE EXTENSION could make on this server. */
  readonly available: readonly string[];
}

/** Asked from any database of the cluster; undefined: there is none of that name. */
export async function findDatabase(session: Session, name: string): Promise<FoundDatabase | undefined> {
  const localeColumn = session.serverVersion >= 170_000 ? 'd.datlocale' : 'd.daticulocale';
  const [found] = await session.rows<FoundDatabase>(DATABASE(localeColumn), [name]);
  return found;
}

/** Asked in the database itself. */
export async function lookInside(session: Session): Promise<FoundInside> {
  const [found] = await session.rows<FoundInside>(INSIDE);
  return found ?? { schemas: [], extensions: [], available: [] };
}

const DATABASE = (localeColumn: string): string => /* sql */ `
select pg_catalog.pg_get_userbyid(d.datdba)::text as owner, pg_catalog.pg_encoding_to_char(d.encoding)::text as encoding,
       case d.datlocprovider when 'b' then 'builtin' when 'i' then 'icu' else 'libc' end as provider,
       ${localeColumn} as locale, d.datcollate::text as collate, d.datctype::text as ctype,
       (select pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1)
          from pg_catalog.pg_db_role_setting s
         cross join lateral pg_catalog.unnest(s.setconfig) as c (entry)
         where s.setdatabase = d.oid and s.setrole = 0::oid and pg_catalog.lower(c.entry) like 'timezone=%') as timezone,
       array(select a.privilege_type
               from pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
              where a.grantee = 0::oid
              order by 1) as everybody,
       array(select r.rolname::text
               from pg_catalog.aclexplode(d.datacl) a
               join pg_catalog.pg_roles r on r.oid = a.grantee
              where a.privilege_type = 'CONNECT'
              order by 1) as connect
from pg_catalog.pg_database d
where d.datname = $1`;

const INSIDE = /* sql */ `
select array(select n.nspname::text from pg_catalog.pg_namespace n order by 1) as schemas,
       coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('name', e.extname, 'schema', n.nspname) order by e.extname)
                   from pg_catalog.pg_extension e
                   join pg_catalog.pg_namespace n on n.oid = e.extnamespace), '[]') as extensions,
       array(select a.name::text from pg_catalog.pg_available_extensions a order by 1) as available`;

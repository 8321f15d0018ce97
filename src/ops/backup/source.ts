import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { RoleFact, SourceFacts } from './manifest.ts';
import { unfinishedRestore } from './unfinished.ts';

/** What a restore will need to know of the database. */
export async function readSource(session: Session): Promise<SourceFacts> {
  const [row] = await session.rows<
    Omit<SourceFacts, 'systemIdentifier' | 'database' | 'serverVersion' | 'sizeBytes'> & { size: string }
  >(SOURCE);
  if (row === undefined) throw new Error('a session is always on a database');
  const { size, ...facts } = row;
  const { systemIdentifier, database, serverVersion } = session;
  return { systemIdentifier, database, serverVersion, ...facts, sizeBytes: Number(size) };
}

/** Fails with refused where a restore into the database did not end: a backup of it would be one of a half. */
export async function requireFinished(session: Session): Promise<void> {
  const unfinished = await unfinishedRestore(session);
  if (unfinished === null) return;
  fail(
    'refused',
    `the restore of ${unfinished} into ${session.database} did not end: it may be half made, and was not compared`,
    {
      hint: 'Drop it, and restore into an empty database: runbooks/restore-database.md.',
    },
  );
}

interface Rights {
  /** As SQL writes it. */
  readonly user: string;
  readonly closed: readonly string[];
  readonly unreadable: readonly string[];
  readonly hidden: readonly string[];
}

/**
 * Fails with db.denied, before anything is written, where the role would dump less than all: tables it may not read, and rows a policy
 * hides from it. pg_dump says so too, half an hour later.
 */
export async function requireRights(session: Session): Promise<void> {
  const [row] = await session.rows<Rights>(RIGHTS);
  if (row === undefined) throw new Error('a session always has a role');
  const { user, closed, unreadable, hidden } = row;
  if (closed.length > 0) {
    fail('db.denied', `${user} may not use the ${closed.length === 1 ? 'schema' : 'schemas'} ${some(closed)}`, {
      hint: `grant pg_read_all_data to ${user}, on the server as a superuser.`,
    });
  }
  if (unreadable.length > 0) {
    fail('db.denied', `${user} may not read ${some(unreadable)}`, {
      hint: `grant pg_read_all_data to ${user}, on the server as a superuser.`,
    });
  }
  if (hidden.length > 0) {
    fail('db.denied', `policies hide rows of ${some(hidden)} from ${user}`, {
      hint: `alter role ${user} bypassrls, or back up as the owner of the tables.`,
    });
  }
}

/** The same for large objects, which masked dumps have none of. Fails with db.denied. */
export async function requireLargeObjects(session: Session): Promise<void> {
  const [row] = await session.rows<{ user: string; closed: string }>(closedLargeObjects(session.serverVersion));
  if (row === undefined || row.closed === '0') return;
  fail('db.denied', `${row.user} may not read ${row.closed === '1' ? 'a large object' : `${row.closed} large objects`}`, {
    hint: `pg_read_all_data does not cover them: grant select on large object …, each by its number, to ${row.user}, or back up as their owner.`,
  });
}

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

const SOURCE = /* sql */ `
select pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text as encoding,
       case d.datlocprovider when 'b' then 'builtin' when 'i' then 'icu' else 'libc' end as "localeProvider",
       d.datlocale as locale,
       d.datcollate as collate,
       d.datctype as ctype,
       pg_catalog.pg_database_size(d.oid)::pg_catalog.text as size,
       (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', e.extname, 'version', e.extversion) order by e.extname), '[]')
        from pg_catalog.pg_extension e where e.extname <> 'plpgsql') as extensions,
       (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                 'name', r.rolname, 'login', r.rolcanlogin, 'superuser', r.rolsuper,
                 'memberOf', array(select m.roleid::pg_catalog.regrole::pg_catalog.text from pg_catalog.pg_auth_members m
                                   where m.member = r.oid and m.roleid >= 16384 order by 1)) order by r.rolname), '[]')
        from pg_catalog.pg_roles r
        where r.oid >= 16384 and (
          r.oid = d.datdba
          or exists (
            select from pg_catalog.pg_shdepend s
            where s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass and s.refobjid = r.oid
              and (s.dbid = d.oid or (s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass and s.objid = d.oid)))
          or exists (
            select from pg_catalog.pg_db_role_setting x where x.setrole = r.oid and x.setdatabase = d.oid)
          or 'role=' || r.rolname::pg_catalog.text in (
            select c.line from pg_catalog.pg_db_role_setting x cross join pg_catalog.unnest(x.setconfig) c (line)
            where x.setdatabase = d.oid))) as roles,
       array(select t.spcname::pg_catalog.text from pg_catalog.pg_tablespace t
             where t.spcname !~ '^pg_' and (
               exists (select from pg_catalog.pg_class c where c.reltablespace = t.oid)
               or t.spcname::pg_catalog.text in (
                 select pg_catalog.btrim(n.name, ' "')
                 from pg_catalog.pg_db_role_setting x
                 cross join pg_catalog.unnest(x.setconfig) c (line)
                 cross join pg_catalog.regexp_split_to_table(pg_catalog.substr(c.line, pg_catalog.strpos(c.line, '=') + 1), ',') n (name)
                 where x.setdatabase = d.oid and c.line ~ '^(default_tablespace|temp_tablespaces)='))
             order by 1) as tablespaces
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()`;

const RIGHTS = /* sql */ `
with people as (
  select c.oid, c.relnamespace
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm', 'S') and c.relpersistence <> 't'
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
)
select pg_catalog.quote_ident(current_user) as user,
       array(select distinct p.relnamespace::pg_catalog.regnamespace::pg_catalog.text from people p
             where not pg_catalog.has_schema_privilege(p.relnamespace, 'usage') order by 1) as closed,
       array(select p.oid::pg_catalog.regclass::pg_catalog.text from people p
             where not pg_catalog.has_table_privilege(p.oid, 'select') order by 1) as unreadable,
       array(select p.oid::pg_catalog.regclass::pg_catalog.text from people p
             where pg_catalog.row_security_active(p.oid) order by 1) as hidden`;

/** Before 18 no function tells who may read a large object. */
const mayReadLargeObject = (serverVersion: number): string =>
  serverVersion >= 180_000
    ? `pg_catalog.has_largeobject_privilege(m.oid, 'select')`
    : `pg_catalog.current_setting('is_superuser') = 'on' or pg_catalog.current_setting('lo_compat_privileges') = 'on'
       or pg_catalog.pg_has_role(m.lomowner, 'usage')
       or exists (select from pg_catalog.aclexplode(m.lomacl) a
                  where a.privilege_type = 'SELECT' and (a.grantee = 0 or pg_catalog.pg_has_role(a.grantee, 'usage')))`;

const closedLargeObjects = (serverVersion: number): string => /* sql */ `
select pg_catalog.quote_ident(current_user) as user, pg_catalog.count(*)::pg_catalog.text as closed
from pg_catalog.pg_largeobject_metadata m
where not (${mayReadLargeObject(serverVersion)})`;

/** Roles of the manifest that a server lacks. */
export const missingRoles = (roles: readonly RoleFact[], there: readonly string[]): readonly RoleFact[] =>
  roles.filter(({ name }) => !there.includes(name));

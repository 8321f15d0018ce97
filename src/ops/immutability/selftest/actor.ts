import type { Session } from '../../../db/session.ts';

/** Somebody who tries; what a path has to answer depends on the rank. */
export interface Actor {
  readonly role: string;
  readonly rank: 'app' | 'owner' | 'superuser';
  /** For people: where it comes from. */
  readonly origin: string;
  /** The session cannot become this role: nothing is tried, and that is said. */
  readonly unreachable: boolean;
}

/** What an actor holds on a relation; decides between a denial by PostgreSQL and one by a guard. */
export interface Held {
  readonly update: boolean;
  readonly delete: boolean;
  readonly truncate: boolean;
}

/**
 * Roles that matter for a table: its owner, all who hold a grant on it, login roles that inherit one of those, and the session's own user
 * where that is a superuser. `named` replaces the choice.
 */
export async function readActors(
  session: Session,
  root: string,
  options: { readonly named: readonly string[]; readonly superuser: boolean },
): Promise<Actor[]> {
  const rows = await session.rows<Actor & { superuser: boolean }>(ACTORS, [root, options.named]);
  return rows.filter(({ rank }) => options.superuser || rank !== 'superuser');
}

const ACTORS = /* sql */ `
with recursive family (oid) as (
  select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where pg_catalog.format('%I.%I', n.nspname, c.relname) = $1
  union all
  select i.inhrelid from family f join pg_catalog.pg_inherits i on i.inhparent = f.oid
), holders (role, origin) as (
  select g.grantee, 'holds a grant'
  from family f
  join pg_catalog.pg_class c on c.oid = f.oid
  cross join lateral pg_catalog.aclexplode(c.relacl) g
  where g.grantee <> 0
  union
  select g.grantee, 'holds a grant'
  from family f
  join pg_catalog.pg_attribute a on a.attrelid = f.oid and a.attacl is not null
  cross join lateral pg_catalog.aclexplode(a.attacl) g
  where g.grantee <> 0
  union
  select c.relowner, 'owns the table'
  from family f
  join pg_catalog.pg_class c on c.oid = f.oid
  union
  select r.oid, 'may write all data'
  from pg_catalog.pg_roles r
  where not r.rolsuper and r.rolcanlogin and pg_catalog.pg_has_role(r.oid, 'pg_write_all_data', 'usage')
  union
  select r.oid, 'this session'
  from pg_catalog.pg_roles r
  where r.rolname = session_user
), members (role, origin) as (
  select h.role, h.origin from holders h
  union
  select m.member, 'member of a holder'
  from members p
  join pg_catalog.pg_auth_members m on m.roleid = p.role and m.inherit_option
), chosen as (
  select distinct on (r.oid) r.rolname, m.origin, r.rolsuper, r.oid
  from members m
  join pg_catalog.pg_roles r on r.oid = m.role
  where pg_catalog.cardinality($2::pg_catalog.text[]) = 0 or r.rolname = any ($2)
  order by r.oid, m.origin desc
)
select c.rolname::pg_catalog.text as role,
       case
         when c.rolsuper then 'superuser'
         when exists (
           select from family f join pg_catalog.pg_class t on t.oid = f.oid where pg_catalog.pg_has_role(c.oid, t.relowner, 'usage')) then 'owner'
         else 'app'
       end as rank,
       c.origin,
       not pg_catalog.pg_has_role(session_user, c.oid, 'set') as unreachable
from chosen c
order by 2, 1`;

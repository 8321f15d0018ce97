import type { Session } from '../../db/session.ts';
import { CATALOGUE } from './catalogue-query.ts';
import { MARK } from './unfinished.ts';

/** One thing that is so in a database, as the server itself says it: unlike a dump it does not depend on the version of a program. */
export interface CatalogueFact {
  /** `triggers`, `grants`, … */
  readonly kind: string;
  /** `schema.table.trigger`. */
  readonly object: string;
  /** The table it is on, `schema.table`; null: on none. */
  readonly relation: string | null;
  /** What is so: `ALWAYS: CREATE TRIGGER …`, `reader: select`. */
  readonly said: string;
}

/** What a database itself has, beside what is in it: `pg_dump` writes none of it without --create. */
export interface DatabaseFacts {
  readonly owner: string;
  /** Of the database; sorted. `role` null: public. */
  readonly grants: readonly { readonly role: string | null; readonly privilege: string; readonly grantable: boolean }[];
  readonly connectionLimit: number;
  readonly comment: string | null;
  /** `alter database … set` (role null) and `alter role … in database … set`. A value may be somebody's secret: it is never told. */
  readonly settings: readonly { readonly role: string | null; readonly name: string; readonly value: string }[];
}

/** What a backup knows of the catalogues: a file of its own, since settings may hold secrets that a manifest must not. */
export interface Catalogue {
  readonly format: 'dbctl-catalogue/1';
  readonly database: DatabaseFacts;
  readonly facts: readonly CatalogueFact[];
}

/** Reads it in the transaction the session is in. Needs no right beyond connecting. */
export async function readCatalogue(session: Session): Promise<Catalogue> {
  // Without a path every name comes out with its schema.
  await session.script(`set local search_path = pg_catalog; set local quote_all_identifiers = off`);
  const facts = await session.rows<CatalogueFact>(CATALOGUE);
  const [database] = await session.rows<DatabaseFacts>(DATABASE);
  if (database === undefined) throw new Error('a session is always on a database');
  return { format: 'dbctl-catalogue/1', database, facts };
}

export const catalogueText = (catalogue: Catalogue): string => `${JSON.stringify(catalogue, null, 1)}\n`;

const DATABASE = /* sql */ `
select pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text as owner,
       (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('role', a.role, 'privilege', a.privilege, 'grantable', a.grantable)
                 order by a.role nulls first, a.privilege), '[]')
        from (select case e.grantee when 0 then null else pg_catalog.pg_get_userbyid(e.grantee)::pg_catalog.text end as role,
                     pg_catalog.lower(e.privilege_type) as privilege, pg_catalog.bool_or(e.is_grantable) as grantable
              from pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) e
              group by 1, 2) a) as grants,
       d.datconnlimit as "connectionLimit",
       pg_catalog.shobj_description(d.oid, 'pg_database') as comment,
       (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('role', s.role, 'name', s.name, 'value', s.value)
                 order by s.role nulls first, s.name), '[]')
        from (select case x.setrole when 0 then null else pg_catalog.pg_get_userbyid(x.setrole)::pg_catalog.text end as role,
                     pg_catalog.split_part(c.pair, '=', 1) as name,
                     pg_catalog.substr(c.pair, pg_catalog.strpos(c.pair, '=') + 1) as value
              from pg_catalog.pg_db_role_setting x
              cross join pg_catalog.unnest(x.setconfig) c (pair)
              -- Of a restore that goes on: nothing that was backed up.
              where x.setdatabase = d.oid and not pg_catalog.starts_with(c.pair, '${MARK}=')) s) as settings
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()`;

import type { Session } from '../../../db/session.ts';

/** The run of roles apply that came last in this database, by dbctl.run. */
export interface LastApplied {
  /** Of the text of roles.yaml with LF line ends. */
  readonly sha256: string;
  /** `user@machine`. */
  readonly operator: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The commit it was run from; null: nobody said. */
  readonly commit: string | null;
}

/** null: nothing was recorded here, or it is not for this login to see. Asks the catalog first, so that a transaction goes on where it may not. */
export async function readLastApplied(session: Session): Promise<LastApplied | null> {
  const [sight] = await session.rows<{ may: boolean }>(MAY_READ);
  if (sight?.may !== true) return null;
  const [last] = await session.rows<LastApplied>(LAST);
  return last ?? null;
}

const LAST = /* sql */ `
select r.summary ->> 'sha256' as sha256, r.operator,
       pg_catalog.to_char(r.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at, r.commit_sha as commit
from dbctl.run r
where r.command = 'roles apply' and r.summary ->> 'sha256' is not null
order by r.started_at desc, r.id
limit 1`;

/** By the catalog: a name in a schema that the login may not use cannot be resolved. */
const MAY_READ = /* sql */ `
select pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT') as may
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname = 'run'`;

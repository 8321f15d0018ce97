import type { Session } from '../../db/session.ts';
import type { ColdHolding } from './table-costs.ts';

/**
 * Copies of blobs by table and destination, each file once, whichever rows refer to it. Null: the role may not see them, and needs membership in
 * dbctl_auditor; none where this database has no such records.
 */
export async function readBlobs(session: Session): Promise<readonly ColdHolding[] | null> {
  const [access] = await session.rows<{ allowed: boolean }>(ACCESS);
  if (access === undefined) return [];
  if (!access.allowed) return null;
  const rows = await session.rows<{ table: string; destination: string; bytes: string; blobs: number }>(HOLDINGS);
  return rows.map((row) => ({ ...row, bytes: BigInt(row.bytes) }));
}

const ACCESS = /* sql */ `
select pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT') as allowed
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname = 'blob_event'`;

/** Rows of several tables may refer to one file: it counts for the table it was copied for first. */
const HOLDINGS = /* sql */ `
select c.table_name as "table", c.destination, pg_catalog.sum(c.bytes)::pg_catalog.text as bytes, pg_catalog.count(*)::pg_catalog.float8 as blobs
from (
  select distinct on (e.destination, e.uri) e.destination, e.uri, e.table_name, e.bytes
  from dbctl.blob_event e
  where e.kind = 'copied'
  order by e.destination, e.uri, e.id
) c
group by c.table_name, c.destination
order by c.table_name, c.destination`;

import type { Session } from '../../db/session.ts';

/** A copy of a partition outside the database, as dbctl.archive_segment has it. */
export interface ArchivedCopy {
  readonly segment: string;
  readonly table: string;
  readonly partition: string;
  readonly format: string;
  readonly uri: string;
  /** One of archive.destinations; null: the record names none. */
  readonly destination: string | null;
  readonly rows: number;
  readonly hotBytes: bigint;
  readonly coldBytes: bigint;
  /** Milliseconds since 1970. */
  readonly exportedAt: number;
  /** When the partition left the database; null: it is still there. */
  readonly removedAt: number | null;
  readonly retainUntil: number | null;
  /** Rows of which stretch of time, in milliseconds; null: the bounds do not say. */
  readonly from: number | null;
  readonly to: number | null;
}

/** What was archived; or why that cannot be seen, with the GRANT. `none`: this database has no archive records at all. */
export type Archives =
  | { readonly state: 'read'; readonly copies: readonly ArchivedCopy[] }
  | { readonly state: 'none' }
  | { readonly state: 'denied'; readonly grant: string };

interface Row extends Omit<ArchivedCopy, 'hotBytes' | 'coldBytes'> {
  readonly hotBytes: string;
  readonly coldBytes: string;
}

/** Every copy that was recorded, oldest first. Needs membership in dbctl_auditor. */
export async function readArchives(session: Session): Promise<Archives> {
  const [access] = await session.rows<{ there: boolean; allowed: boolean; who: string }>(ACCESS);
  if (access?.there !== true) return { state: 'none' };
  if (!access.allowed) return { state: 'denied', grant: `grant dbctl_auditor to ${access.who};` };
  const rows = await session.rows<Row>(COPIES);
  const copies = rows.map((row) => ({ ...row, hotBytes: BigInt(row.hotBytes), coldBytes: BigInt(row.coldBytes) }));
  return { state: 'read', copies };
}

/** By catalogs alone: names of a schema nobody may use are not resolved for them. */
const ACCESS = /* sql */ `
select pg_catalog.count(*) = 2 as there,
       coalesce(pg_catalog.bool_and(pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT')), false) as allowed,
       pg_catalog.quote_ident(current_user) as who
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname in ('archive_segment', 'archive_event')`;

const epoch = (value: string): string => `pg_catalog.round(extract(epoch from ${value}) * 1000)::pg_catalog.float8`;

/** Without a group of its own. A key that is no time looks otherwise. */
const TIME = '\\d{4}-\\d\\d-\\d\\d(?: \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:[+-]\\d\\d(?::\\d\\d)?)?)?';

/** Bounds are as pg_get_expr wrote them, under the settings of record_segment: ISO, with its zone. */
const COPIES = /* sql */ `
select s.segment, s.table_name as "table", s.partition_name as "partition", s.format, s.uri,
       s.detail ->> 'destination' as destination, s.rows::pg_catalog.float8 as rows,
       s.hot_bytes::pg_catalog.text as "hotBytes", s.cold_bytes::pg_catalog.text as "coldBytes",
       ${epoch('s.exported_at')} as "exportedAt", ${epoch('s.retain_until')} as "retainUntil",
       ${epoch("(select e.at from dbctl.archive_event e where e.segment = s.segment and e.kind = 'removed')")} as "removedAt",
       ${epoch('b.ends[1]::pg_catalog.timestamptz')} as "from", ${epoch('b.ends[2]::pg_catalog.timestamptz')} as "to"
from dbctl.archive_segment s
cross join lateral (
  select pg_catalog.regexp_match(s.bound, '^FOR VALUES FROM \\(''(${TIME})''\\) TO \\(''(${TIME})''\\)$') as ends
) b
order by s.exported_at, s.segment`;

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
  /** When the partition was attached again; null: it never was. It then has a record of its own, which tells when it leaves again. */
  readonly returnedAt: number | null;
  /** It is a partition that came back: of which copy; it has no bytes of its own. */
  readonly returnOf: string | null;
  /** Rows of which stretch of time, in milliseconds; null: the bounds do not say. */
  readonly from: number | null;
  readonly to: number | null;
}

/** The partition is out of the database now. */
export const isOut = ({ removedAt, returnedAt }: Pick<ArchivedCopy, 'removedAt' | 'returnedAt'>): boolean =>
  removedAt !== null && returnedAt === null;

/** What was archived. `denied`: the role may not see it. `none`: this database has no archive records at all. */
export type Archives =
  | { readonly state: 'read'; readonly copies: readonly ArchivedCopy[] }
  | { readonly state: 'none' | 'denied' };

interface Row extends Omit<ArchivedCopy, 'hotBytes' | 'coldBytes'> {
  readonly hotBytes: string;
  readonly coldBytes: string;
}

/** Every copy that was recorded, oldest first. Needs membership in dbctl_auditor. */
export async function readArchives(session: Session): Promise<Archives> {
  const [access] = await session.rows<{ there: boolean; returns: boolean; allowed: boolean }>(ACCESS);
  if (access?.there !== true) return { state: 'none' };
  if (!access.allowed) return { state: 'denied' };
  const rows = await session.rows<Row>(copiesQuery(access.returns));
  const copies = rows.map((row) => ({ ...row, hotBytes: BigInt(row.hotBytes), coldBytes: BigInt(row.coldBytes) }));
  return { state: 'read', copies };
}

/** By catalogs alone: names of a schema nobody may use are not resolved for them. */
const ACCESS = /* sql */ `
select pg_catalog.count(*) >= 2 as there, coalesce(pg_catalog.bool_or(c.relname = 'archive_return'), false) as returns,
       coalesce(pg_catalog.bool_and(pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT')), false) as allowed
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname in ('archive_segment', 'archive_event', 'archive_return')`;

const epoch = (value: string): string => `pg_catalog.round(extract(epoch from ${value}) * 1000)::pg_catalog.float8`;

/** Without a group of its own. A key that is no time looks otherwise. */
const TIME = '\\d{4}-\\d\\d-\\d\\d(?: \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:[+-]\\d\\d(?::\\d\\d)?)?)?';

/** Bounds are as pg_get_expr wrote them, under the settings of record_segment: ISO, with its zone. */
const copiesQuery = (returns: boolean): string => /* sql */ `
select s.segment, s.table_name as "table", s.partition_name as "partition", s.format, s.uri,
       s.detail ->> 'destination' as destination, s.rows::pg_catalog.float8 as rows,
       s.hot_bytes::pg_catalog.text as "hotBytes", s.cold_bytes::pg_catalog.text as "coldBytes",
       ${epoch('s.exported_at')} as "exportedAt", ${epoch('s.retain_until')} as "retainUntil", ${epoch('gone.at')} as "removedAt",
       back.of_segment as "returnOf", ${epoch('back.again')} as "returnedAt",
       ${epoch('b.ends[1]::pg_catalog.timestamptz')} as "from", ${epoch('b.ends[2]::pg_catalog.timestamptz')} as "to"
from dbctl.archive_segment s
left join dbctl.archive_event gone on gone.segment = s.segment and gone.kind = 'removed'
cross join lateral (${returns ? RETURNS : NO_RETURNS}) back
cross join lateral (
  select pg_catalog.regexp_match(s.bound, '^FOR VALUES FROM \\(''(${TIME})''\\) TO \\(''(${TIME})''\\)$') as ends
) b
order by s.exported_at, s.segment`;

/** A copy may be brought back more than once: each time is a segment of its own, and ends what was out of the database before. */
const RETURNS = /* sql */ `
  select mine.of_segment, (
    select pg_catalog.min(r.at) from dbctl.archive_return r
    where r.of_segment in (s.segment, mine.of_segment) and r.at > gone.at) as again
  from (select (select r.of_segment from dbctl.archive_return r where r.segment = s.segment) as of_segment) mine`;
const NO_RETURNS = `select null::pg_catalog.text as of_segment, null::pg_catalog.timestamptz as again`;

import type { Session } from '../../../db/session.ts';

/** A legal hold: rows that nobody may remove until it is released. Times are ISO 8601, UTC. */
export interface Hold {
  readonly id: number;
  /** As the table is called now; as it was called then, where it is gone. */
  readonly table: string;
  readonly scope: 'table' | 'partition' | 'range' | 'subject';
  readonly partition: string | null;
  readonly column: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly subject: string | null;
  readonly reason: string;
  readonly reference: string | null;
  readonly operator: string;
  readonly placedBy: string;
  readonly placedAt: string;
  readonly released: { readonly at: string; readonly by: string; readonly operator: string; readonly reason: string } | null;
}

const utc = (column: string): string =>
  `case when pg_catalog.isfinite(${column}) then pg_catalog.to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') else ${column}::text end`;

/** As a name, where the oid still has one. */
const named = (oid: string, then: string): string =>
  `coalesce((select pg_catalog.format('%s.%s', n.nspname, c.relname) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = ${oid}::pg_catalog.oid), ${then})`;

const HOLDS = /* sql */ `
select h.id::int as id, ${named('h.relation', 'h.relation_name')} as table, h.scope,
       case when h.scope = 'partition' then ${named('h.partition', 'h.partition_name')} end as partition,
       h.column_name as column, ${utc('h.from_at')} as from, ${utc('h.to_at')} as to, h.subject, h.reason, h.reference, h.operator,
       h.placed_by as "placedBy", ${utc('h.placed_at')} as "placedAt",
       case when r.hold is not null then pg_catalog.jsonb_build_object(
         'at', ${utc('r.released_at')}, 'by', r.released_by, 'operator', r.operator, 'reason', r.reason) end as released
from dbctl.legal_hold h
left join dbctl.legal_hold_release r on r.hold = h.id
order by h.id`;

/** Every hold there was, oldest first; none in a database where none was ever placed; null where this login may not see them. */
export async function readHolds(session: Session): Promise<readonly Hold[] | null> {
  const sight = await holdSight(session);
  if (sight === 'none') return [];
  return sight === 'denied' ? null : session.rows<Hold>(HOLDS);
}

/** Whether holds can be read: `none`, there is no place for them yet. By the catalog, so that a transaction goes on where they cannot. */
export async function holdSight(session: Session): Promise<'none' | 'denied' | 'seen'> {
  const [tables] = await session.rows<{ there: boolean; readable: boolean }>(THERE);
  if (tables?.there !== true) return 'none';
  return tables.readable ? 'seen' : 'denied';
}

const THERE = /* sql */ `
select count(*) = 2 as there,
       coalesce(bool_and(pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_schema_privilege(n.oid, 'usage')), false) as readable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname in ('legal_hold', 'legal_hold_release')`;

/** What a hold keeps, in words. */
export function placeText({ table, scope, partition, column, from, to, subject }: Hold): string {
  switch (scope) {
    case 'table':
      return `all of ${table}`;
    case 'partition':
      return `partition ${partition} of ${table}`;
    case 'range':
      return `${table} where ${column} is ${from === null ? `up to ${to}` : to === null ? `from ${from} on` : `from ${from} to ${to}`}`;
    case 'subject':
      return `${table} where ${column} is ${subject}`;
  }
}

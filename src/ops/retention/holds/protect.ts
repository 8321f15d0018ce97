import { COMPARABLE_TYPE } from '../../../db/comparable-type.ts';
import { ident, literal } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { isCircle, type Reference } from '../references.ts';

/** An active hold as far as it bears on one table. */
export interface Bearing {
  readonly hold: number;
  /** Of the table it bears on. */
  readonly oid: number;
  /** Only rows of these relations, partitions of the table; null: of all. */
  readonly only: readonly number[] | null;
  readonly scope: 'table' | 'partition' | 'range' | 'subject';
  readonly column: string | null;
  /** Of the column now; null: there is no such column any more. */
  readonly type: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly subject: string | null;
}

/** The tables whose holds bear on rows that go from the first: itself, and what goes or changes with its rows. */
export function tablesInReach(oid: number, references: readonly Reference[]): readonly number[] {
  const more = references
    .filter(({ action }) => action !== 'refuse')
    .flatMap((reference) => tablesInReach(reference.oid, reference.references));
  return [...new Set([oid, ...more])];
}

/** The active holds that bear on these tables, on what they are partitions of, or on partitions of theirs. */
export function readBearings(session: Session, oids: readonly number[]): Promise<Bearing[]> {
  return session.rows<Bearing>(BEARINGS, [oids]);
}

/** A table put in the place of a held one, under its name, is held as well as the one that was renamed. */
const BEARINGS = /* sql */ `
with recursive active as (
  select h.*,
         case when h.scope = 'partition' then h.partition else h.relation end::pg_catalog.oid as held_oid,
         case when h.scope = 'partition' then h.partition_name else h.relation_name end as held_name
  from dbctl.legal_hold h
  where not exists (select from dbctl.legal_hold_release r where r.hold = h.id)
), place as (
  select a.*, c.oid as held
  from active a
  join pg_catalog.pg_class c on c.relkind in ('r', 'p')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.oid = a.held_oid or pg_catalog.format('%s.%s', n.nspname, c.relname) = a.held_name
), wanted as (
  select w.oid::pg_catalog.int8::pg_catalog.oid as oid from pg_catalog.unnest($1::pg_catalog.float8[]) w (oid)
), down (root, oid) as (
  select r.oid, r.oid from (select p.held as oid from place p union select w.oid from wanted w) r
  union
  select d.root, i.inhrelid from down d join pg_catalog.pg_inherits i on i.inhparent = d.oid
)
select p.id::int as hold, w.oid::pg_catalog.int8::pg_catalog.float8 as oid,
       case when exists (select from down d where d.root = p.held and d.oid = w.oid) then null
            else array(select d.oid::pg_catalog.int8::pg_catalog.float8 from down d where d.root = p.held order by 1) end as only,
       p.scope, p.column_name as column,
       (select ${COMPARABLE_TYPE} from pg_catalog.pg_attribute a
        where a.attrelid = w.oid and a.attname = p.column_name and a.attnum > 0 and not a.attisdropped) as type,
       p.from_at::text as from, p.to_at::text as to, p.subject
from place p
cross join wanted w
where exists (select from down d where d.root = p.held and d.oid = w.oid)
   or exists (select from down d where d.root = w.oid and d.oid = p.held)
order by 1, 2`;

/**
 * An SQL condition that is true for every row that has to stay, on the row called `row`; null: no hold bears on the table. What is in doubt is
 * held: a row whose column is empty, a column that is gone, a circle of cascades. Pure.
 */
export function heldCondition(
  table: { readonly oid: number; readonly references: readonly Reference[] },
  bearings: readonly Bearing[],
  row: string,
): string | null {
  const own = bearings.filter(({ oid }) => oid === table.oid).map((bearing) => scopeCondition(bearing, row));
  const below = table.references
    .filter(({ action }) => action !== 'refuse')
    .flatMap((reference, index) => referenceCondition(reference, bearings, row, `${row}_${index + 1}`));
  const parts = [...new Set([...own, ...below])];
  return parts.length === 0 ? null : parts.map((part) => `(${part})`).join(' or ');
}

function referenceCondition(reference: Reference, bearings: readonly Bearing[], row: string, child: string): string[] {
  // In a circle a row may reach any other: one hold on any of its tables keeps them all.
  if (isCircle(reference) && bearings.length > 0) return ['true'];
  const inner = heldCondition(reference, bearings, child);
  if (inner === null) return [];
  const joined = reference.columns.map(
    (column, at) => `${child}.${ident(column)} = ${row}.${ident(reference.referenced[at] ?? '')}`,
  );
  return [`exists (select from ${reference.sql} as ${child} where ${joined.join(' and ')} and (${inner}))`];
}

function scopeCondition({ only, ...bearing }: Bearing, row: string): string {
  const within = placeCondition(bearing, row);
  if (only === null) return within;
  const relations = `${row}.tableoid in (${only.map(String).join(', ')})`;
  return within === 'true' ? relations : `${relations} and (${within})`;
}

function placeCondition({ scope, column, type, from, to, subject }: Omit<Bearing, 'only'>, row: string): string {
  if (scope === 'table' || scope === 'partition') return 'true';
  if (column === null || type === null) return 'true';
  const value = `${row}.${ident(column)}`;
  // Null is not false: a row that does not say whose it is, or of when, stays.
  if (scope === 'subject') return `(${value} = ${literal(subject ?? '')}::${type}) is not false`;
  return rangeCondition(value, type, from, to);
}

/** A day is held when any moment of it is; what has no zone is read as UTC, in which the session is. */
function rangeCondition(value: string, type: string, from: string | null, to: string | null): string {
  const end = type === 'date' ? `((${value} + 1)::timestamptz > ${moment(from)})` : `(${value}::timestamptz >= ${moment(from)})`;
  const parts = [...(from === null ? [] : [end]), ...(to === null ? [] : [`(${value}::timestamptz <= ${moment(to)})`])];
  return `(${parts.join(' and ')}) is not false`;
}

const moment = (text: string | null): string => `${literal(text ?? '')}::timestamptz`;

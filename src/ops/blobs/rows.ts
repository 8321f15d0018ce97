import { ident, literal } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { goes, MOST_COUNTED, ROW, type Target } from '../retention/statements.ts';
import { tableText } from '../retention/settings.ts';
import type { Backlog } from '../retention/backlog.ts';
import type { BlobFacts } from './inspect.ts';

/** A proof row that is old enough, as far as it is about its blob. */
export interface ProofRow {
  /** Primary key, as JSON. */
  readonly rowKey: string;
  readonly location: string | null;
  /** Lower case; null: there is none. */
  readonly sha256: string | null;
  readonly bytes: number | null;
}

/** Where a batch ended: the next begins behind it. */
export interface Cursor {
  readonly at: string;
  readonly key: readonly string[];
}

type Shape = Pick<BlobFacts, 'rule' | 'key' | 'hash' | 'target'>;

const column = (name: string): string => `${ROW}.${ident(name)}`;
const hashOf = ({ rule, hash }: Shape): string =>
  hash === 'bytea'
    ? `pg_catalog.encode(${column(rule.columns.sha256)}, 'hex')`
    : `pg_catalog.lower(${column(rule.columns.sha256)}::text)`;

/** Rows whose blob was taken away, or brought back since the cut-off, are not due: a blob that came back is kept as long as a new one. */
function notMoved(shape: Shape): string {
  const { rule } = shape;
  const same = (event: string): string =>
    `${event}.table_name = ${literal(tableText(rule))} and ${event}.location = ${column(rule.columns.location)}::text and ${event}.sha256 = ${hashOf(shape)}`;
  return `not exists (
    select from dbctl.blob_event e
    where e.kind = 'removed' and ${same('e')}
      and not exists (
        select from dbctl.blob_event b
        where b.kind = 'restored' and b.table_name = e.table_name and b.location = e.location and b.sha256 = e.sha256 and b.id > e.id))
  and not exists (
    select from dbctl.blob_event b
    where b.kind = 'restored' and ${same('b')} and b.at >= $1::text::pg_catalog.timestamptz)`;
}

const selected = (shape: Shape): string => {
  const { rule, key } = shape;
  const pairs = key.map(({ name }) => `${literal(name)}, ${column(name)}`).join(', ');
  return `pg_catalog.jsonb_build_object(${pairs})::text as "rowKey", ${column(rule.columns.location)}::text as location,
       ${hashOf(shape)} as sha256, ${column(rule.columns.bytes)}::pg_catalog.float8 as bytes`;
};

/** The next rows whose blobs are to be moved, oldest first, and where they end; none: all were seen. */
export async function readDue(
  session: Session,
  facts: BlobFacts,
  limit: number,
  after: Cursor | null,
): Promise<{ readonly rows: readonly ProofRow[]; readonly end: Cursor | null }> {
  const values = [facts.cutOff, limit, ...(after === null ? [] : [after.at, ...after.key])];
  const rows = await session.rows<ProofRow & Cursor>(dueStatement(facts, after !== null), values);
  const last = rows.at(-1);
  return { rows, end: last === undefined ? null : { at: last.at, key: last.key } };
}

function dueStatement(facts: BlobFacts, goesOn: boolean): string {
  const { rule, table, key, target } = facts;
  const order = [rule.by, ...key.map(({ name }) => name)].map(column).join(', ');
  const types = [table.type, ...key.map(({ type }) => type)];
  const behind = goesOn ? `\n  and (${order}) > (${types.map((type, at) => `$${at + 3}::text::${type}`).join(', ')})` : '';
  return `
select ${selected(facts)}, ${column(rule.by)}::text as at, array[${key.map(({ name }) => `${column(name)}::text`).join(', ')}] as key
from ${table.sql} as ${ROW}
where ${goes(target)}
  and ${notMoved(facts)}${behind}
order by ${order}
limit $2`;
}

/** Whether a row lets its blob go. */
export interface Referrer extends ProofRow {
  readonly due: boolean;
}

/** Every row with one of these hashes, young and held ones as well. The target says what is held now. */
export function readReferrers(
  session: Session,
  facts: BlobFacts,
  target: Target,
  hashes: readonly string[],
): Promise<Referrer[]> {
  const { table, rule, hash } = facts;
  const sql = `
select ${selected(facts)}, (${goes(target)}) is true as due
from ${table.sql} as ${ROW}
where ${column(rule.columns.sha256)} = any (${hash === 'bytea' ? HASH_BYTES : HASH_TEXTS})`;
  return session.rows<Referrer>(sql, [facts.cutOff, hashes]);
}

const HASH_BYTES = `array(select pg_catalog.decode(h, 'hex') from pg_catalog.unnest($2::text[]) h)`;
/** As they are mostly written, so that an index on the column serves. */
const HASH_TEXTS = `array(select h from pg_catalog.unnest($2::text[]) h union all select pg_catalog.upper(h) from pg_catalog.unnest($2::text[]) h)`;

/** The rows of one blob, or of one primary key. */
export async function findRows(session: Session, facts: BlobFacts, wanted: string): Promise<Referrer[]> {
  if (/^[0-9a-f]{64}$/i.test(wanted)) return readReferrers(session, facts, facts.target, [wanted.toLowerCase()]);
  const sql = `
select ${selected(facts)}, (${goes(facts.target)}) is true as due
from ${facts.table.sql} as ${ROW}
where ${facts.key.map(({ name }) => `${column(name)}::text`).join(` || ',' || `)} = $2`;
  return session.rows<Referrer>(sql, [facts.cutOff, wanted]);
}

/** How many blobs wait to be moved, counted up to a limit unless `all`. */
export async function readBlobBacklog(session: Session, facts: BlobFacts, all: boolean): Promise<Backlog> {
  const limit = all ? '' : ` limit ${MOST_COUNTED + 1}`;
  const { table, rule, target, cutOff } = facts;
  const by = column(rule.by);
  const [row] = await session.rows<Pick<Backlog, 'rows' | 'oldest'> & { readonly bytes: number; readonly late: number | null }>(
    `
select pg_catalog.count(*)::pg_catalog.float8 as rows, coalesce(pg_catalog.sum(d.bytes), 0)::pg_catalog.float8 as bytes,
       pg_catalog.to_char(pg_catalog.min(d.at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as oldest,
       pg_catalog.date_part('epoch', $1::text::pg_catalog.timestamptz - pg_catalog.min(d.at))::pg_catalog.float8 as late
from (
  select ${by}::pg_catalog.timestamptz as at, ${column(rule.columns.bytes)} as bytes
  from ${table.sql} as ${ROW}
  where ${goes(target)}
    and ${notMoved(facts)}
  order by ${by}${limit}
) d`,
    [cutOff],
  );
  const held = target.held === null ? 0 : await heldRows(session, facts, target.held, limit);
  return {
    rows: row?.rows ?? 0,
    how: all ? 'exact' : 'counted',
    bytes: row?.bytes ?? 0,
    oldest: row?.oldest ?? null,
    lateSeconds: Math.max(0, row?.late ?? 0),
    held,
  };
}

/** Old enough, still where they were, and held. */
async function heldRows(session: Session, facts: BlobFacts, held: string, limit: string): Promise<number> {
  const free: Target = { ...facts.target, held: null };
  const [row] = await session.rows<{ n: number }>(
    `
select pg_catalog.count(*)::pg_catalog.float8 as n
from (select from ${facts.table.sql} as ${ROW} where ${goes(free)} and (${held}) and ${notMoved(facts)}${limit}) h`,
    [facts.cutOff],
  );
  return row?.n ?? 0;
}

import { ident, qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { leafExpression, type HashedColumn } from './canonical.ts';
import { HASH_BYTES, TreeBuilder } from './merkle.ts';
import type { Partition } from './relations.ts';

/** Rows of one partition, by the transactions that inserted them. */
export interface WindowRange {
  readonly partition: Partition;
  readonly table: string;
  readonly columnsVersion: number;
  readonly columns: readonly HashedColumn[];
  readonly xidColumn: string;
  /** lo <= xid < hi. */
  readonly lo: bigint;
  readonly hi: bigint;
}

export interface Sealed {
  readonly rows: number;
  readonly root: Buffer;
}

/** Leaf hashes in one message of the server: 32 bytes each, twice that as text, so a message is some 8 MB. */
const BATCH = 131_072;

/**
 * Count and Merkle root of the rows of a window, in the order of (xid, leaf hash), which needs no key and no collation. The server hashes and
 * sorts; here memory stays flat: a cursor brings some hundred thousand hashes at a time. Call it inside a transaction.
 */
export async function sealWindow(session: Session, range: WindowRange): Promise<Sealed> {
  const tree = new TreeBuilder();
  await eachLeafBatch(session, range, (leaves) => tree.pushMany(leaves));
  return { rows: tree.size, root: tree.root() };
}

/** All leaf hashes of a window, for a proof. */
export async function leavesOf(session: Session, range: WindowRange): Promise<Buffer[]> {
  const all: Buffer[] = [];
  await eachLeafBatch(session, range, (leaves) => {
    for (let at = 0; at < leaves.length; at += HASH_BYTES) all.push(leaves.subarray(at, at + HASH_BYTES));
  });
  return all;
}

/** Hashes of the rows of a window in their order, some hundred thousand at a time. Call it inside a transaction. */
export async function eachLeafBatch(session: Session, range: WindowRange, take: (leaves: Buffer) => void): Promise<void> {
  // One column of text a batch instead of a row a hash: 1M leaves then cost pg 0.1 s instead of 1.5 s to parse.
  await session.script(`declare leaves no scroll cursor for
select pg_catalog.string_agg(s.leaf, ''::pg_catalog.bytea order by s.place) as leaves
from (
  select r.leaf, pg_catalog.row_number() over (order by r.xid, r.leaf) - 1 as place
  from (${leafQuery(range)}) r
) s
group by s.place / ${BATCH}
order by s.place / ${BATCH}`);
  for (;;) {
    const [row] = await session.rows<{ leaves: Buffer }>('fetch 1 from leaves');
    if (row === undefined) break;
    take(row.leaves);
  }
  await session.script('close leaves');
}

function leafQuery({ partition, table, columnsVersion, columns, xidColumn, lo, hi }: WindowRange): string {
  const xid = `t.${ident(xidColumn)}`;
  return `select ${xid} as xid, ${leafExpression(table, columnsVersion, columns, 't')} as leaf
  from only ${qualified(partition.schema, partition.relation)} t
  where ${xid} >= '${lo}'::pg_catalog.xid8 and ${xid} < '${hi}'::pg_catalog.xid8`;
}

/** What {@link sealWindows} asks for: many windows of one partition, all with the same column list. */
export interface WindowBatch {
  readonly range: Omit<WindowRange, 'lo' | 'hi'>;
  readonly windows: readonly { readonly lo: bigint; readonly hi: bigint }[];
}

/**
 * The same for many small windows in one message, found through the index on the xid column. The caller keeps the number of rows of a
 * batch small: all of their hashes are in memory at once.
 */
export async function sealWindows(session: Session, { range, windows }: WindowBatch): Promise<Sealed[]> {
  const { partition, table, columnsVersion, columns, xidColumn } = range;
  const xid = `t.${ident(xidColumn)}`;
  const rows = await session.rows<{ leaves: Buffer | null }>(
    `select (
  select pg_catalog.string_agg(r.leaf, ''::pg_catalog.bytea order by r.xid, r.leaf)
  from (
    select ${xid} as xid, ${leafExpression(table, columnsVersion, columns, 't')} as leaf
    from only ${qualified(partition.schema, partition.relation)} t
    where ${xid} >= w.lo::pg_catalog.xid8 and ${xid} < w.hi::pg_catalog.xid8
  ) r) as leaves
from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) with ordinality w (lo, hi, place)
order by w.place`,
    [windows.map(({ lo }) => String(lo)), windows.map(({ hi }) => String(hi))],
  );
  return rows.map(({ leaves }) => {
    const tree = new TreeBuilder();
    if (leaves !== null) tree.pushMany(leaves);
    return { rows: tree.size, root: tree.root() };
  });
}

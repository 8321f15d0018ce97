import { DbctlError } from '../../core/errors.ts';
import { ident, qualified, splitName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { finding, type Finding } from './finding.ts';
import { sealWindow, sealWindows, type WindowRange } from './leaves.ts';
import type { ColumnLists, Epoch, Head } from './state.ts';
import { suspects } from './suspects.ts';

/** Which windows are hashed again. */
export interface Extent {
  /** All of them, and the number of rows of each partition as well. */
  readonly full: boolean;
  /** Without `full`: the newest of each partition … */
  readonly newest: number;
  /** … and this many of the others, by chance. */
  readonly sample: number;
}

export interface PartitionTask {
  readonly table: string;
  readonly partition: string;
  readonly epoch: Epoch;
  readonly head: Head;
  readonly xidColumn: string;
  readonly lists: ColumnLists;
  readonly extent: Extent;
  /** Rows came from another server: their transactions are not of this one's counting. */
  readonly restored: boolean;
  /** Called with the number of rows hashed. */
  readonly onRows: (rows: number) => void;
}

interface WindowRow {
  readonly position: number;
  readonly sequence: number;
  readonly columnsVersion: number;
  readonly lo: string;
  readonly hi: string;
  readonly rows: number;
  readonly root: Buffer;
}

/** Rows whose hashes one message brings: 6 MB of text. */
const ROWS_OF_A_BATCH = 100_000;
const WINDOWS_OF_A_BATCH = 2_000;
const PAGE = 10_000;

/** Hashes the windows of one partition again and compares. The first that differs is reported; one more finding sums up what was equal. */
export async function verifyPartition(session: Session, task: PartitionTask): Promise<Finding[]> {
  const standing = await standingOf(session, task.partition);
  const told = standing.held === null ? [] : [finding('held', task.partition, `under legal hold: ${standing.held}`)];
  const { returned } = standing;
  if (standing.exists && returned !== null)
    told.push(
      finding('returned', task.partition, `back from ${returned.reference}, ${returned.reason}`, {
        reference: returned.reference,
      }),
    );
  if (!standing.exists) return [...told, goneFinding(task, standing.archived)];
  try {
    return [...told, ...(await compare(session, task))];
  } catch (thrown) {
    // The partition, or a column of it, went while it was being read.
    if (!(thrown instanceof DbctlError) || !['42P01', '42703'].includes(thrown.sqlstate ?? '')) throw thrown;
    if (thrown.sqlstate === '42703') {
      return [...told, finding('epoch', task.partition, `a column that is part of sealed rows is gone: ${thrown.message}`)];
    }
    return [...told, goneFinding(task, (await standingOf(session, task.partition)).archived)];
  }
}

function goneFinding({ partition }: PartitionTask, archived: string | null): Finding {
  return archived === null
    ? finding('tampered', partition, 'the partition is gone, and nothing says that it was archived')
    : finding('archived', partition, `archived: ${archived}`, { reference: archived });
}

async function compare(session: Session, task: PartitionTask): Promise<Finding[]> {
  let [windows, rows] = [0, 0];
  for await (const page of windowPages(session, task)) {
    for (const batch of batches(page)) {
      const bad = await firstDifference(session, task, batch);
      windows += batch.length;
      rows += batch.reduce((sum, window) => sum + window.rows, 0);
      task.onRows(batch.reduce((sum, window) => sum + window.rows, 0));
      if (bad !== null) return [bad];
    }
  }
  const extra = await strayRows(session, task);
  if (extra !== null) return [extra];
  return [
    finding(
      'sealed',
      task.partition,
      windows === 0 ? 'nothing to seal yet' : `as sealed: ${rows} rows in ${windows} ${windows === 1 ? 'window' : 'windows'}`,
      {
        rows,
        windows,
        full: task.extent.full,
      },
    ),
  ];
}

async function* windowPages(session: Session, { partition, epoch, extent }: PartitionTask): AsyncGenerator<WindowRow[]> {
  if (!extent.full) {
    yield await session.rows<WindowRow>(SAMPLED, [epoch.epoch, partition, extent.newest, extent.sample]);
    return;
  }
  let after = -1;
  for (;;) {
    const rows = await session.rows<WindowRow>(PAGED, [epoch.epoch, partition, after, PAGE]);
    yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.position ?? after;
  }
}

/** Consecutive windows of one column list that together stay under the limits; a big window is alone. */
function* batches(windows: readonly WindowRow[]): Generator<WindowRow[]> {
  let batch: WindowRow[] = [];
  let rows = 0;
  for (const window of windows) {
    const full = batch.length === WINDOWS_OF_A_BATCH || rows + window.rows > ROWS_OF_A_BATCH;
    if (batch.length > 0 && (full || batch[0]?.columnsVersion !== window.columnsVersion)) {
      yield batch;
      [batch, rows] = [[], 0];
    }
    batch.push(window);
    rows += window.rows;
  }
  if (batch.length > 0) yield batch;
}

async function firstDifference(session: Session, task: PartitionTask, batch: readonly WindowRow[]): Promise<Finding | null> {
  const [first] = batch;
  if (first === undefined) return null;
  const range = rangeOf(task, first);
  const bounds = batch.map(({ lo, hi }) => ({ lo: BigInt(lo), hi: BigInt(hi) }));
  const big = batch.length === 1 && first.rows > ROWS_OF_A_BATCH;
  const found = big ? [await sealAlone(session, range)] : await sealWindows(session, { range, windows: bounds });
  const index = found.findIndex(({ rows, root }, place) => rows !== batch[place]?.rows || !root.equals(batch[place].root));
  const [bad, seen] = [batch[index], found[index]];
  if (bad === undefined || seen === undefined) return null;
  const suspected = await suspects(session, { ...rangeOf(task, bad) }, task.epoch.xidOffset);
  return finding('tampered', task.partition, sentence(bad, seen.rows, suspected.length), {
    table: task.table,
    window: bad.position,
    sequence: bad.sequence,
    lo: bad.lo,
    hi: bad.hi,
    sealedRows: bad.rows,
    foundRows: seen.rows,
    suspects: suspected,
  });
}

function sentence({ position, sequence, rows, lo, hi }: WindowRow, found: number, suspected: number): string {
  const what =
    found === rows
      ? 'a row has another content'
      : found < rows
        ? `${rows - found} rows are missing`
        : `${found - rows} rows are too many`;
  const more = suspected === 0 ? '' : `; ${suspected} rows in it were written after it was sealed`;
  return `window ${position} of checkpoint ${sequence} (transactions ${lo} to ${hi}, ${rows} rows): ${what}${more}`;
}

async function sealAlone(session: Session, range: WindowRange) {
  await session.script('begin transaction isolation level repeatable read, read only');
  try {
    return await sealWindow(session, range);
  } finally {
    await session.script('rollback');
  }
}

function rangeOf({ table, partition, xidColumn, lists }: PartitionTask, { columnsVersion, lo, hi }: WindowRow): WindowRange {
  const { schema, name } = splitName(partition);
  const columns = lists.get(table)?.get(columnsVersion) ?? [];
  return {
    table,
    partition: { name: partition, schema, relation: name },
    columnsVersion,
    columns,
    xidColumn,
    lo: BigInt(lo),
    hi: BigInt(hi),
  };
}

/** Rows no window knows: of transactions long sealed, in a partition or at a place where there were none; or of transactions to come. */
async function strayRows(
  session: Session,
  { partition, epoch, head, xidColumn, extent, restored }: PartitionTask,
): Promise<Finding | null> {
  const { schema, name } = splitName(partition);
  const xid = `t.${ident(xidColumn)}`;
  const [future] = await session.rows<{ count: number; first: string | null }>(
    // On a standby the snapshot may lag behind what a crash-safe primary has handed out, but never behind a row that can be seen.
    `select pg_catalog.count(*)::pg_catalog.float8 as count, pg_catalog.min(${xid})::pg_catalog.text as first
     from only ${qualified(schema, name)} t
     where ${xid} >= ((pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 + $1::pg_catalog.int8)::pg_catalog.text)::pg_catalog.xid8`,
    [String(epoch.xidOffset)],
  );
  if (!restored && future !== undefined && future.count > 0) {
    return finding(
      'tampered',
      partition,
      `${future.count} rows name transactions that have not begun, the first ${future.first}`,
      { first: future.first },
    );
  }
  if (!extent.full) return null;
  const [count] = await session.rows<{ found: number; sealed: number }>(
    `select (select pg_catalog.count(*)::pg_catalog.float8 from only ${qualified(schema, name)} t where ${xid} < $1::pg_catalog.xid8) as found,
            (select coalesce(pg_catalog.sum(w.rows), 0)::pg_catalog.float8 from dbctl.ledger_window w where w.epoch = $2 and w.partition_name = $3) as sealed`,
    [String(head.hi), epoch.epoch, partition],
  );
  if (count === undefined || count.found === count.sealed) return null;
  const message =
    count.found > count.sealed
      ? `${count.found - count.sealed} rows of sealed transactions are in no window: they were put in later`
      : `${count.sealed - count.found} sealed rows are missing`;
  return finding('tampered', partition, message, { ...count });
}

interface Standing {
  readonly exists: boolean;
  readonly archived: string | null;
  /** Where it came from, and why; null: it did not leave, or not come back since. */
  readonly returned: { readonly reference: string; readonly reason: string } | null;
  readonly held: string | null;
}

async function standingOf(session: Session, partition: string): Promise<Standing> {
  const { schema, name } = splitName(partition);
  const [row] = await session.rows<Standing>(STANDING, [schema, name, partition]);
  return row ?? { exists: false, archived: null, returned: null, held: null };
}

const STANDING = /* sql */ `
select exists (
         select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = $1 and c.relname = $2 and c.relkind = 'r') as exists,
       (select e.reference from dbctl.ledger_event e where e.partition_name = $3 and e.kind = 'archived' order by e.id desc limit 1) as archived,
       (select case e.kind when 'restored' then pg_catalog.json_build_object('reference', e.reference, 'reason', e.reason) end from dbctl.ledger_event e
        where e.partition_name = $3 and e.kind in ('archived', 'restored') order by e.id desc limit 1) as returned,
       (select case e.kind when 'held' then e.reason end from dbctl.ledger_event e
        where e.partition_name = $3 and e.kind in ('held', 'released') order by e.id desc limit 1) as held`;

const COLUMNS = /* sql */ `
select w.position::pg_catalog.float8 as position, w.sequence::pg_catalog.float8 as sequence, w.columns_version as "columnsVersion",
       w.lo::pg_catalog.text as lo, w.hi::pg_catalog.text as hi, w.rows::pg_catalog.float8 as rows, w.root`;

const PAGED = /* sql */ `${COLUMNS}
from dbctl.ledger_window w
where w.epoch = $1 and w.partition_name = $2 and w.position > $3
order by w.position
limit $4`;

const SAMPLED = /* sql */ `
with newest as (
  select w.position from dbctl.ledger_window w where w.epoch = $1 and w.partition_name = $2 order by w.position desc limit $3
), by_chance as (
  select w.position from dbctl.ledger_window w
  where w.epoch = $1 and w.partition_name = $2 and w.position not in (select n.position from newest n)
  order by pg_catalog.random() limit $4
)
${COLUMNS}
from dbctl.ledger_window w
where w.epoch = $1 and w.position in (select n.position from newest n union all select b.position from by_chance b)
order by w.columns_version, w.position`;

import type { Session } from '../../db/session.ts';
import { noteHash } from './checkpoint.ts';
import { entryHash } from './entry.ts';
import { finding, type Finding } from './finding.ts';
import { TreeBuilder } from './merkle.ts';
import { parseCheckpoint } from './checkpoint-text.ts';
import { openNote } from '../signing/note.ts';

interface CheckpointRow {
  readonly sequence: number;
  readonly epoch: number;
  readonly origin: string;
  readonly lo: string;
  readonly hi: string;
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
}

interface WindowRow {
  readonly position: number;
  readonly table: string;
  readonly partition: string;
  readonly columnsVersion: number;
  readonly lo: string;
  readonly hi: string;
  readonly rows: number;
  readonly root: Buffer;
}

/** Rows read at a time: a year of minutes over seven tables is 3.7M entries, which must not be in memory together. */
const PAGE = 20_000;

/**
 * The log in the database against itself: every entry hashed into the tree, each checkpoint's root and size as its signed note says,
 * notes chained, numbers and transaction ids without a gap. Stops at the first thing that does not fit, since all behind it follows from it.
 */
export async function verifyLog(session: Session, publicKeys: readonly string[]): Promise<Finding[]> {
  let tree = new TreeBuilder();
  let last: CheckpointRow | null = null;
  let checkpoints = 0;
  for await (const checkpoint of eachCheckpoint(session)) {
    if (last?.epoch !== checkpoint.epoch) tree = new TreeBuilder();
    const problem =
      chainProblem(last, checkpoint) ??
      noteProblem(last, checkpoint, publicKeys) ??
      (await treeProblem(session, tree, checkpoint));
    if (problem !== null) {
      return [
        finding('tampered', checkpoint.origin, `checkpoint ${checkpoint.sequence}: ${problem}`, {
          sequence: checkpoint.sequence,
        }),
      ];
    }
    last = checkpoint;
    checkpoints += 1;
  }
  if (last === null) return [];
  const beyond = await entriesBeyond(session, last);
  if (beyond > 0)
    return [finding('tampered', last.origin, `${beyond} windows are in no checkpoint`, { sequence: last.sequence })];
  return [
    finding('sealed', last.origin, `${checkpoints} checkpoints, ${last.size} windows: roots, signatures and chain are right`, {
      sequence: last.sequence,
    }),
  ];
}

function chainProblem(last: CheckpointRow | null, { epoch, lo, sequence, size }: CheckpointRow): string | null {
  // Whether anything came before is in the signed note, which names the one before it.
  if (last === null || epoch > last.epoch) return null;
  if (epoch < last.epoch) return `epoch ${epoch} follows epoch ${last.epoch}`;
  if (sequence !== last.sequence + 1) return `checkpoint ${last.sequence + 1} is missing`;
  if (lo !== last.hi) return `it begins at transaction ${lo}, and the one before ends at ${last.hi}`;
  return size < last.size ? `its size ${size} is less than ${last.size}` : null;
}

function noteProblem(last: CheckpointRow | null, checkpoint: CheckpointRow, publicKeys: readonly string[]): string | null {
  try {
    const { text } = openNote(checkpoint.note, publicKeys);
    const { origin, size, root, extensions } = parseCheckpoint(text);
    const said = { ...extensions, origin, size, root: root.toString('hex') };
    const is = {
      origin: checkpoint.origin,
      size: checkpoint.size,
      root: checkpoint.root.toString('hex'),
      sequence: String(checkpoint.sequence),
      epoch: String(checkpoint.epoch),
      xid: `${checkpoint.lo} ${checkpoint.hi}`,
      previous: last === null ? 'none' : noteHash(last.note),
    };
    const other = Object.entries(is).find(([name, value]) => (said as Record<string, unknown>)[name] !== value);
    return other === undefined ? null : `its note says another ${other[0]} than the table`;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

async function treeProblem(
  session: Session,
  tree: TreeBuilder,
  { epoch, size, root, sequence }: CheckpointRow,
): Promise<string | null> {
  while (tree.size < size) {
    const rows = await session.rows<WindowRow>(WINDOWS, [epoch, tree.size, Math.min(size, tree.size + PAGE)]);
    if (rows.length === 0) return `window ${tree.size} is missing`;
    for (const row of rows) {
      if (row.position !== tree.size) return `window ${tree.size} is missing`;
      tree.push(entryHash({ epoch, ...row }));
    }
  }
  return tree.root().equals(root)
    ? null
    : `the windows do not have its root: one of those up to ${size - 1} of checkpoint ${sequence} was changed`;
}

async function* eachCheckpoint(session: Session): AsyncGenerator<CheckpointRow> {
  let after = 0;
  for (;;) {
    const rows = await session.rows<CheckpointRow>(CHECKPOINTS, [after, 2_000]);
    yield* rows;
    if (rows.length < 2_000) return;
    after = rows.at(-1)?.sequence ?? after;
  }
}

async function entriesBeyond(session: Session, { epoch, size }: CheckpointRow): Promise<number> {
  const [row] = await session.rows<{ beyond: number }>(
    'select pg_catalog.count(*)::pg_catalog.int4 as beyond from dbctl.ledger_window w where (w.epoch = $1 and w.position >= $2) or w.epoch > $1',
    [epoch, size],
  );
  return row?.beyond ?? 0;
}

const CHECKPOINTS = /* sql */ `
select c.sequence::pg_catalog.float8 as sequence, c.epoch, e.origin, c.lo::pg_catalog.text, c.hi::pg_catalog.text,
       c.size::pg_catalog.float8 as size, c.root, c.note
from dbctl.ledger_checkpoint c
join dbctl.ledger_epoch e on e.epoch = c.epoch
where c.sequence > $1
order by c.sequence
limit $2`;

const WINDOWS = /* sql */ `
select w.position::pg_catalog.float8 as position, w.table_name as table, w.partition_name as partition, w.columns_version as "columnsVersion",
       w.lo::pg_catalog.text as lo, w.hi::pg_catalog.text as hi, w.rows::pg_catalog.float8 as rows, w.root
from dbctl.ledger_window w
where w.epoch = $1 and w.position >= $2 and w.position < $3
order by w.position`;

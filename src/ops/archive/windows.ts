import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { HashedColumn } from '../ledger/canonical.ts';
import { eachLeafBatch } from '../ledger/leaves.ts';
import { HASH_BYTES, TreeBuilder } from '../ledger/merkle.ts';
import type { ArchivedLedger } from './manifest.ts';

/** A window of the ledger: rows of transactions from lo to below hi, and the root of their tree. */
export interface ArchivedWindow {
  readonly position: number;
  readonly sequence: number;
  readonly columnsVersion: number;
  readonly lo: bigint;
  readonly hi: bigint;
  readonly rows: number;
  readonly root: string;
}

/** What the ledger sealed of a relation. */
export interface SealedRows {
  readonly ledger: ArchivedLedger;
  readonly windows: readonly ArchivedWindow[];
}

export const WINDOWS = 'windows.csv';

const HEAD = 'position,sequence,columns_version,lo,hi,rows,root';

export const windowsText = (windows: readonly ArchivedWindow[]): string =>
  [HEAD, ...windows.map((one) => [one.position, one.sequence, one.columnsVersion, one.lo, one.hi, one.rows, one.root].join(','))]
    .map((line) => `${line}\n`)
    .join('');

/** Reads {@link windowsText}. Fails with archive.failed on anything else. */
export function parseWindows(text: string): ArchivedWindow[] {
  const [head, ...lines] = text.split('\n').slice(0, -1);
  const broken = (): never =>
    fail('archive.failed', `${WINDOWS} is no list of windows`, { hint: 'Take another copy of the archive.' });
  if (head !== HEAD) broken();
  return lines.map((line) => {
    const [, position, sequence, version, lo = '', hi = '', rows, root = ''] =
      /^(\d+),(\d+),(\d+),(\d+),(\d+),(\d+),([0-9a-f]{64})$/.exec(line) ?? broken();
    return {
      position: Number(position),
      sequence: Number(sequence),
      columnsVersion: Number(version),
      lo: BigInt(lo),
      hi: BigInt(hi),
      rows: Number(rows),
      root,
    };
  });
}

/** What the ledger sealed of the relation in its present epoch; null: it is not in the ledger, or there is none. Fails with db.denied. */
export async function readSealedRows(session: Session, name: string, xidColumn: string | null): Promise<SealedRows | null> {
  const [there] = await session.rows<{ found: boolean }>(
    `select pg_catalog.to_regclass('dbctl.ledger_window') is not null as found`,
  );
  if (there?.found !== true || xidColumn === null) return null;
  const rows = await session.rows<
    Omit<ArchivedWindow, 'lo' | 'hi'> & Record<'lo' | 'hi' | 'table', string> & { readonly epoch: number }
  >(SEALED, [name]);
  const [first] = rows;
  if (first === undefined) return null;
  const windows = rows.map(({ position, sequence, columnsVersion, lo, hi, rows: count, root }) => ({
    position,
    sequence,
    columnsVersion,
    lo: BigInt(lo),
    hi: BigInt(hi),
    rows: count,
    root,
  }));
  return {
    windows,
    ledger: {
      table: first.table,
      xidColumn,
      epoch: first.epoch,
      windows: windows.length,
      rows: windows.reduce((sum, one) => sum + one.rows, 0),
      columns: await columnLists(session, first.table),
    },
  };
}

async function columnLists(session: Session, table: string): Promise<Record<string, readonly HashedColumn[]>> {
  const lists = await session.rows<{ version: number; columns: readonly HashedColumn[] }>(
    'select c.version, c.columns from dbctl.ledger_columns c where c.table_name = $1 order by c.version',
    [table],
  );
  return Object.fromEntries(lists.map(({ version, columns }) => [String(version), columns]));
}

const SEALED = /* sql */ `
select w.table_name as table, w.epoch, w.position::pg_catalog.float8 as position, w.sequence::pg_catalog.float8 as sequence,
       w.columns_version as "columnsVersion", w.lo::pg_catalog.text as lo, w.hi::pg_catalog.text as hi,
       w.rows::pg_catalog.float8 as rows, pg_catalog.encode(w.root, 'hex') as root
from dbctl.ledger_window w
where w.partition_name = $1 and w.epoch = (select pg_catalog.max(e.epoch) from dbctl.ledger_epoch e)
order by w.position`;

/**
 * Computes the roots anew from the rows of a table that were loaded, in one pass: the leaves of all windows of one list of columns come in the
 * order of their transactions, and each window takes as many as it sealed. Call it inside a transaction. Fails with archive.failed where a root
 * is another one.
 */
export async function requireRoots(
  session: Session,
  { ledger, windows }: SealedRows,
  loaded: { readonly schema: string; readonly name: string },
  id: string,
): Promise<void> {
  for (const group of sameColumns(windows)) await requireGroup(session, ledger, group, loaded, id);
}

async function requireGroup(
  session: Session,
  ledger: ArchivedLedger,
  windows: readonly ArchivedWindow[],
  loaded: { readonly schema: string; readonly name: string },
  id: string,
): Promise<void> {
  const [first, last] = [windows[0], windows.at(-1)];
  if (first === undefined || last === undefined) return;
  const waiting = windows.filter(({ rows }) => rows > 0).values();
  const damaged = (what: string): never =>
    fail('archive.failed', `${id}: ${what}`, {
      hint: 'Run dbctl ledger verify on the source: the rows were changed since they were sealed, or the archive was.',
    });
  let tree = new TreeBuilder();
  let window = waiting.next().value;
  const range = {
    partition: { name: loaded.name, schema: loaded.schema, relation: loaded.name },
    table: ledger.table,
    columnsVersion: first.columnsVersion,
    columns: ledger.columns[String(first.columnsVersion)] ?? damaged(`the list of columns ${first.columnsVersion} is missing`),
    xidColumn: ledger.xidColumn,
    lo: first.lo,
    hi: last.hi,
  };
  await eachLeafBatch(session, range, (leaves) => {
    for (let at = 0; at < leaves.length; at += HASH_BYTES) {
      if (window === undefined) damaged(`it has more rows than the ledger sealed up to transaction ${last.hi}`);
      tree.push(leaves.subarray(at, at + HASH_BYTES));
      if (window === undefined || tree.size < window.rows) continue;
      if (tree.root().toString('hex') !== window.root)
        damaged(
          `the rows of window ${window.position} (transactions ${window.lo} to ${window.hi}) are not those the ledger sealed`,
        );
      [tree, window] = [new TreeBuilder(), waiting.next().value];
    }
  });
  if (window !== undefined) damaged(`rows of window ${window.position} (transactions ${window.lo} to ${window.hi}) are missing`);
}

/** Consecutive windows with the same list of columns. */
function sameColumns(windows: readonly ArchivedWindow[]): ArchivedWindow[][] {
  const groups: ArchivedWindow[][] = [];
  for (const one of windows) {
    const last = groups.at(-1);
    if (last?.[0]?.columnsVersion === one.columnsVersion) last.push(one);
    else groups.push([one]);
  }
  return groups;
}

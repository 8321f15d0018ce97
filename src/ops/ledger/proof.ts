import { fail } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { ident, qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { canonicalExpression, logicalName } from './canonical.ts';
import { entryBytes, entryHash, type WindowEntry } from './entry.ts';
import { leavesOf } from './leaves.ts';
import { leafHash } from './merkle.ts';
import { parseCheckpoint } from './checkpoint-text.ts';
import { openNote } from '../signing/note.ts';
import { SEE_EVERY_ROW } from './relations.ts';
import type { LedgerSettings, LedgerTable } from './settings.ts';
import { readColumnLists, readState, type ColumnLists } from './state.ts';
import { consistencyProof, inclusionProof } from './tree-proof.ts';

/** Everything that shows one row to be in the log, for somebody who has neither the database nor dbctl: see bin/verify-proof.mjs. */
export interface ProofBundle {
  readonly format: 'dbctl-proof/1';
  readonly row: {
    readonly table: string;
    readonly key: JsonObject;
    /** Names of the columns, in the order of their values in the canonical bytes. */
    readonly columns: readonly string[];
    /** The row's canonical bytes, base64; docs/ledger.md says how they are made. */
    readonly canonical: string;
  };
  readonly window: {
    /** The entry of the log, base64 of its lines. */
    readonly entry: string;
    readonly leafIndex: number;
    readonly rows: number;
    /** Base64 hashes from the row up to the window's root. */
    readonly proof: readonly string[];
  };
  readonly log: {
    readonly index: number;
    readonly size: number;
    /** From the entry up to the root in the note. */
    readonly proof: readonly string[];
  };
  /** The signed note of the checkpoint the proofs lead to. */
  readonly note: string;
  /** That the tree of an older note is a beginning of this one; only where an older note was given. */
  readonly consistency?: { readonly size: number; readonly root: string; readonly proof: readonly string[] };
}

export interface ProofWish {
  readonly table: LedgerTable;
  /** Columns and values that name one row; values as text, read by the column's type. */
  readonly key: Readonly<Record<string, string>>;
  /** A note a third party kept, to show that nothing before it was rewritten. */
  readonly olderNote?: string;
}

/**
 * Builds the proof of one row. Call it in a transaction of one snapshot (repeatable read).
 * Fails with refused: no such row or several, not sealed yet, the older note is of another log, or the row is not what was sealed.
 */
export async function proveRow(session: Session, settings: LedgerSettings, wish: ProofWish): Promise<ProofBundle> {
  await session.script(SEE_EVERY_ROW);
  const { epoch, head } = await readState(session);
  if (epoch === null || head === null) fail('refused', 'no checkpoint was ever made', { hint: 'Run dbctl ledger checkpoint.' });
  const lists = await readColumnLists(session);
  const row = await findRow(session, settings, wish);
  const entries = await allEntries(session, epoch.epoch, head.size);
  const index = entries.findIndex(
    ({ partition, lo, hi }) => partition === row.partition && BigInt(lo) <= BigInt(row.xid) && BigInt(row.xid) < BigInt(hi),
  );
  const entry = entries[index];
  if (entry === undefined)
    fail('refused', 'the row is not sealed yet', {
      hint: 'Run dbctl ledger checkpoint, once its transaction and all before it have ended.',
    });
  const inWindow = await windowProof(session, settings, lists, row, entry);
  const hashes = entries.map(entryHash);
  return {
    format: 'dbctl-proof/1',
    row: {
      table: logicalName(wish.table),
      key: wish.key,
      columns: inWindow.columns,
      canonical: inWindow.canonical.toString('base64'),
    },
    window: {
      entry: entryBytes(entry).toString('base64'),
      leafIndex: inWindow.index,
      rows: entry.rows,
      proof: base64(inWindow.proof),
    },
    log: { index, size: head.size, proof: base64(inclusionProof(hashes, index)) },
    note: head.note,
    ...(wish.olderNote === undefined ? {} : { consistency: olderTree(wish.olderNote, settings, epoch.origin, hashes) }),
  };
}

interface FoundRow {
  readonly partition: string;
  readonly schema: string;
  readonly relation: string;
  readonly ctid: string;
  readonly xid: string;
}

async function findRow(session: Session, { xidColumn }: LedgerSettings, { table, key }: ProofWish): Promise<FoundRow> {
  const columns = Object.keys(key);
  const conditions = columns.map((column, place) => `t.${ident(column)} = $${place + 1}`);
  const rows = await session.rows<FoundRow>(
    `select pg_catalog.concat(n.nspname, '.', c.relname) as partition, n.nspname as schema, c.relname as relation,
            t.ctid::pg_catalog.text as ctid, t.${ident(xidColumn)}::pg_catalog.text as xid
     from ${qualified(table.schema, table.name)} t
     join pg_catalog.pg_class c on c.oid = t.tableoid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where ${conditions.join(' and ')}
     limit 2`,
    Object.values(key),
  );
  const [row] = rows;
  const named = Object.entries(key)
    .map(([column, value]) => `${column}=${value}`)
    .join(' ');
  if (row === undefined)
    fail('refused', `${logicalName(table)} has no row ${named}`, {
      hint: 'Name the columns of its key: dbctl ledger proof schema.table id=VALUE.',
    });
  if (rows.length > 1)
    fail('refused', `${logicalName(table)} has several rows ${named}`, { hint: 'Name all columns of its key.' });
  return row;
}

async function windowProof(
  session: Session,
  { xidColumn }: LedgerSettings,
  lists: ColumnLists,
  row: FoundRow,
  entry: WindowEntry,
) {
  const { table, columnsVersion } = entry;
  const columns = lists.get(table)?.get(columnsVersion) ?? [];
  const [bytes] = await session.rows<{ canonical: Buffer }>(
    `select ${canonicalExpression(table, columnsVersion, columns, 't')} as canonical
     from only ${qualified(row.schema, row.relation)} t where t.ctid = $1::pg_catalog.tid`,
    [row.ctid],
  );
  const canonical = bytes?.canonical ?? Buffer.alloc(0);
  const partition = { name: row.partition, schema: row.schema, relation: row.relation };
  const range = { partition, table, columnsVersion, columns, xidColumn, lo: BigInt(entry.lo), hi: BigInt(entry.hi) };
  const leaves = await leavesOf(session, range);
  const leaf = leafHash(canonical);
  const index = leaves.findIndex((one) => one.equals(leaf));
  if (index === -1 || leaves.length !== entry.rows) {
    fail('refused', `the rows of its window are not those that were sealed: ${leaves.length} instead of ${entry.rows}`, {
      hint: 'Run dbctl ledger verify, and follow runbooks/ledger-mismatch.md.',
    });
  }
  return { canonical, columns: columns.map(({ name }) => name), index, proof: inclusionProof(leaves, index) };
}

async function allEntries(session: Session, epoch: number, size: number): Promise<WindowEntry[]> {
  return session.rows<WindowEntry>(
    `select w.epoch, w.table_name as table, w.partition_name as partition, w.columns_version as "columnsVersion",
            w.lo::pg_catalog.text as lo, w.hi::pg_catalog.text as hi, w.rows::pg_catalog.float8 as rows, w.root
     from dbctl.ledger_window w
     where w.epoch = $1 and w.position < $2
     order by w.position`,
    [epoch, size],
  );
}

function olderTree(
  note: string,
  { publicKeys }: LedgerSettings,
  origin: string,
  hashes: readonly Buffer[],
): NonNullable<ProofBundle['consistency']> {
  const older = parseCheckpoint(openNote(note, publicKeys).text);
  if (older.origin !== origin) {
    fail('refused', `the older note is of the log ${older.origin}, and this is ${origin}`, {
      hint: 'After a restore a new log begins; its first record cites the last note of the one before.',
    });
  }
  if (older.size > hashes.length) {
    fail('refused', `the older note has ${older.size} entries, and the database ${hashes.length}: it has gone back`, {
      hint: 'Run dbctl ledger verify, and follow runbooks/ledger-mismatch.md.',
    });
  }
  return { size: older.size, root: older.root.toString('base64'), proof: base64(consistencyProof(hashes, older.size)) };
}

const base64 = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('base64'));

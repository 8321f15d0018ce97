import { createHash } from 'node:crypto';
import { fail } from '../../core/errors.ts';
import { withAdvisoryLock } from '../../db/advisory-lock.ts';
import type { Session } from '../../db/session.ts';
import { ident, qualified } from '../../db/ident.ts';
import { currentColumns, type CurrentColumns } from './columns.ts';
import { entryHash, type WindowEntry } from './entry.ts';
import { nextEpoch, type NewEpoch } from './epoch.ts';
import { sealWindow } from './leaves.ts';
import { TreeBuilder } from './merkle.ts';
import { checkpointText } from './checkpoint-text.ts';
import { signNote } from '../signing/note.ts';
import { publishPending, type Publication } from './publish.ts';
import { readSealedTables, whilePartitionsGo, type Partition, type SealedTable } from './relations.ts';
import type { LedgerSettings } from './settings.ts';
import type { Signer } from '../signing/signer.ts';
import type { PublishedNote, Sink } from './sink.ts';
import { readState, type Epoch, type Head, type LedgerState } from './state.ts';

export interface CheckpointInputs {
  readonly settings: LedgerSettings;
  readonly signer: Signer;
  readonly sinks: readonly Sink[];
  readonly operator: string;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
  /** Opens a new epoch first; null: goes on in the present one. */
  readonly newEpoch: NewEpoch | null;
}

export interface CheckpointOutcome {
  /** `unchanged`: no row was sealed, and the last head is young enough to stand for itself. */
  readonly kind: 'made' | 'unchanged';
  readonly sequence: number;
  readonly epoch: number;
  readonly size: number;
  readonly hi: string;
  readonly windows: number;
  readonly rows: number;
  readonly published: readonly Publication[];
}

/** Without new rows a head is signed anew only this many intervals after the last: a sign of life. */
export const HEARTBEAT_INTERVALS = 10;

/** Another checkpoint is waited for this long. */
const LOCK_WAIT_MS = 30_000;

/**
 * Seals every row of transactions that have ended since the last checkpoint, signs the head of the log and publishes it. Any number may
 * run at once: one works, the others then find nothing to do. After a crash the next run goes on: rows and head commit together, and a
 * note without receipt is published again.
 * Fails with refused when the database has gone back (a sink knows more than it does, or transaction ids fell), until a new epoch is
 * opened; with lock.held; with what the signer throws, and then nothing is kept.
 */
export async function makeCheckpoint(session: Session, inputs: CheckpointInputs): Promise<CheckpointOutcome> {
  return withAdvisoryLock(session, 'ledger', { waitMs: LOCK_WAIT_MS, signal: inputs.signal }, async () => {
    const before = await readState(session);
    if (before.inRecovery)
      fail('db.read-only', 'a standby cannot seal rows', { hint: 'Run it on the primary; `ledger verify` runs on either.' });
    const late = await publishPending(session, inputs.sinks);
    const latest = await latestOf(inputs.sinks);
    const known = Math.max(before.head?.sequence ?? 0, ...latest.map(({ sequence }) => sequence));
    if (inputs.newEpoch === null) refuseGoneBack(before, known);
    refuseOtherLog(before.head, latest);
    const epoch = await nextEpoch(session, before, { ...inputs, latest });
    const closed = await whilePartitionsGo(() => closeWindows(session, inputs, epoch, known + 1));
    const published = closed.kind === 'made' ? await publishPending(session, inputs.sinks) : [];
    return { ...closed, published: [...late, ...published] };
  });
}

/** The last notes of the sinks that can be read; a sink that does not answer is no reason to stop sealing. */
async function latestOf(sinks: readonly Sink[]): Promise<PublishedNote[]> {
  const latest = await Promise.all(sinks.map((sink) => sink.latest().catch(() => null)));
  return latest.filter((note) => note !== null && note !== 'unreadable');
}

/** A log that was rewritten is not gone on with: one more note, and the latest ones would be the same again. */
function refuseOtherLog(head: Head | null, latest: readonly PublishedNote[]): void {
  const other = latest.find(({ sequence, text }) => sequence === head?.sequence && text !== head.note);
  if (other === undefined) return;
  fail('refused', `checkpoint ${other.sequence} was published as another one: ${other.reference}`, {
    hint: 'One of the two was rewritten. Keep both and follow runbooks/ledger-mismatch.md.',
  });
}

function refuseGoneBack({ epoch, head, xmin, systemIdentifier }: LedgerState, known: number): void {
  const hint =
    'Look first: dbctl ledger verify. If it was restored on purpose: dbctl ledger checkpoint --new-epoch --reason TEXT.';
  if (known > (head?.sequence ?? 0)) {
    fail('refused', `a sink holds checkpoint ${known}, and this database ends at ${head?.sequence ?? 0}: it has gone back`, {
      hint,
    });
  }
  if (epoch === null || head === null) return;
  if (epoch.systemIdentifier !== systemIdentifier) {
    fail('refused', `the log belongs to server ${epoch.systemIdentifier}, and this is ${systemIdentifier}: it was restored`, {
      hint,
    });
  }
  if (xmin + epoch.xidOffset < head.hi) {
    fail('refused', `transaction ids have gone back from ${head.hi} to ${xmin + epoch.xidOffset}: it was restored`, { hint });
  }
}

async function closeWindows(
  session: Session,
  { settings, signer, clock }: CheckpointInputs,
  epoch: Epoch,
  sequence: number,
): Promise<Omit<CheckpointOutcome, 'published'>> {
  await session.script(BEGIN);
  try {
    const state = await readState(session);
    const head = state.head?.epoch === epoch.epoch ? state.head : null;
    const range = { lo: head?.hi ?? 0n, hi: state.xmin + epoch.xidOffset };
    const entries = await sealTables(session, settings, epoch, range);
    const guards = await guardFingerprint(session);
    const idle =
      entries.length === 0 && head !== null && head.guards === guards && head.ageMs < HEARTBEAT_INTERVALS * settings.intervalMs;
    if (idle) {
      await session.script('rollback');
      return {
        kind: 'unchanged',
        sequence: head.sequence,
        epoch: epoch.epoch,
        size: head.size,
        hi: String(head.hi),
        windows: 0,
        rows: 0,
      };
    }
    const tree = TreeBuilder.resume(head?.size ?? 0, head?.peaks ?? Buffer.alloc(0));
    for (const entry of entries) tree.push(entryHash(entry));
    const extensions = {
      sequence: String(sequence),
      epoch: String(epoch.epoch),
      xid: `${range.lo} ${range.hi}`,
      previous: state.head === null ? 'none' : noteHash(state.head.note),
      guards,
      time: clock().toISOString(),
    };
    const note = await signNote(checkpointText({ origin: epoch.origin, size: tree.size, root: tree.root(), extensions }), signer);
    await store(session, { sequence, epoch: epoch.epoch, ...range, tree, note, guards }, entries);
    await session.script('commit');
    const rows = entries.reduce((sum, entry) => sum + entry.rows, 0);
    return { kind: 'made', sequence, epoch: epoch.epoch, size: tree.size, hi: String(range.hi), windows: entries.length, rows };
  } catch (thrown) {
    await session.script('rollback').catch(() => {});
    throw thrown;
  }
}

/** A note that is published must not be lost with the commit it tells of: where commits do not wait for the disk, this one does. */
const BEGIN = `begin transaction isolation level repeatable read read write;
set local statement_timeout = 0;
set local jit = off;
select pg_catalog.set_config('synchronous_commit', 'on', true) where pg_catalog.current_setting('synchronous_commit') = 'off'`;

interface Range {
  readonly lo: bigint;
  readonly hi: bigint;
}

async function sealTables(session: Session, settings: LedgerSettings, epoch: Epoch, range: Range): Promise<WindowEntry[]> {
  const entries: WindowEntry[] = [];
  for (const table of await readSealedTables(session, settings)) {
    const busy = await partitionsWithRows(session, table, settings.xidColumn, range);
    if (busy.length === 0) continue;
    const columns = await currentColumns(session, table);
    for (const partition of busy) entries.push(await sealPartition(session, settings, epoch, table, columns, partition, range));
  }
  return entries;
}

async function sealPartition(
  session: Session,
  { xidColumn }: LedgerSettings,
  { epoch }: Epoch,
  table: SealedTable,
  { version, columns }: CurrentColumns,
  partition: Partition,
  range: Range,
): Promise<WindowEntry> {
  const { rows, root } = await sealWindow(session, {
    partition,
    table: table.name,
    columnsVersion: version,
    columns,
    xidColumn,
    ...range,
  });
  return {
    epoch,
    table: table.name,
    partition: partition.name,
    columnsVersion: version,
    lo: String(range.lo),
    hi: String(range.hi),
    rows,
    root,
  };
}

/** Most partitions have no new rows: one message finds those that have, through the index on the xid column. */
async function partitionsWithRows(
  session: Session,
  { partitions }: SealedTable,
  xidColumn: string,
  { lo, hi }: Range,
): Promise<Partition[]> {
  if (partitions.length === 0) return [];
  const queries = partitions.map(
    ({ schema, relation }, place) =>
      `select ${place} as place where exists (select from only ${qualified(schema, relation)} t where t.${ident(xidColumn)} >= $1::pg_catalog.xid8 and t.${ident(xidColumn)} < $2::pg_catalog.xid8)`,
  );
  const rows = await session.rows<{ place: number }>(`${queries.join('\nunion all\n')}\norder by place`, [
    String(lo),
    String(hi),
  ]);
  return rows.flatMap(({ place }) => partitions[place] ?? []);
}

/** How guards, owners, grants and shapes of the protected tables are now, as one hash: its change shows in the notes. */
async function guardFingerprint(session: Session): Promise<string> {
  const [row] = await session.rows<{ fingerprint: string }>(GUARDS);
  return row?.fingerprint ?? '';
}

const GUARDS = /* sql */ `
select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(coalesce(pg_catalog.string_agg(
         pg_catalog.concat_ws(' ', p.schema_name, p.table_name, dbctl.relation_shape(p.relation)::pg_catalog.text,
                              array(select g from dbctl.guard_problems(p.relation) g order by 1)::pg_catalog.text),
         pg_catalog.chr(10) order by p.schema_name, p.table_name), ''), 'UTF8')), 'hex') as fingerprint
from dbctl.protected_relation p`;

interface Made extends Range {
  readonly sequence: number;
  readonly epoch: number;
  readonly tree: TreeBuilder;
  readonly note: string;
  readonly guards: string;
}

async function store(
  session: Session,
  { sequence, epoch, lo, hi, tree, note, guards }: Made,
  entries: readonly WindowEntry[],
): Promise<void> {
  await session.rows(
    `insert into dbctl.ledger_checkpoint (sequence, epoch, lo, hi, size, root, peaks, note, guards)
     values ($1, $2, $3::pg_catalog.xid8, $4::pg_catalog.xid8, $5, $6, $7, $8, $9)`,
    [sequence, epoch, String(lo), String(hi), tree.size, tree.root(), tree.peaks, note, guards],
  );
  const first = tree.size - entries.length;
  const windows = entries.map((entry, index) => ({
    position: first + index,
    table_name: entry.table,
    partition_name: entry.partition,
    columns_version: entry.columnsVersion,
    lo: entry.lo,
    hi: entry.hi,
    rows: entry.rows,
    root: entry.root.toString('hex'),
  }));
  await session.rows(
    `insert into dbctl.ledger_window (epoch, position, sequence, table_name, partition_name, columns_version, lo, hi, rows, root)
     select $1, w.position, $2, w.table_name, w.partition_name, w.columns_version, w.lo::pg_catalog.xid8, w.hi::pg_catalog.xid8, w.rows,
            pg_catalog.decode(w.root, 'hex')
     from pg_catalog.jsonb_to_recordset($3::pg_catalog.jsonb)
       w (position int8, table_name text, partition_name text, columns_version int4, lo text, hi text, rows int8, root text)`,
    [epoch, sequence, JSON.stringify(windows)],
  );
}

/** SHA-256 of a whole note, signatures included, as the next note cites it. */
export const noteHash = (note: string): string => createHash('sha256').update(note).digest('hex');

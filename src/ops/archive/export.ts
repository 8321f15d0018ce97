import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DbctlError, fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import { ident, qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { BackupFile } from '../backup/manifest.ts';
import { PARTIAL, readText, withRepositoryLock, type Repository } from '../backup/repository.ts';
import { newCoding, type CodingKey } from '../codec/coding.ts';
import { KEY_FILE } from '../codec/data-key.ts';
import type { Signer } from '../signing/signer.ts';
import { writeDurably } from '../storage/durable.ts';
import { copyQuery, LOADED, loadRows, makeLoadTable, requireSameRows, rowFigures, type RowFigures } from './compare.ts';
import { requireDuckdb, type ParquetWriter } from './duckdb-module.ts';
import type { ArchiveFormat } from './format.ts';
import { archiveText, sealArchive, type ArchiveManifest } from './manifest.ts';
import { readRows, requireStored, rowsFile } from './read.ts';
import { EXACT_TEXT, orderOf, readRelation, relationName, type ArchivedRelation } from './relation.ts';
import { rowsWriter, type WrittenRows } from './rows-writer.ts';
import { knowArchive, removeLeft, SEAL, sealStored, storeFiles, type PreparedArchive, type Writer } from './store.ts';
import { readSealedRows, requireRoots, WINDOWS, windowsText, type SealedRows } from './windows.ts';

export interface ExportInputs {
  readonly destination: Repository;
  /** `schema.table`. */
  readonly relation: string;
  readonly format: ArchiveFormat;
  /** Of the format parquet. */
  readonly parquetWriter: ParquetWriter;
  /** Column of type xid8 by which the ledger orders rows. */
  readonly xidColumn: string;
  readonly signer: Signer;
  readonly publicKeys: readonly string[];
  readonly project: string;
  readonly environment: string;
  readonly operator: string;
  readonly dbctl: string;
  /** Name of this machine, for the mark of what is not finished. */
  readonly machine: string;
  /** Null: nothing is said about how long it is kept. */
  readonly retainDays: number | null;
  readonly lockWaitMs: number;
  readonly clock: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Exported {
  readonly manifest: ArchiveManifest;
  /** There already: the same rows were archived before, in the same format; they were read back and compared again. */
  readonly outcome: 'exported' | 'there already';
  /** What killed runs had left. */
  readonly cleared: readonly string[];
}

/**
 * Copies a table or partition into a destination as it is at one moment, fetches the copy from there, compares every row with the database, and
 * signs what was found. Removes nothing from the database. The session must be its own, and may write temporary tables; its transaction stays open
 * until the comparison is done, so vacuum keeps old row versions for that long, and the server needs room for the rows once more.
 * Fails with refused or db.denied before anything is written, with lock.held, with archive.failed where the copy is not what the table holds: then
 * nothing is sealed.
 */
export async function exportRelation(session: Session, inputs: ExportInputs): Promise<Exported> {
  const { destination, signal, parquetWriter } = inputs;
  if (inputs.format === 'parquet' && parquetWriter !== 'built-in') await requireDuckdb(parquetWriter);
  await session.script(EXACT_TEXT);
  const relation = await readRelation(session, inputs.relation, inputs.xidColumn);
  if (inputs.format === 'parquet') await requireUtf8(session, relation);
  return withRepositoryLock(destination, signal, async () => {
    const writer = { machine: inputs.machine, work: destination.work, at: inputs.clock().toISOString() };
    const cleared = await removeLeft(destination, writer);
    await makeLoadTable(session, relation);
    const folder = join(destination.work, `${PARTIAL}${randomBytes(6).toString('hex')}`);
    await mkdir(folder, { mode: 0o700 });
    try {
      return {
        ...(await inSnapshot(session, relation, inputs, (taken) => archive(session, taken, inputs, folder, writer))),
        cleared,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
      await session.script(`drop table if exists ${qualified(LOADED.schema, LOADED.name)}`).catch(() => {});
    }
  });
}

/** A text of SQL_ASCII may be no UTF-8, which Parquet asks for and JavaScript needs. */
async function requireUtf8(session: Session, relation: ArchivedRelation): Promise<void> {
  const [row] = await session.rows<{ encoding: string }>(`select pg_catalog.current_setting('server_encoding') as encoding`);
  if (row?.encoding === 'SQL_ASCII')
    fail('refused', `${relationName(relation)} may hold text that is no UTF-8: the encoding of the database is SQL_ASCII`, {
      hint: 'Take --as csv.gz, which holds bytes as they are.',
    });
}

/** The relation at the moment its rows are of. */
interface Taken {
  readonly relation: ArchivedRelation;
  readonly at: string;
  readonly lsn: string;
}

/** Locked before the snapshot is taken: a table that is truncated between the two would look empty in it. */
function inSnapshot<T>(
  session: Session,
  { schema, name, oid }: ArchivedRelation,
  { lockWaitMs, xidColumn }: ExportInputs,
  use: (taken: Taken) => Promise<T>,
): Promise<T> {
  return inTransaction(session, 'isolation level repeatable read, read only', async () => {
    await session.script(
      `set local lock_timeout = ${lockWaitMs}; lock table only ${qualified(schema, name)} in access share mode`,
    );
    const [moment] = await session.rows<Omit<Taken, 'relation'>>(MOMENT);
    const relation = await readRelation(session, `${schema}.${name}`, xidColumn);
    if (moment === undefined || relation.oid !== oid)
      return fail('refused', `${schema}.${name} was replaced by another table meanwhile`, { hint: 'Run the command again.' });
    return use({ relation, ...moment });
  });
}

const MOMENT = /* sql */ `
select pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
       pg_catalog.pg_current_wal_lsn()::pg_catalog.text as lsn`;

async function archive(
  session: Session,
  taken: Taken,
  inputs: ExportInputs,
  folder: string,
  writer: Writer,
): Promise<Omit<Exported, 'cleared'>> {
  const { relation } = taken;
  const { destination, format } = inputs;
  const { key } = await newCoding({ ...destination.codec, archives: 'none' });
  const written = await exportRows(session, relation, inputs, folder, key);
  const figures = await rowFigures(session, relation, relation.columns);
  const sealed = await readSealedRows(session, relationName(relation), relation.xidColumn);
  const id = archiveId(session.database, relation, format, written.text.sha256);
  const there = (await destination.storage.names(`${id}/`)).includes(SEAL);
  const known = there ? await knowArchive(destination, id, inputs.publicKeys) : null;
  if (known?.state === 'broken')
    fail('archive.failed', `${id} is there, and not to be trusted: ${known.problem}`, {
      hint: 'Find out who changed it, take it out of the destination, and run the command again.',
    });
  if (known !== null) {
    await requireWhole(session, relation, figures, { manifest: known.manifest, key: null, sealed }, inputs);
    return { manifest: known.manifest, outcome: 'there already' };
  }
  const files = [written.rows, ...(sealed === null ? [] : [await writeText(folder, WINDOWS, windowsText(sealed.windows))])];
  const draft = await manifestOf(session, taken, { inputs, id, written, figures, files, sealed, key });
  const prepared: PreparedArchive = { id, folder, files, beside: key === null ? {} : { [KEY_FILE]: key.wrapped } };
  await store(destination, prepared, writer, inputs);
  await readBack(session, relation, figures, { manifest: draft, key, sealed }, inputs);
  const manifest = { ...draft, finishedAt: inputs.clock().toISOString() };
  const text = archiveText(manifest);
  await sealStored(destination, id, text, await sealArchive(id, text, inputs.signer));
  return { manifest, outcome: 'exported' };
}

async function exportRows(
  session: Session,
  relation: ArchivedRelation,
  { format, parquetWriter, progress, signal }: ExportInputs,
  folder: string,
  key: CodingKey | null,
): Promise<{ readonly rows: BackupFile; readonly text: WrittenRows['text']; readonly count: number }> {
  const step = progress.step(`export ${relationName(relation)}`, undefined, 'bytes');
  const writer = await rowsWriter(folder, format, relation.columns, key, parquetWriter);
  try {
    const count = await session.copyOut(copyQuery(relation, format), {
      write: async (bytes) => {
        signal.throwIfAborted();
        await writer.sink.write(bytes);
        step.tick(bytes.length);
      },
    });
    const { file, text } = await writer.finish();
    step.done();
    return { rows: file, text, count };
  } catch (thrown) {
    step.failed();
    await writer.abandon();
    throw thrown;
  }
}

/** `learning_lab-audit.audit_log_2026_01-16423-csv-1f0c…`: the same rows have the same id, so a repeat finds what is there. */
export function archiveId(
  database: string,
  { oid, ...relation }: Pick<ArchivedRelation, 'oid' | 'schema' | 'name'>,
  format: ArchiveFormat,
  sha256: string,
): string {
  const word = (text: string) => text.replaceAll(/[^\w.-]/g, '_').replace(/^[.-]/, '_');
  return `${word(database)}-${word(relationName(relation))}-${oid}-${format === 'csv.gz' ? 'csv' : format}-${sha256.slice(0, 16)}`;
}

async function writeText(folder: string, path: string, text: string): Promise<BackupFile> {
  await writeDurably(join(folder, path), text);
  return { path, bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
}

async function store(
  destination: Repository,
  prepared: PreparedArchive,
  writer: Writer,
  { progress, signal }: ExportInputs,
): Promise<void> {
  const step = progress.step(
    `store in ${destination.name}`,
    prepared.files.reduce((sum, { bytes }) => sum + bytes, 0),
    'bytes',
  );
  try {
    await storeFiles(destination, prepared, writer, { signal, onBytes: (bytes) => step.tick(bytes) });
  } catch (thrown) {
    step.failed();
    throw thrown;
  }
  step.done();
}

interface ReadBack {
  readonly manifest: ArchiveManifest;
  /** The one it was just encrypted with: there may be no identity here. */
  readonly key: CodingKey | null;
  readonly sealed: SealedRows | null;
}

/** Fetches the archive and loads it beside the table; every row is compared in the snapshot it was exported in, and the roots are computed anew. */
async function readBack(
  session: Session,
  relation: ArchivedRelation,
  figures: RowFigures,
  { manifest, key, sealed }: ReadBack,
  { destination, progress, signal }: ExportInputs,
): Promise<void> {
  const step = progress.step(
    'read back and compare',
    manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
    'bytes',
  );
  try {
    const options = { signal, onBytes: (bytes: number) => step.tick(bytes) };
    if (key !== null && (await readText(destination, `${manifest.id}/${KEY_FILE}`)) !== key.wrapped)
      fail('archive.failed', `${manifest.id}: ${KEY_FILE} is not the one that was stored`, {
        hint: 'Nothing was sealed. Export again.',
      });
    const rows = rowsFile(manifest);
    await requireStored(
      destination,
      manifest,
      manifest.files.filter((one) => one !== rows),
      options,
    );
    await readRows(destination, manifest, key?.dataKey ?? null, options, (text) =>
      loadRows(session, LOADED, { columns: relation.columns, format: manifest.data.format }, text),
    );
    await requireSameRows(session, relation, figures, await rowFigures(session, LOADED, relation.columns));
    if (sealed !== null) await requireRoots(session, sealed, LOADED, manifest.id);
  } catch (thrown) {
    step.failed();
    throw thrown;
  }
  step.done();
}

/** What was archived before is looked at again. Who may only encrypt compares what is stored: that it is the text just exported is signed. */
async function requireWhole(
  session: Session,
  relation: ArchivedRelation,
  figures: RowFigures,
  back: ReadBack,
  inputs: ExportInputs,
): Promise<void> {
  const { manifest } = back;
  const { destination, signal } = inputs;
  try {
    if (manifest.encryption === null) await readBack(session, relation, figures, back, inputs);
    else await requireStored(destination, manifest, manifest.files, { signal, onBytes: () => {} });
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.code !== 'archive.failed') throw thrown;
    throw new DbctlError('archive.failed', `these rows were archived before, and the archive is damaged: ${thrown.message}`, {
      hint: `The rows are still in ${relationName(relation)}: take ${manifest.id} out of ${destination.storage.place}, and export again.`,
      cause: thrown,
    });
  }
}

interface ManifestParts {
  readonly inputs: ExportInputs;
  readonly id: string;
  readonly written: { readonly text: WrittenRows['text']; readonly count: number };
  readonly figures: RowFigures;
  readonly files: readonly BackupFile[];
  readonly sealed: SealedRows | null;
  readonly key: CodingKey | null;
}

async function manifestOf(
  session: Session,
  { relation, at, lsn }: Taken,
  { inputs, id, written, figures, files, sealed, key }: ManifestParts,
): Promise<ArchiveManifest> {
  const { oid, schema, name, partitionOf, bounds, hotBytes, columns } = relation;
  if (written.count !== figures.rows)
    fail('archive.failed', `${relationName(relation)}: the server sent ${written.count} rows and counts ${figures.rows}`, {
      hint: 'Report it with the output of --log-level debug.',
    });
  return {
    format: 'dbctl-archive/1',
    id,
    project: inputs.project,
    environment: inputs.environment,
    dbctl: inputs.dbctl,
    operator: inputs.operator,
    finishedAt: inputs.clock().toISOString(),
    source: {
      systemIdentifier: session.systemIdentifier,
      database: session.database,
      serverVersion: session.serverVersion,
      snapshotAt: at,
      snapshotLsn: lsn,
    },
    relation: { oid, schema, name, partitionOf, bounds, hotBytes },
    columns,
    order: orderOf(relation),
    rows: figures.rows,
    time: await timeRange(session, relation),
    rowHash: figures.hash,
    data: { format: inputs.format, path: `rows.${inputs.format}`, text: written.text },
    encryption: key?.encryption ?? null,
    files,
    ledger: sealed?.ledger ?? null,
    retainUntil:
      inputs.retainDays === null ? null : new Date(inputs.clock().getTime() + inputs.retainDays * 86_400_000).toISOString(),
  };
}

async function timeRange(session: Session, { schema, name, timeColumn }: ArchivedRelation): Promise<ArchiveManifest['time']> {
  if (timeColumn === null) return null;
  const column = ident(timeColumn);
  const [row] = await session.rows<{ least: string | null; greatest: string | null }>(
    `select pg_catalog.min(${column})::pg_catalog.text as least, pg_catalog.max(${column})::pg_catalog.text as greatest
     from only ${qualified(schema, name)}`,
  );
  return { column: timeColumn, least: row?.least ?? null, greatest: row?.greatest ?? null };
}

import { createWriteStream } from 'node:fs';
import { chmod, link, mkdtemp, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { Repository } from '../backup/repository.ts';
import { tableText } from '../retention/settings.ts';
import { syncPath } from '../storage/durable.ts';
import { storageError } from '../storage/folder.ts';
import { temporaryName } from '../storage/key.ts';
import { arrange, type Source } from './batch.ts';
import { readCopies, recordReturn, type BlobCopy } from './events.ts';
import { measureHot, nameOf, type HotPlace } from './hot.ts';
import type { BlobFacts } from './inspect.ts';
import { Keyring } from './keyring.ts';
import { difference, isSame } from './proof.ts';
import { readBack } from './read-back.ts';
import { findRows, type Referrer } from './rows.ts';
import { withSpool } from './spool.ts';

export interface RestoreOptions {
  readonly hot: readonly HotPlace[];
  readonly destination: Repository;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** A blob that is to come back. */
export interface WantedBlob {
  readonly copy: BlobCopy;
  readonly rows: readonly Referrer[];
}

/** Where one came back to; `there already`: the blob that is there is the one that was proved. */
export interface Returned {
  readonly name: string;
  readonly outcome: 'restored' | 'there already';
}

/**
 * The copy of a blob, by its SHA-256 or by the primary key of a row. Fails with refused where no row is meant, with archive.failed where no copy is
 * recorded.
 */
export async function wantedBlob(
  session: Session,
  facts: BlobFacts,
  destination: Repository,
  wanted: string,
): Promise<WantedBlob> {
  const table = tableText(facts.rule);
  const rows = await findRows(session, facts, wanted);
  const [row] = rows;
  if (row === undefined)
    return fail('refused', `no row of ${table} has the hash or the primary key ${wanted}`, {
      hint: 'Give the 64 hexadecimal digits of the SHA-256, or the value of the primary key.',
    });
  const copy = (await readCopies(session, destination.name, [row.sha256 ?? ''])).get(row.sha256 ?? '');
  return copy === undefined
    ? fail('archive.failed', `the blob of ${row.rowKey} was never copied to ${destination.name}`, {
        hint: `Its row says where it is: ${row.location}.`,
      })
    : { copy, rows };
}

/** Writes the blob to a file that is not there yet. Nothing is left where it is not what was proved. Fails with refused, archive.failed or storage.failed. */
export async function restoreToFile(
  session: Session,
  facts: BlobFacts,
  { copy, rows }: WantedBlob,
  to: string,
  options: RestoreOptions,
): Promise<Returned> {
  const temporary = join(dirname(to), temporaryName());
  try {
    await fetchTo(temporary, copy, options);
    await link(temporary, to).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'EEXIST')
        fail('refused', `${to} is there already`, { hint: 'Name a new file: nothing is written over.' });
      throw storageError(to, thrown);
    });
    await syncPath(dirname(to));
  } finally {
    await rm(temporary, { force: true });
  }
  await recordReturn(
    session,
    copy,
    { table: tableText(facts.rule), rowKey: rows[0]?.rowKey ?? '', location: null },
    { to: basename(to) },
  );
  return { name: to, outcome: 'restored' };
}

/**
 * Brings the blob back to every place its rows say it is in, and is not. What is there already stays as it is. Fails with refused where something else
 * is there, or no place takes it, with archive.failed where the copy is not what was proved.
 */
export async function restoreToPlaces(
  session: Session,
  facts: BlobFacts,
  { copy, rows }: WantedBlob,
  options: RestoreOptions,
): Promise<Returned[]> {
  const { contents, alarms } = arrange(rows, options.hot);
  const sources = contents.filter(({ proof }) => proof.bytes === copy.bytes).flatMap((content) => content.sources);
  if (sources.length === 0)
    fail('refused', `no place of the rule takes it back: ${alarms[0]?.message ?? 'its rows say another number of bytes'}`, {
      hint: 'Write it to a file: --to FILE.',
    });
  return withSpool(options.destination, options.signal, async (spool) => {
    const path = join(await mkdtemp(join(spool, 'back-')), 'blob');
    const returned: Returned[] = [];
    let fetched = false;
    for (const source of sources) {
      const found = await measureHot(source.blob, options.onBytes, options.signal);
      if (found !== null && !isSame(found.proof, copy))
        fail('refused', `${nameOf(source.blob)} is there, and ${difference(copy, found.proof)}`, {
          hint: 'Nothing is written over. Take it away first, or write the blob to a file: --to FILE.',
        });
      if (found === null) {
        if (!fetched) await fetchTo(path, copy, options);
        fetched = true;
        await putBack(source, path, copy, options);
      }
      await record(session, facts, copy, source, found !== null);
      returned.push({ name: nameOf(source.blob), outcome: found === null ? 'restored' : 'there already' });
    }
    return returned;
  });
}

async function putBack({ blob }: Source, path: string, copy: BlobCopy, { signal, onBytes }: RestoreOptions): Promise<void> {
  const { storage, address } = blob.place;
  await storage.write(blob.key, { path }, { signal, onBytes: () => {} });
  if (address.kind === 'folder' && copy.mode !== null) await chmod(join(address.root, blob.key), Number.parseInt(copy.mode, 8));
  const found = await measureHot(blob, onBytes, signal);
  if (found === null || !isSame(found.proof, copy))
    fail('storage.failed', `${nameOf(blob)} is not what was just written there`, {
      hint: 'Look at the disk, and run the command again.',
    });
}

async function record(session: Session, facts: BlobFacts, copy: BlobCopy, { rows }: Source, there: boolean): Promise<void> {
  const table = tableText(facts.rule);
  for (const { rowKey, location } of rows)
    await recordReturn(session, copy, { table, rowKey, location }, there ? { found: 'there' } : {});
}

async function fetchTo(path: string, copy: BlobCopy, { destination, onBytes, signal }: RestoreOptions): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
  const look = await readBack(copy, {
    destination,
    keyring: new Keyring(destination),
    onBytes,
    signal,
    use: (pieces) =>
      pipeline(Readable.from(pieces, { objectMode: false }), file, { signal }).catch((thrown: unknown) => {
        throw storageError(path, thrown);
      }),
  }).finally(() => file.destroy());
  if (look.state === 'whole' && look.depth === 'content') return;
  await rm(path, { force: true });
  if (look.state === 'whole')
    fail('refused', `no identity opens ${copy.uri}`, {
      hint: 'Give the file of one with --identity FILE, or name it in archive.encryption.identity.',
    });
  const problem = look.state === 'missing' ? 'is not there' : `is damaged: ${look.problem}`;
  fail('archive.failed', `${copy.uri} ${problem}`, {
    hint: 'Bring it from another copy of the destination. Nothing was written.',
  });
}

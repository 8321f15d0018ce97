import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DbctlError, fail } from '../../core/errors.ts';
import { PARTIAL, readText, UNFINISHED, type Repository } from '../backup/repository.ts';
import { mapAtOnce } from '../storage/at-once.ts';
import { isTemporary, LEFT_AFTER_MS } from '../storage/key.ts';
import type { Storage, Transfer } from '../storage/storage.ts';
import { openArchive, type ArchiveManifest } from './manifest.ts';

export const MANIFEST = 'manifest.json';
export const SEAL = 'manifest.note';

/** A mark a killed run left beside a seal; the next export takes it away. */
export const UNSEALED_NAMES: readonly string[] = [UNFINISHED];

/** Files of an archive that is on its way, ready to be stored. */
export interface PreparedArchive {
  readonly id: string;
  readonly folder: string;
  readonly files: ArchiveManifest['files'];
  /** Texts by name that no manifest covers: the wrapped key. */
  readonly beside: Readonly<Record<string, string>>;
}

/** Who is writing an archive, in the mark that stands beside its files until it is sealed. */
export interface Writer {
  readonly machine: string;
  readonly work: string;
  /** ISO 8601. */
  readonly at: string;
}

/** An archive of a destination, as its seal shows it. */
export type KnownArchive =
  | { readonly id: string; readonly state: 'sealed'; readonly manifest: ArchiveManifest; readonly manifestSha256: string }
  | { readonly id: string; readonly state: 'broken'; readonly problem: string };

/**
 * Stores the files with a mark that says they are no archive yet, and who is at it: one run at a time, whichever machine it is of. Fails with
 * lock.held where another one is.
 */
export async function storeFiles(
  destination: Repository,
  archive: PreparedArchive,
  writer: Writer,
  transfer: Transfer,
): Promise<void> {
  const { storage } = destination;
  const { id, folder, files, beside } = archive;
  const mark = `${id}/${UNFINISHED}`;
  if (!(await storage.create(mark, Buffer.from(`${JSON.stringify(writer)}\n`)))) {
    const other = writerOf((await readText(destination, mark)) ?? '');
    fail(
      'lock.held',
      `${id} is being written to ${destination.name} by ${other?.machine ?? 'another run'}, since ${other?.at ?? 'some time'}`,
      {
        hint: 'Wait for it to end. What a run leaves that does not is taken away by its own machine, or a day after it began.',
      },
    );
  }
  for (const [name, text] of Object.entries(beside)) await storage.write(`${id}/${name}`, Buffer.from(text));
  for (const { path } of files) await storage.write(`${id}/${path}`, { path: join(folder, path) }, transfer);
}

/**
 * Makes an archive of the stored files: the seal is the last that comes, and nobody overwrites one. Fails with refused where another run sealed
 * one of that id meanwhile.
 */
export async function sealStored({ name, storage }: Repository, id: string, text: string, seal: string): Promise<void> {
  await storage.write(`${id}/${MANIFEST}`, Buffer.from(text));
  if (!(await storage.create(`${id}/${SEAL}`, Buffer.from(seal))))
    fail('refused', `${name} got another ${id} while this one was made`, { hint: 'Run dbctl retention verify on it.' });
  await storage.remove([`${id}/${UNFINISHED}`]);
}

/** Ids of all archives of a destination, in their order. What is not sealed is none. */
export async function archiveIds(destination: Repository): Promise<string[]> {
  const ids = await archiveFolders(destination);
  const sealed = await mapAtOnce(ids, async (id) => (await destination.storage.names(`${id}/`)).includes(SEAL));
  return ids.filter((_, at) => sealed[at]);
}

async function archiveFolders({ storage }: Repository): Promise<string[]> {
  const names = await storage.names('');
  return names.filter((name) => name.endsWith('/') && !name.startsWith('.')).map((name) => name.slice(0, -1));
}

/** Reads the manifest of one archive. A broken one is an answer. Fails with archive.failed where there is none of that id. */
export async function knowArchive(destination: Repository, id: string, publicKeys: readonly string[]): Promise<KnownArchive> {
  const [text, seal] = [await readText(destination, `${id}/${MANIFEST}`), await readText(destination, `${id}/${SEAL}`)];
  if (text === null && seal === null)
    fail('archive.failed', `${destination.name} has no archive ${id}`, { hint: 'dbctl retention verify shows what is there.' });
  if (text === null || seal === null) return { id, state: 'broken', problem: `${text === null ? MANIFEST : SEAL} is missing` };
  try {
    const manifestSha256 = createHash('sha256').update(text).digest('hex');
    return { id, state: 'sealed', manifest: openArchive(id, text, seal, publicKeys), manifestSha256 };
  } catch (thrown) {
    if (thrown instanceof DbctlError || thrown instanceof SyntaxError) return { id, state: 'broken', problem: thrown.message };
    throw thrown;
  }
}

/**
 * Takes away what killed runs left in a destination: files that were never sealed, where the run was of this machine and this work folder (whose
 * lock the caller holds, so it is dead) or began more than a day ago; marks beside a seal; and what was being made in the work folder.
 * Returns what went.
 */
export async function removeLeft(destination: Repository, { machine, work, at }: Writer): Promise<string[]> {
  const { storage } = destination;
  const gone: string[] = [];
  for (const id of await archiveFolders(destination)) {
    const mark = await readText(destination, `${id}/${UNFINISHED}`);
    if (mark === null) continue;
    const sealed = (await storage.names(`${id}/`)).includes(SEAL);
    const left = writerOf(mark);
    const mine = left?.machine === machine && left.work === work;
    const old = left === null || Date.parse(at) - Date.parse(left.at) > LEFT_AFTER_MS;
    if (sealed) await finish(storage, id, mine);
    else if (mine || old) {
      await storage.remove((await storage.list(`${id}/`)).map(({ key }) => key));
      if (storage.folder !== null) await rm(join(storage.folder, id), { recursive: true, force: true });
      gone.push(id);
    }
  }
  return [...gone, ...(await removePartialFolders(destination.work))];
}

/** A run was killed behind its seal: of its own machine's folder, what it was writing beside it goes as well. */
async function finish(storage: Storage, id: string, mine: boolean): Promise<void> {
  if (storage.folder !== null && mine) {
    const folder = join(storage.folder, id);
    for (const name of (await readdir(folder)).filter(isTemporary)) await rm(join(folder, name), { force: true });
  }
  await storage.remove([`${id}/${UNFINISHED}`]);
}

async function removePartialFolders(work: string): Promise<string[]> {
  const names = (await readdir(work)).filter((name) => name.startsWith(PARTIAL));
  for (const name of names) await rm(join(work, name), { recursive: true, force: true });
  return names;
}

function writerOf(mark: string): Writer | null {
  try {
    return JSON.parse(mark) as Writer;
  } catch {
    return null;
  }
}

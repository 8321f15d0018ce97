import { randomBytes } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { DbctlError, fail } from '../../core/errors.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { isSealed } from '../codec/coding.ts';
import { syncPath, writeDurably } from '../storage/durable.ts';
import { decodeLog, encodeLog, holdsLog, logName, sealedProblem } from './stored.ts';
import { addressOf, parseWalName, readHeader, type SegmentHeader, type WalFile } from './segment.ts';

/** In the repository, beside the backups; the dot keeps it from being taken for one. */
export const WAL_FOLDER = '.wal/';

/** Which server the log is of: another one that archives to the same place would overwrite history with its own. */
export const SYSTEM = `${WAL_FOLDER}system`;

export type Pushed = 'stored' | 'there already';

/**
 * Stores one file of pg_wal, whole or not at all, on the disk when it returns. The same content under the same name is accepted again, since
 * the server asks again after a crash. Fails with refused on another content, on a file that is not what its name says, and on one of
 * another server; with backup.failed when it cannot be written: the server keeps it and tries again.
 */
export async function pushWal(repository: Repository, path: string): Promise<Pushed> {
  const name = basename(path);
  const file = parseWalName(name);
  if (file === undefined)
    fail('refused', `${name} is no file of a write-ahead log`, { hint: "Use it as archive_command = 'dbctl wal push %p'." });
  const bytes = await readFile(path).catch((thrown: NodeJS.ErrnoException) =>
    fail('backup.failed', `${path} cannot be read: ${thrown.code}`, {
      hint: 'The server runs archive_command in its data folder, as its own user.',
    }),
  );
  const header = contentProblem(file, bytes);
  if (typeof header === 'string') {
    fail('refused', `${name} ${header}`, {
      hint: 'Nothing was stored; the server keeps the file. Look at its disk before you go on.',
    });
  }
  if (header !== null) await requireSystem(repository, header);
  const { storage } = repository;
  const before = await findStored(repository, name);
  if (before === null) {
    const { stored, content } = await encodeLog(repository, name, bytes);
    if (await storage.create(`${groupOf(name)}${stored}`, content)) return 'stored';
  }
  const there = before ?? (await findStored(repository, name));
  const content = there === null ? null : await storage.read(`${groupOf(name)}${there}`);
  if (there !== null && content !== null && (await holdsLog(there, await buffer(content), bytes)) === true)
    return 'there already';
  return fail('refused', `the archive has another ${name}`, {
    hint: 'Two servers archive to one place, or one was restored and went on: give the new one a repository of its own.',
  });
}

/** What became of a push to one of several repositories. */
export interface PushOutcome {
  readonly repository: string;
  /** Null: it was not stored there. */
  readonly pushed: Pushed | null;
  readonly problem: string | null;
}

/**
 * Stores one file in every repository. Succeeds when one has it: the server may then let go of it, and `backup sync` brings it to the others.
 * Fails as pushWal does where none takes it, and where any refuses it: what is wrong with the file is wrong everywhere.
 */
export async function pushWalToAll(repositories: readonly Repository[], path: string): Promise<PushOutcome[]> {
  const outcomes = await Promise.allSettled(repositories.map((one) => pushWal(one, path)));
  const failures = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const fatal = failures.find((thrown) => !(thrown instanceof DbctlError) || thrown.code === 'refused');
  if (fatal !== undefined) throw fatal;
  if (failures.length === outcomes.length) throw failures[0];
  return outcomes.map((one, index) => {
    const repository = repositories[index]?.name ?? '';
    if (one.status === 'fulfilled') return { repository, pushed: one.value, problem: null };
    return { repository, pushed: null, problem: (one.reason as DbctlError).message };
  });
}

/**
 * The content of a file from the first repository that has it whole. Null: all of them answered, and none has it. Fails where none gives it and
 * one of them has it broken or does not answer: that is no end of the log.
 */
export async function readWalFromAny(repositories: readonly Repository[], name: string): Promise<Buffer | null> {
  let failure: unknown;
  for (const repository of repositories) {
    try {
      const bytes = await readWal(repository, name);
      if (bytes !== null) return bytes;
    } catch (thrown) {
      if (!(thrown instanceof DbctlError) || thrown.code === 'usage') throw thrown;
      failure ??= thrown;
    }
  }
  if (failure !== undefined) throw failure;
  return null;
}

/** The same, brought back under `target`, as fetchWal does. */
export async function fetchWalFromAny(repositories: readonly Repository[], name: string, target: string): Promise<boolean> {
  const bytes = await readWalFromAny(repositories, name);
  if (bytes !== null) await placeWal(bytes, target);
  return bytes !== null;
}

/**
 * Brings one file back under `target`, which has it whole or not at all. False: it is not there, which ends a recovery by right.
 * Fails with backup.failed where it is there and is not what was stored: a recovery must not take that for the end of the log.
 */
export async function fetchWal(repository: Repository, name: string, target: string): Promise<boolean> {
  const bytes = await readWal(repository, name);
  if (bytes !== null) await placeWal(bytes, target);
  return bytes !== null;
}

/** Gives a file its content, all of it or none, on the disk when it returns. */
export async function placeWal(bytes: Buffer, target: string): Promise<void> {
  const temporary = `${target}.dbctl-${randomBytes(6).toString('hex')}`;
  try {
    await writeDurably(temporary, bytes);
    await rename(temporary, target);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
  await syncPath(dirname(target));
}

/** The content of a file of the archive; null: it is not there. Fails with backup.failed where it is not what was stored. */
export async function readWal(repository: Repository, name: string): Promise<Buffer | null> {
  const file = parseWalName(name);
  if (file === undefined)
    fail('usage', `${name} is no file of a write-ahead log`, { hint: "Use it as restore_command: 'dbctl wal fetch %f %p'." });
  const found = await readStored(repository, name);
  if (found === null) return null;
  // The checksum of the compression finds rot, the header a segment under another's name.
  const bytes = await decodeLog(repository, found.stored, found.content);
  if (typeof bytes === 'string') return broken(name, bytes);
  const problem = contentProblem(file, bytes);
  if (typeof problem === 'string') broken(name, problem);
  return bytes;
}

/**
 * A file of the archive as it is stored, looked at as far as that goes without an identity; null: it is not there. Fails with backup.failed where
 * it is not what was stored.
 */
export async function requireStored(repository: Repository, name: string): Promise<Buffer | null> {
  const found = await readStored(repository, name);
  if (found === null) return null;
  if (!isSealed(found.stored)) await readWal(repository, name);
  const problem = isSealed(found.stored) ? sealedProblem(found.content) : null;
  return problem === null ? found.content : broken(name, problem);
}

async function readStored(repository: Repository, name: string): Promise<{ stored: string; content: Buffer } | null> {
  const stored = await findStored(repository, name);
  const found = stored === null ? null : await repository.storage.read(`${groupOf(name)}${stored}`);
  if (stored === null || found === null) return null;
  const content = await buffer(found).catch((thrown: NodeJS.ErrnoException) =>
    broken(name, `cannot be read: ${thrown.code ?? thrown.message}`),
  );
  return { stored, content };
}

/** The content of a file that was there a moment ago. */
export const requireWal = async (repository: Repository, name: string): Promise<Buffer> =>
  (await readWal(repository, name)) ?? broken(name, 'has gone meanwhile');

export interface WalArchive {
  /** Null: no segment was archived yet. */
  readonly system: { readonly identifier: string; readonly segmentBytes: number } | null;
  /** Names of the files, in the order of the log within a timeline. */
  readonly names: readonly string[];
  /** Bytes each of them takes in the storage, by name. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** What is in the archive. */
export async function readArchive(repository: Repository): Promise<WalArchive> {
  const files = await repository.storage.list(WAL_FOLDER);
  const [identifier = '', segmentBytes = ''] = ((await readText(repository, SYSTEM)) ?? '').trim().split(' ');
  const sizes = new Map(
    files.flatMap(({ key, bytes }) => {
      const name = walNameOf(key);
      return name === null ? [] : [[name, bytes] as const];
    }),
  );
  return {
    system: identifier === '' ? null : { identifier, segmentBytes: Number(segmentBytes) },
    names: [...sizes.keys()].toSorted(),
    sizes,
  };
}

/** Files removed at a time: few enough to be stopped soon. */
const BATCH = 500;

/**
 * Takes files out of the archive, in this order; one that is not there is no error. Only what is there is removed: a bucket with versions puts a
 * marker over whatever it is asked for, and another machine is a round trip away. Fails with storage.failed; what is left then goes the next time.
 */
export async function removeWal({ storage }: Repository, names: readonly string[], signal: AbortSignal): Promise<void> {
  const keys = new Map<string, string[]>();
  for (const { key } of await storage.list(WAL_FOLDER)) {
    const name = walNameOf(key);
    if (name !== null) keys.set(name, [...(keys.get(name) ?? []), key]);
  }
  const going = names.flatMap((name) => keys.get(name) ?? []);
  for (let done = 0; done < going.length; done += BATCH) {
    signal.throwIfAborted();
    await storage.remove(going.slice(done, done + BATCH));
  }
}

/** Never taken for the end of the log: a recovery that ends at a broken segment would open a database that lacks what came after. */
const broken = (name: string, why: string): never =>
  fail('backup.failed', `${name} in the archive ${why}`, {
    hint: 'Do not let the recovery go on: bring the file from another copy of the repository.',
  });

/** A segment has to be whole and in its place, else it is a sentence what is wrong; the other files are text and have no header. */
export function contentProblem(file: WalFile, bytes: Buffer): SegmentHeader | string | null {
  if (file.kind === 'history' || file.kind === 'backup') return bytes.length === 0 ? 'is empty' : null;
  const header = readHeader(bytes);
  if (header === undefined) return 'does not begin as a segment of a write-ahead log';
  if (bytes.length !== header.segmentBytes) return `has ${bytes.length} bytes instead of ${header.segmentBytes}`;
  if (header.address !== addressOf(file, header.segmentBytes)) return 'holds another part of the log than its name says';
  return header.timeline > file.timeline ? `is of timeline ${header.timeline}, and its name says ${file.timeline}` : header;
}

async function requireSystem(repository: Repository, header: SegmentHeader): Promise<void> {
  const own = `${header.systemIdentifier} ${header.segmentBytes}\n`;
  const known = await readText(repository, SYSTEM);
  if (known === own) return;
  if (known !== null) {
    fail('refused', `the archive is of server ${known.split(' ')[0]}, and this file of ${header.systemIdentifier}`, {
      hint: 'Give each server a repository of its own.',
    });
  }
  await repository.storage.create(SYSTEM, Buffer.from(own));
  // Whoever was first counts.
  await requireSystem(repository, header);
}

/** Some 256 files a folder: `0000000100000002` for the segments of one log, the timeline for its history. */
const groupOf = (name: string): string => `${WAL_FOLDER}${name.endsWith('.history') ? name.slice(0, 8) : name.slice(0, 16)}/`;

/** Under which name a file of the log is stored, however it was compressed and encrypted; null: it is not there. */
async function findStored({ storage }: Repository, name: string): Promise<string | null> {
  // A folder in its place is no end of the log: it cannot be read, and that is said.
  const names = (await storage.names(groupOf(name))).map((one) => one.replace(/\/$/, ''));
  return names.find((stored) => logName(stored) === name) ?? null;
}

/** The name of the file of pg_wal that is kept under this key; null: the key is of something else. */
export const walNameOf = (key: string): string | null => logName(key.split('/').at(-1) ?? '');

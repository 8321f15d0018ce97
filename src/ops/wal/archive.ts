import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { fail } from '../../core/errors.ts';
import type { Repository } from '../backup/repository.ts';
import { addressOf, parseWalName, readHeader, type SegmentHeader, type WalFile } from './segment.ts';

const [pack, unpack] = [promisify(gzip), promisify(gunzip)];

/** In the repository, beside the backups; the dot keeps it from being taken for one. */
const FOLDER = '.wal';

/** Which server the log is of: another one that archives to the same place would overwrite history with its own. */
const SYSTEM = 'system';

/** A restore reads each segment once and waits for it; level 6 is 1 % smaller and takes twice as long. */
const LEVEL = 1;

export type Pushed = 'stored' | 'there already';

/**
 * Stores one file of pg_wal, whole or not at all, on the disk when it returns. The same content under the same name is accepted again, since
 * the server asks again after a crash. Fails with refused on another content, on a file that is not what its name says, and on one of
 * another server; with backup.failed when it cannot be written: the server keeps it and tries again.
 */
export async function pushWal({ folder }: Repository, path: string): Promise<Pushed> {
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
  const archive = join(folder, FOLDER);
  await mkdir(archive, { recursive: true, mode: 0o700 });
  if (header !== null) await requireSystem(archive, header);
  const into = join(archive, groupOf(name));
  await mkdir(into, { recursive: true, mode: 0o700 });
  const place = join(into, storedName(name));
  const temporary = join(into, `.${name}.${randomBytes(6).toString('hex')}`);
  try {
    await writeDurably(temporary, await pack(bytes, { level: LEVEL }));
    // Fails when the name is taken, which a rename would not.
    await link(temporary, place);
    await syncFolder(into);
    return 'stored';
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(into);
  const there = await unpack(await readFile(place)).catch(() => null);
  if (there?.equals(bytes) === true) return 'there already';
  return fail('refused', `the archive has another ${name}`, {
    hint: 'Two servers archive to one place, or one was restored and went on: give the new one a repository of its own.',
  });
}

/**
 * Brings one file back under `target`, which has it whole or not at all. False: it is not there, which ends a recovery by right.
 * Fails with backup.failed where it is there and is not what was stored: a recovery must not take that for the end of the log.
 */
export async function fetchWal({ folder }: Repository, name: string, target: string): Promise<boolean> {
  const file = parseWalName(name);
  if (file === undefined)
    fail('usage', `${name} is no file of a write-ahead log`, { hint: "Use it as restore_command: 'dbctl wal fetch %f %p'." });
  const packed = await readFile(join(folder, FOLDER, groupOf(name), storedName(name))).catch((thrown: NodeJS.ErrnoException) =>
    thrown.code === 'ENOENT' ? null : broken(name, `cannot be read: ${thrown.code}`),
  );
  if (packed === null) return false;
  // The checksum of gzip finds rot, the header a segment under another's name.
  const bytes = await unpack(packed).catch((thrown: Error) => broken(name, `cannot be unpacked: ${thrown.message}`));
  const problem = contentProblem(file, bytes);
  if (typeof problem === 'string') broken(name, problem);
  const temporary = `${target}.dbctl-${randomBytes(6).toString('hex')}`;
  try {
    await writeDurably(temporary, bytes);
    await rename(temporary, target);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
  await syncFolder(dirname(target));
  return true;
}

export interface WalArchive {
  /** Null: no segment was archived yet. */
  readonly system: { readonly identifier: string; readonly segmentBytes: number } | null;
  /** Names of the files, in the order of the log within a timeline. */
  readonly names: readonly string[];
}

/** What is in the archive. */
export async function readArchive({ folder }: Repository): Promise<WalArchive> {
  const archive = join(folder, FOLDER);
  const groups = (await readdir(archive).catch(() => [])).filter((name) => /^[0-9A-F]+$/.test(name));
  const names = await Promise.all(groups.map((group) => readdir(join(archive, group)).catch(() => [])));
  const [identifier = '', segmentBytes = ''] = (await readFile(join(archive, SYSTEM), 'utf8').catch(() => '')).trim().split(' ');
  return {
    system: identifier === '' ? null : { identifier, segmentBytes: Number(segmentBytes) },
    names: names
      .flat()
      .filter((name) => !name.startsWith('.'))
      .map((name) => name.replace(/\.gz$/, ''))
      .toSorted(),
  };
}

/** Never taken for the end of the log: a recovery that ends at a broken segment would open a database that lacks what came after. */
const broken = (name: string, why: string): never =>
  fail('backup.failed', `${name} in the archive ${why}`, {
    hint: 'Do not let the recovery go on: bring the file from another copy of the repository.',
  });

/** A segment has to be whole and in its place, else it is a sentence what is wrong; the other files are text and have no header. */
function contentProblem(file: WalFile, bytes: Buffer): SegmentHeader | string | null {
  if (file.kind === 'history' || file.kind === 'backup') return bytes.length === 0 ? 'is empty' : null;
  const header = readHeader(bytes);
  if (header === undefined) return 'does not begin as a segment of a write-ahead log';
  if (bytes.length !== header.segmentBytes) return `has ${bytes.length} bytes instead of ${header.segmentBytes}`;
  if (header.address !== addressOf(file, header.segmentBytes)) return 'holds another part of the log than its name says';
  return header.timeline > file.timeline ? `is of timeline ${header.timeline}, and its name says ${file.timeline}` : header;
}

async function requireSystem(archive: string, header: SegmentHeader): Promise<void> {
  const path = join(archive, SYSTEM);
  const own = `${header.systemIdentifier} ${header.segmentBytes}\n`;
  const known = await readFile(path, 'utf8').catch(() => null);
  if (known === own) return;
  if (known !== null) {
    fail('refused', `the archive is of server ${known.split(' ')[0]}, and this file of ${header.systemIdentifier}`, {
      hint: 'Give each server a repository of its own.',
    });
  }
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeDurably(temporary, Buffer.from(own));
  await link(temporary, path).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EEXIST') throw thrown;
  });
  await rm(temporary, { force: true });
  // Whoever was first counts.
  await requireSystem(archive, header);
}

/** Some 256 files a folder: `0000000100000002` for the segments of one log, the timeline for its history. */
const groupOf = (name: string): string => (name.endsWith('.history') ? name.slice(0, 8) : name.slice(0, 16));

const storedName = (name: string): string => `${name}.gz`;

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

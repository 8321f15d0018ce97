import { createReadStream, createWriteStream } from 'node:fs';
import { chown, mkdir, symlink } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { DbctlError, fail } from '../../core/errors.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import { CLUSTER_FOLDER } from '../backup/server-manifest.ts';
import { decompressor, openedPath, plainPath } from '../codec/coding.ts';
import { findZstd } from '../codec/find-zstd.ts';
import type { ServerAccount } from '../process/account.ts';

export interface UnpackInputs {
  /** Absolute path of the folder that holds a folder for each tablespace, by its oid. */
  readonly tablespaces: string;
  /** Whom files are given to; undefined: the caller keeps them. */
  readonly account: ServerAccount | undefined;
  /** Called with the number of bytes written since the last call. */
  readonly onBytes: (bytes: number) => void;
}

/** Makes a folder only its owner may enter. */
export async function ownFolder(path: string, account: ServerAccount | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

/**
 * Unpacks every archive of a physical backup: the data folder, and the tablespaces beside it. Neither may be there yet.
 * Fails with backup.failed on an archive that is not what the server makes.
 */
export async function unpackBackup(
  { files, tablespaces: known }: PhysicalManifest,
  backup: string,
  data: string,
  inputs: UnpackInputs,
): Promise<{ readonly archives: number }> {
  const { tablespaces, account } = inputs;
  await ownFolder(data, account);
  await ownFolder(join(data, LINKS), account);
  const archives = files.filter(({ path }) => path.startsWith(`${CLUSTER_FOLDER}/`) && plainPath(path).endsWith('.tar'));
  for (const { path } of archives) {
    const name = plainPath(path).slice(CLUSTER_FOLDER.length + 1);
    const oid = name === 'base.tar' ? null : name.replace(/\.tar$/, '');
    const into = oid === null ? data : folderOf(oid, known, { data, tablespaces });
    if (oid !== null && into !== join(data, LINKS, oid)) {
      await ownFolder(tablespaces, account);
      await symlink(into, join(data, LINKS, oid));
    }
    await ownFolder(into, account);
    await unpackArchive(join(backup, openedPath(path)), into, inputs);
  }
  return { archives: archives.length };
}

/** Holds a link to each tablespace, named by its oid. */
const LINKS = 'pg_tblspc';

/** One that was made inside of the data folder (allow_in_place_tablespaces) goes there again. */
function folderOf(
  oid: string,
  known: PhysicalManifest['tablespaces'],
  { data, tablespaces }: { readonly data: string; readonly tablespaces: string },
): string {
  const inPlace = known.some((one) => one.oid === oid && one.path === `${LINKS}/${oid}`);
  return inPlace ? join(data, LINKS, oid) : join(tablespaces, oid);
}

/**
 * Files of the other server that a copy must not have. tablespace_map names where tablespaces were there: a server that starts with it links
 * to those folders, which on the same machine are the living ones. With standby.signal a copy of a standby waits for its primary for ever,
 * and recovery.signal belongs to a recovery that was not finished.
 */
const LEFT_OUT: ReadonlySet<string> = new Set(['tablespace_map', 'standby.signal', 'recovery.signal']);

/**
 * Unpacks an archive of a base backup into a folder, for the account the server will run as. Only folders, plain files and the links of
 * tablespaces come out of it, and nothing outside the folder. It may be compressed, and its name says how. Fails with backup.failed on
 * anything else, and where the compression is broken; with refused where nobody here reads zstd.
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  { tablespaces, account, onBytes }: UnpackInputs,
): Promise<void> {
  const own = async (path: string) => {
    if (account !== undefined) await chown(path, account.uid, account.gid);
  };
  const entries = extract();
  const reading = pipeline([
    createReadStream(archive, { highWaterMark: 1 << 20 }),
    ...decompressor(archive, await findZstd()),
    entries,
  ]).catch((thrown: NodeJS.ErrnoException) => unpackFailed(archive, thrown));
  const writing = (async () => {
    for await (const entry of entries) {
      const { name, type } = entry.header;
      const path = inside(folder, name);
      if (type === 'directory') {
        await mkdir(path, { recursive: true, mode: 0o700 });
        await own(path);
        entry.resume();
      } else if (type === 'file' && LEFT_OUT.has(name)) {
        entry.resume();
      } else if (type === 'file') {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        onBytes(entry.header.size ?? 0);
        await pipeline(entry, createWriteStream(path, { mode: 0o600 }));
        await own(path);
      } else if (type === 'symlink' && name.startsWith(`${LINKS}/`)) {
        // Where tablespaces were on the other server says nothing of this one.
        await symlink(join(tablespaces, name.slice(`${LINKS}/`.length)), path).catch(ignorePresent);
        entry.resume();
      } else {
        fail('backup.failed', `${archive} holds a ${type} called ${JSON.stringify(name)}`, {
          hint: 'Take another backup, and find out who changed this one.',
        });
      }
    }
  })();
  await Promise.all([reading, writing]);
}

/** What a decompressor says; what the system or tar says goes on as it is. */
function unpackFailed(archive: string, thrown: NodeJS.ErrnoException): never {
  if (thrown instanceof DbctlError || (thrown.code !== undefined && !/^(?:Z_|ZSTD_|ERR_ZSTD)/.test(thrown.code))) throw thrown;
  return fail('backup.failed', `${archive} cannot be unpacked: ${thrown.message}`, {
    cause: thrown,
    hint: 'Take another backup, and find out what happened to this one.',
  });
}

/** The path of an entry. Fails with backup.failed on one that leads out of the folder. */
function inside(folder: string, name: string): string {
  const path = normalize(join(folder, name));
  if (path === normalize(folder) || path.startsWith(normalize(folder) + sep)) return path.replace(/\/$/, '');
  return fail('backup.failed', `the archive leads out of its folder: ${JSON.stringify(name)}`, {
    hint: 'Take another backup, and find out who changed this one.',
  });
}

function ignorePresent(thrown: NodeJS.ErrnoException): void {
  if (thrown.code !== 'EEXIST') throw thrown;
}

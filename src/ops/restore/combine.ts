import { copyFile, lchown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import { CLUSTER_FOLDER, SERVER_MANIFEST, combinedDifferences, readServerFiles } from '../backup/server-manifest.ts';
import type { ServerAccount } from '../process/account.ts';
import { runProgram } from '../process/program.ts';
import { findSameMajor, type ToolPlaces } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { unpackBackup, type UnpackInputs } from './unpack.ts';

/** A backup and the folder its files are in, hashed. */
export interface BackupInFolder {
  readonly manifest: PhysicalManifest;
  readonly folder: string;
}

export interface LayOutInputs extends UnpackInputs {
  readonly tools: ToolPlaces;
  readonly signal: AbortSignal;
}

export interface LaidOut {
  readonly archives: number;
  /** Path of the manifest that says what is in the data folder. */
  readonly serverManifest: string;
}

/**
 * Makes the data folder of a physical backup: unpacks it, or, where it holds only changes, it and all it was made on, the full one first, and
 * has pg_combinebackup put them together. `data` is not there yet; what is beside it in its folder may be used, too.
 * Fails with refused where pg_combinebackup of the major is not there, with backup.failed where an archive or the chain is not what it should be.
 */
export async function layOut(chain: readonly BackupInFolder[], data: string, inputs: LayOutInputs): Promise<LaidOut> {
  const [first, last] = [chain[0], chain.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a chain has a backup');
  if (first.manifest.parent !== null) {
    fail('backup.failed', `${first.manifest.id} holds only what changed since ${first.manifest.parent.id}`, {
      hint: 'dbctl backup verify says what is missing.',
    });
  }
  if (first !== last) return combine(chain, last, data, inputs);
  const { archives } = await unpackBackup(first.manifest, first.folder, data, inputs);
  return { archives, serverManifest: join(first.folder, CLUSTER_FOLDER, SERVER_MANIFEST) };
}

async function combine(
  chain: readonly BackupInFolder[],
  last: BackupInFolder,
  data: string,
  inputs: LayOutInputs,
): Promise<LaidOut> {
  const { source, tablespaces: known } = last.manifest;
  const major = majorOf(source.serverVersion);
  const program =
    (await findSameMajor('pg_combinebackup', inputs.tools, major)) ??
    fail('refused', `pg_combinebackup of PostgreSQL ${major} is not there, and the backup holds only changes`, {
      hint: 'dbctl tools install brings it, or says how; a full backup is restored without it.',
    });
  const links = join(dirname(data), 'chain');
  await mkdir(links, { mode: 0o700 });
  let archives = 0;
  const unpacked = (place: number) => join(links, String(place));
  const spaces = (place: number) => join(links, `${place}.tablespaces`);
  for (const [place, { manifest, folder }] of chain.entries()) {
    // Owned by whoever combines them; given away when they are one.
    const mine = { onBytes: inputs.onBytes, account: undefined, tablespaces: spaces(place) };
    archives += (await unpackBackup(manifest, folder, unpacked(place), mine)).archives;
    await copyFile(join(folder, CLUSTER_FOLDER, SERVER_MANIFEST), join(unpacked(place), SERVER_MANIFEST));
  }
  const moved = known.filter(({ path }) => !path.startsWith('pg_tblspc/'));
  if (moved.length > 0) await mkdir(inputs.tablespaces, { recursive: true, mode: 0o700 });
  const ended = await runProgram({
    file: program.path,
    args: [
      // What one link alone has is not copied once more: its folder goes anyway. Since PostgreSQL 18.
      ...(major >= 18 ? ['--link'] : []),
      ...moved.map(({ oid }) => `--tablespace-mapping=${join(spaces(chain.length - 1), oid)}=${join(inputs.tablespaces, oid)}`),
      `--output=${data}`,
      ...chain.map((_, place) => unpacked(place)),
    ],
    signal: inputs.signal,
  });
  const said = complaints(ended.stderr);
  if (ended.status !== 0 || said.length > 0) {
    fail('backup.failed', `pg_combinebackup: ${said[0] ?? `exit ${ended.status}`}`, {
      hint: 'Restore an older full backup: dbctl backup list.',
      detail: ended.stderr.trim(),
    });
  }
  await rm(links, { recursive: true, force: true });
  // A data folder of one backup has none either.
  const serverManifest = join(dirname(data), `combined.${SERVER_MANIFEST}`);
  await rename(join(data, SERVER_MANIFEST), serverManifest);
  await requireWhole(serverManifest, join(last.folder, CLUSTER_FOLDER, SERVER_MANIFEST));
  for (const folder of [data, ...(moved.length > 0 ? [inputs.tablespaces] : [])]) await giveTree(folder, inputs.account);
  return { archives, serverManifest };
}

/** Fails with backup.failed where a file of the last backup is not in what was made of all. */
async function requireWhole(combined: string, last: string): Promise<void> {
  const differences = combinedDifferences(await readServerFiles(last), await readServerFiles(combined));
  const [first] = differences;
  if (first === undefined) return;
  fail(
    'backup.failed',
    `pg_combinebackup made something else than was backed up: ${first}, one of ${differences.length} differences`,
    {
      hint: 'Restore an older full backup: dbctl backup list.',
      detail: differences.slice(0, 20).join('\n'),
    },
  );
}

/** It warns of every use of links, which is what was asked for: the other names of the files are gone when it is done. */
const complaints = (stderr: string): string[] =>
  stderr
    .split('\n')
    .filter(
      (line) =>
        line !== '' &&
        !line.includes('--link mode was used') &&
        !/^pg_combinebackup: (?:hint|detail): .*input directories/.test(line),
    )
    .map((line) => line.replace(/^pg_combinebackup: (?:error|warning): /, ''));

async function giveTree(folder: string, account: ServerAccount | undefined): Promise<void> {
  if (account === undefined) return;
  await lchown(folder, account.uid, account.gid);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    await lchown(join(entry.parentPath, entry.name), account.uid, account.gid);
}

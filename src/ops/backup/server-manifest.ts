import { open, readFile } from 'node:fs/promises';
import { fail } from '../../core/errors.ts';

/** Where the archives are in the backup: a folder of their own, which pg_verifybackup accepts as it is. */
export const CLUSTER_FOLDER = 'cluster';

/** What the server says it sent, which pg_verifybackup looks for beside the archives. */
export const SERVER_MANIFEST = 'backup_manifest';

/** The WAL a backup needs: from where it starts to where it is consistent. */
export interface WalRange {
  readonly startLsn: string;
  readonly endLsn: string;
  /** The one it ends on. */
  readonly timeline: number;
}

export interface ServerManifest extends WalRange {
  /** Null: of a server before PostgreSQL 17. */
  readonly systemIdentifier: string | null;
}

/** The facts stand before and after the list of files, which may have millions of lines. */
const PART = 64 << 10;

/** Reads the facts of a backup_manifest. Fails with backup.failed where it is none. */
export async function readServerManifest(path: string): Promise<ServerManifest> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const part = async (from: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(PART), 0, PART, Math.max(from, 0));
      return buffer.toString('utf8', 0, bytesRead);
    };
    return parseServerManifest(await part(0), await part(size - PART));
  } finally {
    await handle.close();
  }
}

/** The facts, out of the first and the last part of the text. Pure. */
export function parseServerManifest(first: string, last: string): ServerManifest {
  const tail = last.slice(last.lastIndexOf('"WAL-Ranges"'));
  const ranges = [...tail.matchAll(/"Timeline": (\d+), "Start-LSN": "([\dA-F]+\/[\dA-F]+)", "End-LSN": "([\dA-F]+\/[\dA-F]+)"/g)]
    .map(([, timeline, startLsn = '', endLsn = '']) => ({ timeline: Number(timeline), startLsn, endLsn }))
    .toSorted((a, b) => a.timeline - b.timeline);
  const [begin, end] = [ranges[0], ranges.at(-1)];
  if (begin === undefined || end === undefined) {
    return fail('backup.failed', `the server's manifest of the backup names no WAL`, { hint: 'Take another backup.' });
  }
  const systemIdentifier = /"System-Identifier": (\d+)/.exec(first)?.[1] ?? null;
  return { systemIdentifier, startLsn: begin.startLsn, endLsn: end.endLsn, timeline: end.timeline };
}

/** A file as a backup_manifest names it. */
export interface ServerFile {
  readonly path: string;
  readonly bytes: number;
  /** With its algorithm; null: the manifest was made without. */
  readonly checksum: string | null;
}

/** Every file a backup_manifest names. */
export async function readServerFiles(path: string): Promise<ServerFile[]> {
  const { Files: files } = JSON.parse(await readFile(path, 'utf8')) as {
    Files: readonly Readonly<Record<string, string | number | undefined>>[];
  };
  return files.map((file) => ({
    // A name that is no UTF-8 stands there in hexadecimal.
    path: String(file['Path'] ?? file['Encoded-Path']),
    bytes: Number(file['Size']),
    checksum: file['Checksum'] === undefined ? null : `${file['Checksum-Algorithm']} ${file['Checksum']}`,
  }));
}

/** Stands before the name of a file of which a backup holds only the blocks that changed. */
const CHANGES = /(^|\/)INCREMENTAL\.([^/]+)$/;

/** Files whose text says how a backup was made, and WAL, which no backup_manifest lists as a file of the data. */
const isOfTheBackup = (path: string): boolean =>
  path === 'backup_label' || path === 'tablespace_map' || path.startsWith('pg_wal/');

/**
 * In what a combined backup differs from what the last of its chain says is there; none when nothing does. pg_combinebackup writes the manifest
 * of what it wrote, so what it overlooked (a tablespace without its link) would not show there. Pure.
 */
export function combinedDifferences(last: readonly ServerFile[], combined: readonly ServerFile[]): string[] {
  const found = new Map(combined.map((file) => [file.path, file]));
  const expected = new Set<string>();
  const differences: string[] = [];
  for (const { path, bytes, checksum } of last) {
    const whole = path.replace(CHANGES, '$1$2');
    if (isOfTheBackup(path)) continue;
    expected.add(whole);
    const there = found.get(whole);
    if (there === undefined) differences.push(`${whole} is missing`);
    else if (whole === path && (there.bytes !== bytes || there.checksum !== checksum))
      differences.push(`${path} has other bytes`);
  }
  const more = combined.filter(({ path }) => !expected.has(path) && !isOfTheBackup(path));
  return [...differences, ...more.map(({ path }) => `${path} is in none of them`)];
}

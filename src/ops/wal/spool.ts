import { mkdir, open, readdir, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { addressOf, parseWalName, segmentName } from './segment.ts';

const PARTIAL = '.partial';

/** The segment that is being received: a file of full size, zeros where nothing has come yet, so that a recovery can read it as it is. */
export interface OpenSegment {
  readonly name: string;
  readonly begin: bigint;
  readonly file: FileHandle;
}

/**
 * A folder of this machine with what was received and is not in the archive yet: whole segments, and one that is being written. What is in a
 * file when `sync` returns survives a crash of the machine.
 */
export interface Spool {
  readonly folder: string;
  /** Whole files a killed run left, in the order of the log. */
  leftovers(): Promise<string[]>;
  open(timeline: number, begin: bigint): Promise<OpenSegment>;
  /** All of it is here: on the disk under its own name when this returns. */
  complete(segment: OpenSegment): Promise<string>;
  /** A whole file that is not received as a stream. */
  put(name: string, text: string): Promise<string>;
  /** Segments that were begun on a timeline before this one, and go on there. */
  forget(timeline: number): Promise<void>;
}

/** Where the oldest segment begins that was being received; null: there is none, or no folder yet. */
export async function spoolBegin(folder: string, segmentBytes: number): Promise<bigint | null> {
  const files = (await readdir(folder).catch(() => [])).flatMap((name) => parseWalName(name) ?? []);
  const begins = files.flatMap((file) => (file.kind === 'partial' ? [addressOf(file, segmentBytes)] : []));
  return begins.toSorted((a, b) => (a < b ? -1 : 1))[0] ?? null;
}

/** Fails with backup.failed where the folder cannot be made. */
export async function openSpool(folder: string, segmentBytes: number): Promise<Spool> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((thrown: NodeJS.ErrnoException) =>
    fail('backup.failed', `the spool folder ${folder} cannot be made: ${thrown.code}`, {
      hint: 'Name another one with --spool.',
    }),
  );
  return {
    folder,
    async leftovers() {
      return (await readdir(folder)).filter((name) => /^[0-9A-F]{24}$|^[0-9A-F]{8}\.history$/.test(name)).toSorted();
    },
    async open(timeline, begin) {
      const name = segmentName(timeline, begin, segmentBytes);
      const path = join(folder, `${name}${PARTIAL}`);
      // One that is there holds what was confirmed: it is written over with the same bytes, never cut.
      const file = await open(path, 'r+').catch(() => open(path, 'wx+', 0o600));
      await file.truncate(segmentBytes);
      await syncFolder(folder);
      return { name, begin, file };
    },
    async complete({ name, file }) {
      await file.datasync();
      await file.close();
      const path = join(folder, name);
      await rename(`${path}${PARTIAL}`, path);
      await syncFolder(folder);
      return path;
    },
    async put(name, text) {
      const path = join(folder, name);
      await writeFile(`${path}${PARTIAL}`, text, { mode: 0o600, flush: true });
      await rename(`${path}${PARTIAL}`, path);
      await syncFolder(folder);
      return path;
    },
    async forget(timeline) {
      const current = segmentName(timeline, 0n, segmentBytes).slice(0, 8);
      const old = (await readdir(folder)).filter((name) => name.endsWith(PARTIAL) && name.slice(0, 8) < current);
      for (const name of old) await rm(join(folder, name), { force: true });
    },
  };
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Kept by `dev up`: 10 files of at most 10 MB. */
const KEPT = 10;

/** Removes all but the newest log files. */
export async function pruneLogs(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^postgresql-\d{8}-\d{6}\.log$/.test(name)).toSorted();
  for (const name of names.slice(0, -KEPT)) await rm(join(folder, name), { force: true });
}

/** Sizes of the log files now, to tell later what was added. */
export async function markLogs(folder: string): Promise<ReadonlyMap<string, number>> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.log'));
  return new Map(await Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).size] as const)));
}

/** What the server has logged since the mark; the early lines come first, from pg_ctl's own file. */
export async function logsSince(folder: string, mark: ReadonlyMap<string, number>): Promise<string> {
  const names = [...(await markLogs(folder)).keys()].toSorted(
    (a, b) => Number(b === START_LOG) - Number(a === START_LOG) || (a < b ? -1 : 1),
  );
  const texts = await Promise.all(names.map((name) => readFrom(join(folder, name), mark.get(name) ?? 0)));
  return texts.join('');
}

/** Where pg_ctl sends what the server says before its own log collector runs. */
export const START_LOG = 'start.log';

/** At most this much of a file is read: enough for a failed start. */
const LONGEST = 65_536;

async function readFrom(path: string, from: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One backup: how long it took, what it cost, and what is there afterwards. */
export interface Measured {
  readonly seconds: number;
  /** User and system time of us, the programs we ran, and the processes of the server that ended with it. */
  readonly cpuSeconds: number;
  readonly bytes: number;
}

/** Clock ticks of Linux, in which /proc counts. */
const TICKS = 100;

/** Seconds of CPU of a process and of its children that have ended. Zero where there is no /proc. */
async function cpuOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program stands in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, place) => sum + Number(fields[place] ?? 0), 0) / TICKS;
}

export async function measure(data: string, into: string, act: () => Promise<unknown>): Promise<Measured> {
  const postmaster = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const cpu = async () => (await cpuOf(process.pid)) + (await cpuOf(postmaster));
  const [before, started] = [await cpu(), performance.now()];
  await act();
  const seconds = (performance.now() - started) / 1000;
  // The server counts a session when it has waited for its process.
  await sleep(300);
  return { seconds, cpuSeconds: (await cpu()) - before, bytes: await sizeOf(into) };
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverProcesses } from '../process/process.ts';

/**
 * Ends what a dead postmaster left behind. Idle sessions notice its death and go within milliseconds; one that computes does not,
 * and as long as it holds the shared memory no new server starts on the data.
 */
export async function endProcesses(data: string, graceMs: number, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + graceMs;
  for (let pids = await serverProcesses(data); pids.length > 0; pids = await serverProcesses(data)) {
    signal?.throwIfAborted();
    if (performance.now() >= deadline) for (const pid of pids) quit(pid);
    await sleep(50);
  }
}

/** SIGQUIT is PostgreSQL's own signal for an immediate end. */
function quit(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

/**
 * Removes the lock files of a server that is dead, and returns whether it was: postgres believes them as long as any process has the
 * id in them. After a restart of the machine that may be another process, and in a container whose process 1 does not reap it is
 * the dead postmaster's own zombie, for ever.
 */
export async function removeDeadLocks(data: string, socket: string | undefined): Promise<boolean> {
  if ((await serverProcesses(data)).length > 0) return false;
  await rm(join(data, 'postmaster.pid'), { force: true });
  const left = socket === undefined ? [] : (await readdir(socket)).filter((name) => name.startsWith('.s.PGSQL.'));
  for (const name of left) await rm(join(socket ?? '', name), { force: true });
  return true;
}

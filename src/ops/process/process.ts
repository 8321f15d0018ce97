import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { runProgram } from './program.ts';

/**
 * When a process started, in words that no later process with the same id repeats; undefined when there is no such process.
 * Linux counts in clock ticks since boot (proc(5), field 22), so the boot belongs to it.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return startFromPs(pid);
  const [status, boot] = await Promise.all([readProc(`${pid}/stat`), readProc('sys/kernel/random/boot_id')]);
  // The second field is the program's name in brackets, which may hold spaces and brackets itself.
  const fields = status?.slice(status.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; its parent has not looked yet.
  return fields === undefined || fields[0] === 'Z' ? undefined : `${boot?.trim()}/${fields[19]}`;
}

async function startFromPs(pid: number): Promise<string | undefined> {
  const { status, stdout } = await runProgram({ file: 'ps', args: ['-o', 'lstart=', '-p', String(pid)] });
  return status === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
}

/**
 * Processes of a PostgreSQL server that works in this data folder, whatever its postmaster.pid says: a server's processes have the
 * data folder as their current folder (Linux), and the postmaster has it on its command line (elsewhere).
 */
export async function serverProcesses(dataFolder: string): Promise<readonly number[]> {
  if (process.platform !== 'linux') return processesFromPs(dataFolder);
  const folder = await realpath(dataFolder).catch(() => dataFolder);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => worksIn(pid, folder)));
  return pids.filter((_, index) => found[index]).map(Number);
}

async function worksIn(pid: string, dataFolder: string): Promise<boolean> {
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return folder === dataFolder && (await readProc(`${pid}/comm`))?.trim() === 'postgres';
}

async function processesFromPs(dataFolder: string): Promise<readonly number[]> {
  const { stdout } = await runProgram({ file: 'ps', args: ['-axo', 'pid=,command='] });
  const lines = stdout.split('\n').filter((line) => line.includes(`/postgres -D ${dataFolder} `));
  return lines.map((line) => Number.parseInt(line, 10));
}

/** Processes come and go while one looks: what is gone is undefined. */
const readProc = (path: string): Promise<string | undefined> => readFile(`/proc/${path}`, 'utf8').catch(() => undefined);

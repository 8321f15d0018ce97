import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerState } from './engine.ts';
import { readPassfile } from './passfile.ts';
import { probeServer } from './probe.ts';
import { serverProcesses } from '../process/process.ts';
import { readRecord } from './record.ts';
import type { StateFolder } from './state.ts';

/** Looks for the server of a data folder by connecting to where it may listen; files only say where to try. */
export async function inspectEmbedded(state: StateFolder, signal?: AbortSignal): Promise<ServerState> {
  if (!existsSync(join(state.data, 'PG_VERSION'))) return { kind: 'absent' };
  const [lockFile, password, record] = await Promise.all([
    readLockFile(state.data),
    readPassfile(state.passfile),
    readRecord(state.record),
  ]);
  const ports = new Set([lockFile?.port, record?.port].filter((port) => port !== undefined));
  const refusals: string[] = [];
  for (const port of ports) {
    const host = state.socket ?? '127.0.0.1';
    // Any password will do to be told that it is wrong.
    const probe = await probeServer({ host, port, password: password ?? 'lost' }, signal);
    if (probe.kind === 'refuses') refusals.push(probe.sqlstate);
    if (probe.kind !== 'answers' || !(await sameFolder(probe.facts.dataDirectory, state.data))) continue;
    const server = { engine: 'embedded', host: '127.0.0.1', port, password: password ?? '', dataFolder: state.data } as const;
    return { kind: 'running', server: { ...server, ...probe.facts } };
  }
  return withoutAnswer(await serverProcesses(state.data), refusals, lockFile !== undefined);
}

/** A refusal counts only when processes of ours live: on TCP it may come from a stranger who has the port now. */
function withoutAnswer(pids: readonly number[], refusals: readonly string[], crashed: boolean): ServerState {
  if (pids.length === 0) return { kind: 'stopped', crashed };
  if (refusals.includes('57P03')) return { kind: 'starting' };
  if (refusals.some((sqlstate) => sqlstate.startsWith('28'))) return { kind: 'locked-out' };
  return { kind: 'silent', pids };
}

interface LockFile {
  readonly pid: number;
  readonly port: number;
}

/** postmaster.pid: line 1 is the process id, line 4 the port; a server that crashed leaves it behind. */
export async function readLockFile(data: string): Promise<LockFile | undefined> {
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return lines.length > 4 && pid > 0 && port > 0 ? { pid, port } : undefined;
}

async function sameFolder(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map((path) => realpath(path).catch(() => path)));
  return first === second;
}

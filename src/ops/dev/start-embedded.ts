import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { createCluster, setPassword, startCluster, stopCluster, type ServerPrograms } from './cluster.ts';
import type { RunningServer, ServerState } from './engine.ts';
import type { Control } from './environment.ts';
import { inspectEmbedded } from './inspect-embedded.ts';
import { logsSince, markLogs, pruneLogs, START_LOG } from './logs.ts';
import { endProcesses, removeDeadLocks } from './orphans.ts';
import { readPassfile, writePassfile } from './passfile.ts';
import { freePort, isFree } from './port.ts';
import { serverProcesses } from '../process/process.ts';
import { readRecord } from './record.ts';
import { randomPassword } from './secret-file.ts';
import { developmentSettings } from './settings.ts';
import { makeStateFolder, type StateFolder } from './state.ts';

type Programs = Pick<ServerPrograms, 'binFolder' | 'account'>;

/** How long the rest of a killed server gets to end by itself, in milliseconds. */
const GRACE_MS = 5_000;

/** Brings the server up from any state. Fails with server.failed, with what the server logged. */
export async function startEmbedded(
  programs: Programs,
  state: StateFolder,
  found: ServerState,
  control: Control,
): Promise<RunningServer> {
  await makeStateFolder(state, programs.account);
  if (found.kind === 'running') return found.server;
  if (found.kind === 'locked-out') await stopCluster(programs, state.data);
  if (found.kind === 'silent') await endProcesses(state.data, 0, control.signal);
  const password = found.kind === 'absent' ? await create(programs, state, control) : await knownPassword(programs, state, found);
  await pruneLogs(state.logs);
  return launch(programs, state, password, control);
}

async function create(programs: Programs, state: StateFolder, { progress, signal }: Control): Promise<string> {
  if (existsSync(state.data)) {
    fail('server.failed', `${state.data} is there and is no PostgreSQL data folder: it has no PG_VERSION`, {
      hint: 'When nothing in it is needed, remove it with dbctl dev down --purge.',
    });
  }
  const step = progress.step(`creating a data folder in ${state.data}`);
  const password = randomPassword();
  // First the password, then the data it opens: killed in between, the next run finds no data and starts over.
  await writePassfile(state.passfile, await freePort(), password);
  const settings = developmentSettings(state.name, state.logs);
  await createCluster({ ...programs, signal }, { data: state.data, making: state.making, password, settings });
  step.done();
  return password;
}

async function knownPassword(programs: Programs, state: StateFolder, found: ServerState): Promise<string> {
  const known = await readPassfile(state.passfile);
  if (known !== undefined && found.kind !== 'locked-out') return known;
  const password = randomPassword();
  await setPassword(programs, state.data, password);
  return password;
}

/** Five tries: each takes a cause out of the way that a start may meet, and no cause comes back. */
async function launch(programs: Programs, state: StateFolder, password: string, control: Control): Promise<RunningServer> {
  const step = control.progress.step(`starting the server`);
  let said = '';
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await choosePort(state, attempt);
    await writePassfile(state.passfile, port, password);
    const mark = await markLogs(state.logs);
    if (await tryStart(programs, state, port, control.signal)) return await answering(state, control, (note) => step.done(note));
    said = await logsSince(state.logs, mark);
    if (!(await removeCause(said, state, port, control.signal))) break;
  }
  step.failed();
  return fail('server.failed', `the server did not start: ${reason(said)}`, {
    detail: said.trim(),
    hint: `Read the log in ${state.logs}. When the data is not needed, start over: dbctl dev down --purge, then dbctl dev up.`,
  });
}

/** The port of the last start, so that a URL people have kept goes on working, unless somebody else has it now. */
async function choosePort(state: StateFolder, attempt: number): Promise<number> {
  const before = attempt === 0 ? (await readRecord(state.record))?.port : undefined;
  return before !== undefined && (await isFree(before)) ? before : freePort();
}

async function tryStart(programs: Programs, state: StateFolder, port: number, signal: AbortSignal): Promise<boolean> {
  try {
    const log = join(state.logs, START_LOG);
    const ended = await startCluster({ ...programs, signal }, state.data, { port, socket: state.socket }, log);
    return ended.status === 0;
  } catch (thrown) {
    // Stopped by the person while it was coming up: it does not stay behind.
    if ((await serverProcesses(state.data)).length > 0) await stopCluster(programs, state.data).catch(() => {});
    throw thrown;
  }
}

/** Takes away what stopped a start, if it is one of the known causes. True when another try makes sense. */
async function removeCause(said: string, state: StateFolder, port: number, signal: AbortSignal): Promise<boolean> {
  if (said.includes('pre-existing shared memory block')) {
    await endProcesses(state.data, GRACE_MS, signal);
    return true;
  }
  if (/lock file "[^"]+" already exists/.test(said)) return removeDeadLocks(state.data, state.socket);
  return !(await isFree(port));
}

async function answering(state: StateFolder, { signal }: Control, done: (note: string) => void): Promise<RunningServer> {
  const found = await inspectEmbedded(state, signal);
  if (found.kind !== 'running') {
    fail('server.failed', `the server was started and does not answer (${found.kind})`, {
      hint: `Read the log in ${state.logs}.`,
    });
  }
  done(`PostgreSQL ${found.server.version} on port ${found.server.port}`);
  return found.server;
}

/** The line of a log that says why: the first FATAL or PANIC, without its prefix. */
function reason(log: string): string {
  const line = log.split('\n').find((text) => /\b(FATAL|PANIC|error):/.test(text));
  return line?.replace(/^.*?\b(FATAL|PANIC|error):\s*/, '') ?? 'it logged no reason';
}

import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../core/errors.ts';
import type { Step } from '../../core/step.ts';
import { chosenEngine } from './choose-engine.ts';
import { createDatabase } from './database.ts';
import { withDevLock } from './dev-lock.ts';
import type { Engine, RunningServer, ServerState } from './engine.ts';
import { realFolder, type Control, type DevEnvironment, type DevProject } from './environment.ts';
import { planUp } from './plan.ts';
import { writeRecord, type EngineName } from './record.ts';
import { stateFolder, type StateFolder } from './state.ts';
import type { Major } from './lines.ts';

export interface UpWish {
  readonly major: Major;
  /** undefined: the one it runs under, else that of dbctl.yaml. */
  readonly engine?: EngineName | undefined;
  readonly dryRun?: boolean;
}

export interface UpOutcome {
  readonly steps: readonly Step[];
  /** undefined on a dry run of a server that does not run. */
  readonly server: RunningServer | undefined;
  readonly database: string;
  readonly state: StateFolder;
}

/**
 * Brings up the project's development server and its database, whatever state they are in; what is there already stays as it is.
 * Fails with server.failed when the server cannot be had, with lock.held when another dbctl is busy with it for two minutes.
 */
export async function devUp(
  environment: DevEnvironment,
  project: DevProject,
  wish: UpWish,
  control: Control,
): Promise<UpOutcome> {
  const state = stateFolder(environment, wish.major);
  const { database } = project.dev;
  const choose = (): Promise<Engine> => chosenEngine(environment, project, state, wish.engine, control);
  if (wish.dryRun === true) return planOnly(await choose(), state, database);
  return withDevLock(state, control, async () => {
    const engine = await choose();
    const found = await settled(engine, control);
    const steps = planUp(engine, found, database);
    const server = await engine.start(found);
    await writeRecord(state.record, { ...recordOf(server), running: true, project: realFolder(environment) });
    const created = await createDatabase(server, database, control);
    return { steps: steps.filter(({ id }) => id !== 'database' || created), server, database, state };
  });
}

async function planOnly(engine: Engine, state: StateFolder, database: string): Promise<UpOutcome> {
  const found = await engine.inspect();
  return { steps: planUp(engine, found, database), server: found.kind === 'running' ? found.server : undefined, database, state };
}

/** Longest wait for a server that says it is starting, in milliseconds: replaying its log after a crash can take minutes. */
const STARTING_MS = 300_000;
/** For one whose processes live and say nothing: it starts and does not listen yet, or its postmaster was killed and they are ending. */
const SILENT_MS = 5_000;

async function settled(engine: Engine, { progress, signal }: Control): Promise<ServerState> {
  let found = await engine.inspect();
  if (found.kind !== 'starting' && found.kind !== 'silent') return found;
  const step = progress.step('waiting for the server, which is starting or ending');
  const since = performance.now();
  while (found.kind === 'starting' || found.kind === 'silent') {
    const waited = performance.now() - since;
    if (found.kind === 'silent' && waited > SILENT_MS) break;
    if (waited > STARTING_MS) {
      fail('server.failed', 'the server has been starting for five minutes', {
        hint: 'Look at its log; dbctl dev down ends it.',
      });
    }
    await sleep(200, undefined, { signal });
    found = await engine.inspect();
  }
  step.done();
  return found;
}

const recordOf = ({ engine, version, port, pid, systemIdentifier }: RunningServer) => ({
  engine,
  version,
  port,
  pid,
  systemIdentifier,
});

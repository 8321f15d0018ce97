import type { Step } from '../../core/step.ts';
import { chosenEngine } from './choose-engine.ts';
import type { Engine } from './engine.ts';
import type { Control, DevEnvironment, DevProject } from './environment.ts';
import type { Major } from './lines.ts';
import { refuseHeldAnywhere } from './held.ts';
import { planDown } from './plan.ts';
import { readRecord, writeRecord } from './record.ts';
import { stateFolder } from './state.ts';
import { withDevLock } from './dev-lock.ts';

export interface DownWish {
  readonly major: Major;
  /** Deletes the data as well. */
  readonly purge: boolean;
  readonly dryRun?: boolean;
}

/**
 * Stops the project's server of one major, and with `purge` deletes everything it held. A server that does not run is no error.
 * Returns the steps done, none when there was nothing to do.
 * Fails with server.failed when it does not stop, and with refused where rows of a running one that is to be deleted are held.
 */
export async function devDown(
  environment: DevEnvironment,
  project: DevProject,
  wish: DownWish,
  control: Control,
): Promise<readonly Step[]> {
  const state = stateFolder(environment, wish.major);
  const choose = (): Promise<Engine> => chosenEngine(environment, project, state, undefined, control);
  if (wish.dryRun === true) {
    const engine = await choose();
    return planDown(engine, await engine.inspect(), wish.purge);
  }
  return withDevLock(state, control, async () => {
    const engine = await choose();
    const found = await engine.inspect();
    const steps = planDown(engine, found, wish.purge);
    if (wish.purge && found.kind === 'running') await refuseHeldAnywhere(found.server, control.signal);
    if (steps.some(({ id }) => id === 'stop')) await inStep('stopping the server', control, () => engine.stop(found));
    if (wish.purge) await inStep('deleting its data', control, () => engine.purge());
    const record = await readRecord(state.record);
    if (record !== undefined) await writeRecord(state.record, { ...record, running: false });
    return steps;
  });
}

async function inStep(name: string, { progress }: Control, act: () => Promise<void>): Promise<void> {
  const step = progress.step(name);
  await act();
  step.done();
}

import { containerEngine } from './container.ts';
import { embeddedEngine } from './embedded.ts';
import type { Engine } from './engine.ts';
import type { Control, DevEnvironment, DevProject } from './environment.ts';
import { fail } from '../../core/errors.ts';
import { readRecord, type EngineName } from './record.ts';
import type { StateFolder } from './state.ts';

/**
 * The engine wished for, else the one the server runs under, else that of dbctl.yaml.
 * Fails with refused when the project's server of this major runs under the other engine: two would fight for one name and one URL.
 */
export async function chosenEngine(
  environment: DevEnvironment,
  project: DevProject,
  state: StateFolder,
  wish: EngineName | undefined,
  control: Control,
): Promise<Engine> {
  const record = await readRecord(state.record);
  const name = wish ?? (record?.running === true ? record.engine : project.dev.engine);
  const engine = makeEngine(name, environment, state, control);
  if (record === undefined || record.engine === name) return engine;
  const other = await makeEngine(record.engine, environment, state, control).inspect();
  if (other.kind === 'absent' || other.kind === 'stopped') return engine;
  return fail('refused', `the project's server runs already, as ${record.engine}`, {
    hint: `Stop it first: dbctl dev down --version ${state.major}. Its data stays where it is.`,
  });
}

function makeEngine(name: EngineName, environment: DevEnvironment, state: StateFolder, control: Control): Engine {
  return name === 'embedded' ? embeddedEngine(environment, state, control) : containerEngine(environment, state, control);
}

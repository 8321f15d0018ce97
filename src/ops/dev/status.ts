import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chosenEngine } from './choose-engine.ts';
import { listDatabases, type DatabaseSize } from './database.ts';
import type { ServerState } from './engine.ts';
import type { Control, DevEnvironment, DevProject } from './environment.ts';
import type { Major } from './lines.ts';
import type { EngineName } from './record.ts';
import { stateFolder, type StateFolder } from './state.ts';

export interface DevStatus {
  readonly engine: EngineName;
  /** The release it runs, or would run. */
  readonly version: string;
  readonly dataFolder: string;
  /** Size of the data folder on disk; undefined for a container's volume and where there is none. */
  readonly bytes: number | undefined;
  readonly found: ServerState;
  /** Empty when the server does not run. */
  readonly databases: readonly DatabaseSize[];
  readonly state: StateFolder;
}

/** Tries the project's server of one major and says what is there. Changes nothing. */
export async function devStatus(
  environment: DevEnvironment,
  project: DevProject,
  major: Major,
  control: Control,
): Promise<DevStatus> {
  const state = stateFolder(environment, major);
  const engine = await chosenEngine(environment, project, state, undefined, control);
  const found = await engine.inspect();
  const databases = found.kind === 'running' ? await listDatabases(found.server, control) : [];
  const version = found.kind === 'running' ? found.server.version : engine.version;
  const bytes = engine.name === 'embedded' && found.kind !== 'absent' ? await folderSize(state.data) : undefined;
  return { engine: engine.name, version, dataFolder: engine.dataFolder, bytes, found, databases, state };
}

/** Bytes the files of a folder take; those that vanish while one looks count nothing. */
async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(({ parentPath, name }) => sizeOf(join(parentPath, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

const sizeOf = (path: string): Promise<number> =>
  lstat(path).then(
    // A file can be longer than what it takes on disk; blocks are 512 bytes (stat(2)).
    ({ blocks }) => blocks * 512,
    () => 0,
  );

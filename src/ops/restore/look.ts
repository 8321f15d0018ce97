import { mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import { withSession } from '../../db/session.ts';
import type { LogicalManifest, Manifest, PhysicalManifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
import type { DevEnvironment, DevProject } from '../dev/environment.ts';
import { devDown } from '../dev/down.ts';
import type { RunningServer } from '../dev/engine.ts';
import type { Major } from '../dev/lines.ts';
import { stateFolder } from '../dev/state.ts';
import { localTarget } from '../dev/target.ts';
import { devUp } from '../dev/up.ts';
import type { ToolPlaces } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { lackOf } from './lack.ts';
import { loadNothing, makeServerOfBackup } from './look-physical.ts';
import { prepareServer } from './prepare-server.ts';
import { OF_A_COPY } from './of-a-copy.ts';
import type { Replay } from './replay.ts';
import { restoreLogical, type Restored } from './restore.ts';

export interface LookInputs {
  readonly repository: Repository;
  /** What an incremental backup is restored together with. */
  readonly ancestors: readonly PhysicalManifest[];
  /** The folder the server is known by: `dbctl dev` commands work with the dbctl.yaml in it. */
  readonly folder: string;
  readonly environment: Omit<DevEnvironment, 'projectFolder'>;
  readonly tools: ToolPlaces;
  readonly jobs: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Look {
  readonly server: RunningServer;
  readonly database: string;
  /** For `dbctl dev … --config`. */
  readonly configFile: string;
  /** What a restored dump was compared in; null: the files of a server are what they were. */
  readonly restored: Restored | null;
}

/** Where the server of a backup that is looked into is kept. Fails with refused where there is one, and for majors npm has no server of. */
export async function planLook(
  manifest: Manifest,
  { folder, environment }: Pick<LookInputs, 'folder' | 'environment'>,
): Promise<Major> {
  const from = majorOf(manifest.source.serverVersion);
  if (from > 18 || (manifest.type === 'physical' && from < 17)) {
    fail('refused', `${manifest.id} is of PostgreSQL ${from}, and npm brings servers of 17 and 18`, {
      hint: 'Restore it on a server of that version: dbctl restore --data FOLDER, or into an empty database.',
    });
  }
  const major: Major = from === 17 ? 17 : 18;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (existsSync(stateFolder({ ...environment, projectFolder: folder }, major).data)) {
    fail('refused', `${manifest.id} is there to be looked into already`, {
      hint: `Its URL: dbctl dev url --config ${configIn(folder)}. To begin anew: dbctl dev down --purge --config ${configIn(folder)}.`,
    });
  }
  return major;
}

/**
 * Starts a server from npm with the backup in it, in the background, as `dbctl dev up` does: it outlives the command. What fails takes the
 * server away again. Fails as a restore does, and with server.failed where the server cannot be had.
 */
export async function lookInto(manifest: Manifest, replay: Replay | null, inputs: LookInputs): Promise<Look> {
  const major = await planLook(manifest, inputs);
  const environment = { ...inputs.environment, projectFolder: inputs.folder };
  const database = databaseOf(manifest);
  const project = (name: string): DevProject => ({
    project: 'look',
    dev: { version: major, engine: 'embedded', database: name },
  });
  const configFile = configIn(inputs.folder);
  await writeFile(configFile, configText(major, database), { mode: 0o600 });
  const up = async () => (await devUp(environment, project('postgres'), { major, engine: 'embedded' }, inputs)).server;
  try {
    if (manifest.type === 'physical') {
      await makeServerOfBackup(manifest, replay, environment, major, inputs);
      return { server: running(await up()), database, configFile, restored: null };
    }
    const server = running(await up());
    return { server, database, configFile, restored: await restoreInto(server, manifest, database, inputs) };
  } catch (thrown) {
    // Also after an abort: half a database must not stay to be taken for a whole one.
    const control = { ...inputs, signal: new AbortController().signal };
    await devDown(environment, project('postgres'), { major, purge: true }, control).catch(() => {});
    const lack = thrown instanceof Error ? lackOf(thrown) : null;
    if (lack !== null) fail('refused', lack.message, { hint: lack.hint, cause: thrown });
    throw thrown;
  }
}

const configIn = (folder: string): string => join(folder, 'dbctl.yaml');

const configText = (major: Major, database: string): string => `# Made by dbctl restore --into embedded.
version: 1
project: look
dev: { version: ${major}, database: ${JSON.stringify(database)} }
environments: { dev: { embedded: true } }
`;

/** A name dbctl.yaml can have. The server has a database postgres of its own. */
function databaseOf(manifest: Manifest): string {
  const fits = (name: string) => /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name) && name !== 'postgres' && name !== 'template1';
  if (manifest.type === 'logical') return fits(manifest.source.database) ? manifest.source.database : 'restored';
  return manifest.source.databases.find(fits) ?? 'postgres';
}

async function restoreInto(
  { port, password }: RunningServer,
  manifest: LogicalManifest,
  database: string,
  inputs: LookInputs,
): Promise<Restored> {
  const { signal } = inputs;
  const target = (name: string) => ({ ...localTarget({ host: '127.0.0.1', port, password }, name), options: OF_A_COPY });
  await prepareServer({ target }, manifest.source, database, signal);
  const options = { access: 'write', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0, signal } as const;
  return withSession(target(database), options, async (session) => {
    const restored = await restoreLogical(session, { ...inputs, manifest, target: target(database), ownServer: true });
    // It was compared; now a person wants in.
    await loadNothing(session);
    return restored;
  });
}

function running(server: RunningServer | undefined): RunningServer {
  if (server === undefined) throw new Error('a server that was started is there');
  return server;
}

import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { serverAccount, type ServerAccount } from '../process/account.ts';
import { findEmbedded } from './binaries.ts';
import { stopCluster } from './cluster.ts';
import type { Engine, ServerState } from './engine.ts';
import { userId, type Control, type DevEnvironment } from './environment.ts';
import { inspectEmbedded, readLockFile } from './inspect-embedded.ts';
import { LINES } from './lines.ts';
import { endProcesses } from './orphans.ts';
import { serverProcesses } from '../process/process.ts';
import { startEmbedded } from './start-embedded.ts';
import type { StateFolder } from './state.ts';
import { usableBinaries } from './usable-binaries.ts';

/** PostgreSQL from npm, as processes of this machine. */
export function embeddedEngine(environment: DevEnvironment, state: StateFolder, control: Control): Engine {
  const programs = async (): Promise<{ binFolder: string; account: ServerAccount | undefined }> => {
    const account = await serverAccount(userId(environment));
    const found = findEmbedded(state.major, environment.projectFolder);
    const { binFolder } = await usableBinaries(found, account, join(state.root, 'binaries'), control);
    return { binFolder, account };
  };
  return {
    name: 'embedded',
    version: LINES[state.major].version,
    dataFolder: state.data,
    inspect: () => inspectEmbedded(state, control.signal),
    start: async (found) => startEmbedded(await programs(), state, found, control),
    stop: async (found) => stopEmbedded(await programs(), state, found),
    purge: () => purgeEmbedded(state),
  };
}

async function stopEmbedded(
  programs: { binFolder: string; account: ServerAccount | undefined },
  state: StateFolder,
  found: ServerState,
): Promise<void> {
  if (found.kind === 'absent' || found.kind === 'stopped') return;
  const [lockFile, alive] = await Promise.all([readLockFile(state.data), serverProcesses(state.data)]);
  // Without its postmaster nothing can be asked to stop; what is left of the server ends at once.
  if (lockFile === undefined || !alive.includes(lockFile.pid)) return endProcesses(state.data, 0);
  await stopCluster(programs, state.data);
}

/** The data goes out of its place at once: a purge that is killed must not leave half a data folder that looks like a whole one. */
async function purgeEmbedded(state: StateFolder): Promise<void> {
  await rename(state.data, `${state.making}purged-${randomBytes(4).toString('hex')}`).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
  });
  await rm(state.folder, { recursive: true, force: true });
}

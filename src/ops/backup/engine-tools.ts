import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { silentProgress } from '../../core/progress.ts';
import { isPlain } from '../codec/coding.ts';
import { encodeInto } from '../codec/encode-into.ts';
import type { ClientProgram } from '../tools/program.ts';
import { withClientEnvironment } from './client-environment.ts';
import type { BaseBackupEngine, EngineRequest } from './engine.ts';
import type { BackupFile } from './manifest.ts';
import { hashWhileWritten } from './hash-while-written.ts';
import { programRunner } from './programs.ts';
import { CLUSTER_FOLDER } from './server-manifest.ts';

/** pg_basebackup; its files are hashed while it writes them, or else compressed and encrypted when it is done. */
export const toolsEngine = (program: ClientProgram): BaseBackupEngine => ({
  name: 'tools',
  programs: { pg_basebackup: program.version },
  async take(request) {
    const write = (folder: string) =>
      withClientEnvironment(request.target, request.at, (environment) =>
        programRunner(environment, request.signal)(program, argumentsOf(folder, request), pathsOf(folder, request), KEPT),
      );
    if (!isPlain(request.coding)) return writeAndEncode(request, write);
    const folder = join(request.making, CLUSTER_FOLDER);
    await mkdir(folder, { mode: 0o700 });
    const files = await hashWhileWritten({ ...request, folder }, () => write(folder));
    return files.map((file) => ({ ...file, path: `${CLUSTER_FOLDER}/${file.path}` }));
  },
});

async function writeAndEncode(request: EngineRequest, write: (folder: string) => Promise<void>): Promise<BackupFile[]> {
  const inputs = { ...request, bytes: request.sizeBytes, progress: silentProgress };
  const { files } = await encodeInto(inputs, async (staging) => {
    const folder = join(staging, CLUSTER_FOLDER);
    await mkdir(folder, { mode: 0o700 });
    await write(folder);
  });
  return files;
}

const KEPT = 'Nothing was kept. Mend what it says, and run it again.';

const pathsOf = (folder: string, { incrementalTo }: EngineRequest): string[] =>
  incrementalTo === null ? [folder] : [folder, incrementalTo];

/** Syncing is left to the repository, which syncs every file before the backup gets its name. */
const argumentsOf = (folder: string, { label, incrementalTo }: EngineRequest): string[] => [
  '--format=tar',
  '--wal-method=fetch',
  '--checkpoint=fast',
  '--no-password',
  '--no-sync',
  `--label=${label}`,
  `--pgdata=${folder}`,
  ...(incrementalTo === null ? [] : [`--incremental=${incrementalTo}`]),
];

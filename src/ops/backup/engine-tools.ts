import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientProgram } from '../tools/program.ts';
import { withClientEnvironment } from './client-environment.ts';
import type { BaseBackupEngine, EngineRequest } from './engine.ts';
import { programRunner } from './programs.ts';
import { hashTree } from './repository.ts';

/** How often sizes are looked at for the progress: pg_basebackup tells its own on standard error, where a word means failure. */
const LOOK_MS = 500;

/** pg_basebackup; the files it wrote are hashed by reading them again, out of the page cache where they fit. */
export const toolsEngine = (program: ClientProgram): BaseBackupEngine => ({
  name: 'tools',
  programs: { pg_basebackup: program.version },
  async take(request) {
    await withClientEnvironment(request.target, request.at, async (environment) => {
      const stop = watchSizes(request);
      try {
        await programRunner(environment, request.signal)(program, argumentsOf(request), KEPT);
      } finally {
        await stop();
      }
    });
    return hashTree(request.folder, () => {});
  },
});

const KEPT = 'Nothing was kept. Mend what it says, and run it again.';

/** Syncing is left to the repository, which syncs every file before the backup gets its name. */
const argumentsOf = ({ folder, label, incrementalTo }: EngineRequest): string[] => [
  '--format=tar',
  '--wal-method=fetch',
  '--checkpoint=fast',
  '--no-password',
  '--no-sync',
  `--label=${label}`,
  `--pgdata=${folder}`,
  ...(incrementalTo === null ? [] : [`--incremental=${incrementalTo}`]),
];

/** Tells how much has been written, until the function it returns is called. */
function watchSizes({ folder, onBytes }: EngineRequest): () => Promise<void> {
  let told = 0;
  const look = async () => {
    const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
    const written = sizes.reduce((sum, size) => sum + size, 0);
    onBytes(written - told);
    told = written;
  };
  // Files come and go under its hands: the next look sees them.
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS);
  return async () => {
    clearInterval(timer);
    await look().catch(() => {});
  };
}

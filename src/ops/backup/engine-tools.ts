import type { ClientProgram } from '../tools/program.ts';
import { withClientEnvironment } from './client-environment.ts';
import type { BaseBackupEngine, EngineRequest } from './engine.ts';
import { hashWhileWritten } from './hash-while-written.ts';
import { programRunner } from './programs.ts';

/** pg_basebackup; its files are hashed while it writes them. */
export const toolsEngine = (program: ClientProgram): BaseBackupEngine => ({
  name: 'tools',
  programs: { pg_basebackup: program.version },
  take: (request) =>
    hashWhileWritten(request, () =>
      withClientEnvironment(request.target, request.at, (environment) =>
        programRunner(environment, request.signal)(program, argumentsOf(request), KEPT),
      ),
    ),
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

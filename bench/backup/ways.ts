import { join } from 'node:path';
import { silentProgress } from '../../src/core/progress.ts';
import { withSession, type Session } from '../../src/db/session.ts';
import { withClientEnvironment } from '../../src/ops/backup/client-environment.ts';
import { createLogicalBackup } from '../../src/ops/backup/create.ts';
import type { BackupInputs } from '../../src/ops/backup/inputs.ts';
import { createPhysicalBackup } from '../../src/ops/backup/physical.ts';
import { programRunner } from '../../src/ops/backup/programs.ts';
import { folderRepository } from '../../src/ops/backup/repository.ts';
import { createSignerKey, openSigner } from '../../src/ops/signing/signer.ts';
import { requireProgram } from '../../src/ops/tools/find.ts';
import type { ClientProgramName } from '../../src/ops/tools/program.ts';
import type { TestServer } from '../../test/support/server.ts';
import { clientTools } from '../../test/support/tools.ts';
import { findPgBackRest, pgBackRestWay } from './pgbackrest.ts';

export interface Way {
  readonly name: string;
  /** What it is measured against; null: it is such a measure. */
  readonly against: string | null;
  /** Backs up into a folder that is not there yet. */
  readonly act: (into: string) => Promise<unknown>;
}

const DUMP = 'pg_dump -Fd -j2 zstd:1';
const BASE = 'pg_basebackup -Ft -X fetch';

/** The programs of PostgreSQL and pgBackRest as they are, and dbctl around or beside them. What is not there is told, and left out. */
export async function backupWays(server: TestServer, folder: string): Promise<Way[]> {
  const [tools, target, signal] = [await clientTools(), server.target(), new AbortController().signal];
  const program = async (name: ClientProgramName, given: readonly string[]) => {
    const found = await requireProgram(name, tools, 18);
    return withClientEnvironment(target, { host: '127.0.0.1', port: server.port }, (environment) =>
      programRunner(environment, signal)(found, given, [], ''),
    );
  };
  await createSignerKey(join(folder, 'key'), 'bench');
  const signer = await openSigner(
    { name: 'bench', key: { kind: 'file', file: 'key' }, publicKeys: [] },
    { variables: {}, folder },
  );
  const own = (make: (session: Session, inputs: BackupInputs) => Promise<unknown>) => (into: string) =>
    withSession(target, { access: 'read', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 }, (session) =>
      make(session, {
        repository: folderRepository('bench', into),
        target,
        signer,
        project: 'bench',
        environment: 'dev',
        operator: 'bench',
        dbctl: '0',
        clock: () => new Date(),
        progress: silentProgress,
        signal,
      }),
    );
  const physical = (engine: 'native' | 'tools') =>
    own((session, inputs) => createPhysicalBackup(session, { ...inputs, tools, engine, incremental: null }));
  const ways: Way[] = [
    { name: DUMP, against: null, act: (into) => program('pg_dump', ['-Fd', '-j2', '--compress=zstd:1', '-f', into]) },
    {
      name: 'dbctl, logical',
      against: DUMP,
      act: own((session, inputs) => createLogicalBackup(session, { ...inputs, tools, jobs: 2, lockWaitMs: 30_000 })),
    },
    {
      name: BASE,
      against: null,
      act: (into) => program('pg_basebackup', ['-Ft', '-X', 'fetch', '-c', 'fast', '-D', into]),
    },
    { name: 'dbctl, physical, tools', against: BASE, act: physical('tools') },
    { name: 'dbctl, physical, native', against: BASE, act: physical('native') },
  ];
  const found = await findPgBackRest();
  if ('absent' in found) console.log(`pgBackRest is left out: ${found.absent}\n`);
  else ways.push({ name: 'pgbackrest, uncompressed', against: BASE, act: await pgBackRestWay(found.path, server, folder) });
  return ways;
}

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { withSession } from '../../../src/db/session.ts';
import { createLogicalBackup, type DumpInputs } from '../../../src/ops/backup/create.ts';
import type { LogicalManifest } from '../../../src/ops/backup/manifest.ts';
import { folderRepository, type FolderRepository, type Repository } from '../../../src/ops/backup/repository.ts';
import { createSignerKey, openSigner, type Signer } from '../../../src/ops/signing/signer.ts';
import { findPrograms, type ToolPlaces } from '../../../src/ops/tools/find.ts';
import { startServer, type ServerOptions, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** A server of its own, client programs, a key and a repository. */
export interface BackupBench {
  readonly server: TestServer;
  readonly tools: ToolPlaces;
  readonly signer: Signer;
  readonly folder: string;
  readonly repository: FolderRepository;
  create(database: string, repository?: Repository, changes?: Partial<DumpInputs>): Promise<LogicalManifest>;
  /** A copy of the repository, or of another one, for a fault to be put into. */
  copy(name: string, of?: FolderRepository): FolderRepository;
}

export const QUIET = { progress: silentProgress, signal: new AbortController().signal } as const;

export function backupBench(options: ServerOptions = {}): BackupBench {
  let server: TestServer;
  let tools: ToolPlaces;
  let signer: Signer;
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-backup-'));
  const repository = folderRepository('test', join(folder, 'repository'));
  beforeAll(async () => {
    [server, tools] = await Promise.all([startServer(options), clientTools()]);
    // The programs of 18 serve a server of 17, too.
    const [found] = await findPrograms(tools, 18, ['pg_dump']);
    const newest = found?.taken?.path;
    if (options.major === 17 && newest !== undefined) tools = { ...tools, setting: dirname(newest) };
    await createSignerKey(join(folder, 'key.pem'), 'test-backup');
    signer = await openSigner(
      { name: 'test-backup', key: { kind: 'file', file: 'key.pem' }, publicKeys: [] },
      { variables: {}, folder },
    );
  }, 180_000);
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get server() {
      return server;
    },
    get tools() {
      return tools;
    },
    get signer() {
      return signer;
    },
    folder,
    repository,
    create: (database, into = repository, changes = {}) => {
      const target = changes.target ?? server.target(database);
      return withSession(target, { access: 'read', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 }, (session) =>
        createLogicalBackup(session, {
          ...QUIET,
          repository: into,
          target,
          tools,
          signer,
          project: 'test',
          environment: 'dev',
          operator: 'test@here',
          dbctl: '0',
          jobs: 2,
          lockWaitMs: 1_000,
          clock: () => new Date(),
          ...changes,
        }),
      );
    },
    copy: (name, of = repository) => {
      const copied = folderRepository(name, join(folder, name));
      cpSync(of.folder, copied.folder, { recursive: true });
      return copied;
    },
  };
}

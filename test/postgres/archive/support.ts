import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import { exportRelation, type Exported, type ExportInputs } from '../../../src/ops/archive/export.ts';
import { knowArchive } from '../../../src/ops/archive/store.ts';
import { verifyArchive, type ArchiveVerdict } from '../../../src/ops/archive/verify.ts';
import { folderRepository, type FolderRepository, type Repository } from '../../../src/ops/backup/repository.ts';
import { PLAIN, type Codec } from '../../../src/ops/codec/codec.ts';
import { createSignerKey, openSigner, type Signer } from '../../../src/ops/signing/signer.ts';
import { startServer, type ServerOptions, type TestServer } from '../../support/server.ts';

export const QUIET = { progress: silentProgress, signal: new AbortController().signal } as const;

export const READING = { onBytes: () => {}, signal: QUIET.signal } as const;

/** A server of its own, a key, and a folder archives go to. */
export interface ArchiveBench {
  readonly server: TestServer;
  readonly signer: Signer;
  readonly folder: string;
  readonly destination: FolderRepository;
  session<T>(use: (session: Session) => Promise<T>): Promise<T>;
  sql(script: string): Promise<void>;
  export(relation: string, changes?: Partial<ExportInputs>): Promise<Exported>;
  /** What {@link export} gives the function. */
  inputs(relation: string, changes?: Partial<ExportInputs>): ExportInputs;
  verify(id: string, destination?: Repository): Promise<ArchiveVerdict>;
  /** A new folder for archives; `of`: a copy of that one, for a fault to be put into. */
  folderFor(name: string, options?: { readonly of?: FolderRepository; readonly codec?: Codec }): FolderRepository;
}

export function archiveBench(prepare: string, options: ServerOptions = {}): ArchiveBench {
  let server: TestServer;
  let signer: Signer;
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-archive-'));
  const destination = folderRepository('cold', join(folder, 'cold'));
  const session: ArchiveBench['session'] = (use) =>
    withSession(server.target(), { access: 'write', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0, bulk: true }, use);
  beforeAll(async () => {
    server = await startServer(options);
    await createSignerKey(join(folder, 'key.pem'), 'test-archive');
    const key = { kind: 'file', file: 'key.pem' } as const;
    signer = await openSigner({ name: 'test-archive', key, publicKeys: [] }, { variables: {}, folder });
    await bench.sql(prepare);
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const bench: ArchiveBench = {
    get server() {
      return server;
    },
    get signer() {
      return signer;
    },
    folder,
    destination,
    session,
    sql: async (script) => {
      await session((one) => one.script(script));
    },
    inputs: (relation, changes = {}) => ({
      ...QUIET,
      destination,
      relation,
      format: 'csv.gz',
      parquetWriter: 'built-in',
      xidColumn: 'recorded_xid',
      signer,
      publicKeys: [signer.verifierKey],
      project: 'test',
      environment: 'dev',
      operator: 'test@here',
      dbctl: '0',
      machine: 'here',
      retainDays: null,
      lockWaitMs: 1_000,
      clock: () => new Date(),
      ...changes,
    }),
    export: (relation, changes) => session((one) => exportRelation(one, bench.inputs(relation, changes))),
    verify: async (id, of = destination) => verifyArchive(of, await knowArchive(of, id, [signer.verifierKey]), READING),
    folderFor: (name, { of, codec = PLAIN } = {}) => {
      const made = folderRepository(name, join(folder, name), codec);
      if (of !== undefined) cpSync(of.folder, made.folder, { recursive: true });
      return made;
    },
  };
  return bench;
}

import { spawnSync } from 'node:child_process';
import { chownSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { withSession } from '../../../src/db/session.ts';
import type { PhysicalManifest } from '../../../src/ops/backup/manifest.ts';
import { createPhysicalBackup, type PhysicalInputs } from '../../../src/ops/backup/physical.ts';
import { folderRepository, type FolderRepository } from '../../../src/ops/backup/repository.ts';
import { runDrill, type DrillInputs } from '../../../src/ops/drill/drill.ts';
import { physicalRecovery } from '../../../src/ops/drill/physical.ts';
import { layOut } from '../../../src/ops/restore/combine.ts';
import { withServerOn, type MakeData, type ServerOnData } from '../../../src/ops/server/throw-away.ts';
import { requireProgram } from '../../../src/ops/tools/find.ts';
import { targetOf } from '../../support/connection.ts';
import { QUIET, type BackupBench } from './support.ts';

export interface PhysicalBench {
  readonly repository: () => FolderRepository;
  /** Of the server of the bench, or of that of the URL. */
  readonly create: (changes?: Partial<PhysicalInputs>, url?: string) => Promise<PhysicalManifest>;
  readonly drill: (manifest: PhysicalManifest, changes?: Partial<DrillInputs>) => ReturnType<typeof runDrill>;
  /** Starts what a chain (the full backup first) makes, with nothing of ours between, and asks a database. */
  readonly ask: <R>(chain: readonly PhysicalManifest[], database: string, sql: string) => Promise<R[]>;
  /** The same, for more than a question. */
  readonly started: (chain: readonly PhysicalManifest[], use: (server: ServerOnData) => Promise<void>) => Promise<void>;
  /** What the official program says of a backup as it lies in the repository. */
  readonly verifyBackup: (id: string) => Promise<{ readonly status: number | null; readonly stderr: string }>;
}

/** Physical backups into a repository of their own, without client programs unless asked for. */
export function physicalBench(bench: BackupBench, name = 'physical'): PhysicalBench {
  const repository = () => folderRepository(name, join(bench.folder, name));
  const started: PhysicalBench['started'] = async (chain, use) => {
    const make: MakeData = async ({ data, account }) => {
      const inFolders = chain.map((manifest) => ({ manifest, folder: join(repository().folder, manifest.id) }));
      const tablespaces = join(data, '..', 'tablespaces');
      await layOut(inFolders, data, { ...QUIET, tools: bench.tools, tablespaces, account, onBytes: () => {} });
      writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\n');
      if (account !== undefined) chownSync(join(data, 'pg_hba.conf'), account.uid, account.gid);
    };
    await withServerOn({ ...QUIET, major: 18, uid: process.getuid?.() }, make, use);
  };
  return {
    repository,
    create: (changes = {}, url = bench.server.url()) => {
      const target = targetOf(url, 'postgres');
      return withSession(target, { access: 'read', statementTimeoutMs: 0 }, (session) =>
        createPhysicalBackup(session, {
          ...QUIET,
          repository: repository(),
          target,
          signer: bench.signer,
          engine: 'native',
          tools: bench.tools,
          incremental: null,
          project: 'test',
          environment: 'dev',
          operator: 'test@here',
          dbctl: '0',
          clock: () => new Date(),
          ...changes,
        }),
      );
    },
    drill: (manifest, changes = {}) => {
      const inputs: DrillInputs = {
        ...QUIET,
        repository: repository(),
        tools: bench.tools,
        jobs: 1,
        immutability: {
          owner: 'x',
          runbook: 'x',
          partitionCreators: [],
          unlockers: [],
          archivers: [],
          archiveVerifiers: [],
          tables: [],
        },
        ledger: { tables: [], xidColumn: 'x', intervalMs: 1, sample: 0, signer: null, publicKeys: [], sinks: [] },
        database: 'bank',
        uid: process.getuid?.(),
        clock: () => new Date(),
        ...changes,
      };
      return runDrill(manifest, inputs, physicalRecovery(manifest, inputs));
    },
    started,
    ask: async <R>(chain: readonly PhysicalManifest[], database: string, sql: string) => {
      let found: R[] = [];
      await started(chain, async ({ socket, port }) => {
        const client = new pg.Client({ host: socket, port, user: 'postgres', database });
        await client.connect();
        found = (await client.query(sql)).rows as R[];
        await client.end();
      });
      return found;
    },
    verifyBackup: async (id) => {
      const { path } = await requireProgram('pg_verifybackup', bench.tools, 18);
      const { status, stderr } = spawnSync(path, ['--no-parse-wal', join(repository().folder, id, 'cluster')], {
        encoding: 'utf8',
      });
      return { status, stderr };
    },
  };
}

/** For the length of `use` a table of the database has a page on disk whose checksum is wrong, as failing storage leaves it. */
export async function withRottenPage(bench: BackupBench, database: string, use: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: bench.server.url(database) });
  await client.connect();
  try {
    await client.query('create table rot as select n, repeat(md5(n::text), 10) as t from generate_series(1, 2000) n');
    await client.query('checkpoint');
    const { rows } = await client.query<{ path: string }>(`select pg_relation_filepath('rot') as path`);
    const file = await open(join(bench.server.data, rows[0]?.path ?? ''), 'r+');
    await file.write(Buffer.from('rot'), 0, 3, 8192 + 4000);
    await file.close();
    await use();
    await client.query('drop table rot');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}

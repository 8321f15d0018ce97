import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fail } from '../../core/errors.ts';
import { receiveBaseBackup, type BaseBackupReceiver, type BaseBackupResult } from '../../db/base-backup.ts';
import type { Session } from '../../db/session.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import type { BackupInputs } from './inputs.ts';
import { MANIFEST, SEAL, manifestText, sealOf, type ClusterFacts, type PhysicalManifest } from './manifest.ts';
import { addBackup } from './add.ts';
import { backupId, hashTree, previousOf, requireSpace } from './repository.ts';

/** Where the archives are in the backup: a folder of their own, which pg_verifybackup accepts as it is. */
export const CLUSTER_FOLDER = 'cluster';

/** What pg_verifybackup looks for beside the archives. */
export const SERVER_MANIFEST = 'backup_manifest';

/**
 * Takes a base backup of the whole server over the replication protocol, in the format of `pg_basebackup --format=tar`: base.tar, an archive
 * of each tablespace, backup_manifest, with the WAL to start from. No client program takes part.
 * Fails with db.denied or refused before anything is written, with sql.failed when the server finds a page with a wrong checksum.
 */
export async function createPhysicalBackup(session: Session, inputs: BackupInputs): Promise<PhysicalManifest> {
  const { repository, progress, signal } = inputs;
  const source = await readCluster(session);
  await requireSpace(repository, source.sizeBytes);
  const newId = () => backupId('cluster', inputs.clock(), randomBytes(2).toString('hex'));
  return addBackup(repository, newId, signal, async (making, id) => {
    const step = progress.step('base backup', source.sizeBytes);
    await mkdir(join(making, CLUSTER_FOLDER), { mode: 0o700 });
    const files = new ArchiveWriter(join(making, CLUSTER_FOLDER), (bytes) => step.tick(bytes));
    const received = await receive(inputs.target, `dbctl ${id}`, files, signal);
    step.done();
    const hash = progress.step('hash what was written');
    const hashed = await hashTree(making, (bytes) => hash.tick(bytes));
    hash.done();
    const finishedAt = inputs.clock().toISOString();
    const manifest: PhysicalManifest = {
      format: 'dbctl-backup/1',
      id,
      type: 'physical',
      engine: 'native',
      project: inputs.project,
      environment: inputs.environment,
      // A base backup is of the moment it ends: what was committed before is in it.
      snapshotAt: finishedAt,
      finishedAt,
      operator: inputs.operator,
      dbctl: inputs.dbctl,
      source,
      ...received,
      programs: {},
      files: hashed,
      previous: await previousOf(repository),
    };
    await writeFile(join(making, MANIFEST), manifestText(manifest), { mode: 0o600 });
    await writeFile(join(making, SEAL), await sealOf(manifest, inputs.signer), { mode: 0o600 });
    return manifest;
  });
}

/** Whatever happens, no file is open afterwards: the folder is synced or removed next. */
async function receive(
  target: ConnectionTarget,
  label: string,
  files: ArchiveWriter,
  signal: AbortSignal,
): Promise<BaseBackupResult> {
  try {
    return await receiveBaseBackup(target, label, files, signal);
  } finally {
    await files.end();
  }
}

async function readCluster(session: Session): Promise<ClusterFacts> {
  const [row] = await session.rows<
    Omit<ClusterFacts, 'systemIdentifier' | 'serverVersion' | 'sizeBytes' | 'database'> & { size: string; slots: boolean }
  >(CLUSTER);
  if (row === undefined) throw new Error('a session is always on a server');
  const { size, slots, ...facts } = row;
  if (!slots)
    fail('refused', 'the server takes no base backups: max_wal_senders is 0', {
      hint: 'alter system set max_wal_senders = 10, then restart it.',
    });
  return {
    systemIdentifier: session.systemIdentifier,
    database: 'cluster',
    serverVersion: session.serverVersion,
    ...facts,
    sizeBytes: Number(size),
  };
}

const CLUSTER = /* sql */ `
select (select r.rolname::pg_catalog.text from pg_catalog.pg_roles r where r.oid = 10) as "bootstrapUser",
       pg_catalog.current_setting('data_checksums') = 'on' as checksums,
       pg_catalog.current_setting('max_wal_senders')::pg_catalog.int4 > 0 as slots,
       array(select d.datname::pg_catalog.text from pg_catalog.pg_database d where d.datallowconn and not d.datistemplate order by 1) as databases,
       (select pg_catalog.sum(pg_catalog.pg_tablespace_size(t.oid))::pg_catalog.text from pg_catalog.pg_tablespace t) as size`;

/** Writes what comes, one file after the other, and says when the disk is slower than the server. */
class ArchiveWriter implements BaseBackupReceiver {
  readonly #folder: string;
  readonly #onBytes: (bytes: number) => void;
  #file: WriteStream | undefined;
  readonly #ended: Promise<void>[] = [];
  #failure: Error | undefined;

  constructor(folder: string, onBytes: (bytes: number) => void) {
    [this.#folder, this.#onBytes] = [folder, onBytes];
  }

  archive(name: string): void {
    // The server chooses the name: `base.tar` or an oid, and never a path.
    if (!/^(?:base|\d+)\.tar$/.test(name)) throw new Error(`the server sends an archive called ${JSON.stringify(name)}`);
    this.#open(name);
  }

  manifest(): void {
    this.#open(SERVER_MANIFEST);
  }

  data(chunk: Buffer): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    this.#onBytes(chunk.length);
    return this.#file?.write(chunk) ?? true;
  }

  async drained(): Promise<void> {
    const file = this.#file;
    if (file === undefined || !file.writableNeedDrain) return;
    const heard = new AbortController();
    // A file that fails never drains, but it closes.
    await Promise.race(['drain', 'close'].map((event) => once(file, event, { signal: heard.signal }))).finally(() =>
      heard.abort(),
    );
  }

  /** Every byte is with the system; to be synced with the rest of the folder. */
  async end(): Promise<void> {
    this.#file?.end();
    await Promise.all(this.#ended);
  }

  #open(name: string): void {
    this.#file?.end();
    this.#file = createWriteStream(join(this.#folder, name), { mode: 0o600, flags: 'wx', highWaterMark: 4 << 20 });
    this.#file.on('error', (error) => (this.#failure ??= error));
    this.#ended.push(finished(this.#file));
  }
}

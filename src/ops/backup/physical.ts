import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DbctlError, fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { ToolPlaces } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { bringFile } from '../restore/bring.ts';
import { addBackup } from './add.ts';
import { chooseParent } from './chain.ts';
import { readCluster, readTablespaces, replayedAt } from './cluster.ts';
import { chooseEngine, type BaseBackupEngine, type EngineChoice } from './engine.ts';
import { isPlain, newCoding, plainPath, type Coding } from '../codec/coding.ts';
import { encryptionOf } from '../codec/encode-into.ts';
import type { BackupInputs } from './inputs.ts';
import {
  MANIFEST,
  SEAL,
  manifestText,
  sealOf,
  sha256Of,
  type BackupFile,
  type BackupLink,
  type PhysicalManifest,
} from './manifest.ts';
import { requireBaseBackup } from './physical-preflight.ts';
import { backupsBefore } from './previous.ts';
import { backupId, requireSpace } from './repository.ts';
import { CLUSTER_FOLDER, SERVER_MANIFEST, readServerManifest, type WalRange } from './server-manifest.ts';
import { knowBackups } from './verify.ts';
import { requireSummaries } from './wal-summaries.ts';

export interface PhysicalInputs extends BackupInputs {
  readonly engine: EngineChoice;
  readonly tools: ToolPlaces;
  /** Only what changed since another backup; null: everything. */
  readonly incremental: IncrementalRequest | null;
}

export interface IncrementalRequest {
  /** Since which backup; null: the newest of this server that can be restored. */
  readonly id: string | null;
  /** Keys whose seals are believed. */
  readonly publicKeys: readonly string[];
}

/** What a physical backup needs, without writing anything. Fails with db.denied, db.version or refused, naming all that is missing. */
export async function preparePhysicalBackup(
  session: Session,
  inputs: Pick<PhysicalInputs, 'repository' | 'target' | 'signal' | 'incremental' | 'engine' | 'tools'>,
): Promise<{ readonly coding: Coding; readonly engine: BaseBackupEngine }> {
  const { repository, target, signal, incremental } = inputs;
  const coding = await newCoding(repository.codec);
  const engine = await chooseEngine(engineWish(inputs, coding), inputs.tools, majorOf(session.serverVersion));
  await requireBaseBackup(session, target, { incremental: incremental !== null, signal });
  return { coding, engine };
}

/**
 * Takes a base backup of the whole server, in the format of `pg_basebackup --format=tar`: base.tar, an archive of each tablespace,
 * backup_manifest, with the WAL to start from.
 * Fails with db.denied, db.version or refused before anything is written, with sql.failed or backup.failed when the server finds a page with
 * a wrong checksum.
 */
export async function createPhysicalBackup(session: Session, inputs: PhysicalInputs): Promise<PhysicalManifest> {
  const { repository, signal, incremental } = inputs;
  const { coding, engine } = await preparePhysicalBackup(session, inputs);
  const source = await readCluster(session);
  if (incremental === null) await requireSpace(repository, source.sizeBytes);
  const newId = () => backupId('cluster', inputs.clock(), randomBytes(2).toString('hex'));
  return addBackup(repository, newId, signal, async (making, id) => {
    // Under the lock of the repository, so that nobody prunes it meanwhile.
    const parent = incremental === null ? null : await findParent(session, inputs, incremental, making);
    const { files, ...taken } = await takeFiles(session, inputs, {
      engine,
      making,
      coding,
      id,
      parent,
      sizeBytes: source.sizeBytes,
    });
    if (parent !== null) await rm(parent.serverManifest);
    const finishedAt = inputs.clock().toISOString();
    const manifest: PhysicalManifest = {
      format: 'dbctl-backup/1',
      id,
      type: 'physical',
      engine: engine.name,
      parent: parent?.link ?? null,
      project: inputs.project,
      environment: inputs.environment,
      // A base backup is of the moment it ends: what was committed before is in it; of a standby what had come there.
      snapshotAt: (await replayedAt(session)) ?? finishedAt,
      finishedAt,
      operator: inputs.operator,
      dbctl: inputs.dbctl,
      source,
      ...taken,
      programs: engine.programs,
      encryption: await encryptionOf(coding, making),
      files,
      ...(await backupsBefore(repository)),
    };
    await writeFile(join(making, MANIFEST), manifestText(manifest), { mode: 0o600 });
    await writeFile(join(making, SEAL), await sealOf(manifest, inputs.signer), { mode: 0o600 });
    return manifest;
  });
}

/** What pg_basebackup wrote would be read and written once more to be compressed and encrypted: dbctl takes the backup itself then, unless told not to. */
const engineWish = ({ engine }: Pick<PhysicalInputs, 'engine'>, coding: Coding): EngineChoice =>
  engine === 'auto' && !isPlain(coding) ? 'native' : engine;

interface Parent {
  readonly link: BackupLink;
  /** Path of what the server said when it was made: a copy, gone when the backup is taken. */
  readonly serverManifest: string;
}

/** Fails with refused where there is none, or the server cannot say what changed since; with backup.failed where its manifest was changed. */
async function findParent(
  session: Session,
  { repository, signal }: PhysicalInputs,
  { id, publicKeys }: IncrementalRequest,
  making: string,
): Promise<Parent> {
  const parent = chooseParent(await knowBackups(repository, publicKeys), { systemIdentifier: session.systemIdentifier, id });
  await requireSummaries(session, parent);
  const serverManifest = join(making, `.${SERVER_MANIFEST}`);
  const file = parent.files.find(({ path }) => path === `${CLUSTER_FOLDER}/${SERVER_MANIFEST}`);
  const differences =
    file === undefined ? ['it has no manifest'] : await bringFile(repository, parent.id, file, serverManifest, { signal });
  if (differences.length > 0) {
    fail('backup.failed', `${parent.id} is not what was sealed: ${differences.join('; ')}`, {
      hint: 'Take a full backup, and look at that one: dbctl backup verify.',
    });
  }
  return { link: { id: parent.id, manifest: sha256Of(manifestText(parent)) }, serverManifest };
}

interface Taking {
  readonly engine: BaseBackupEngine;
  readonly making: string;
  readonly coding: Coding;
  readonly id: string;
  readonly parent: Parent | null;
  readonly sizeBytes: number;
}

type Taken = WalRange & Pick<PhysicalManifest, 'files' | 'tablespaces'>;

async function takeFiles(
  session: Session,
  { repository, target, progress, signal }: PhysicalInputs,
  { engine, making, coding, id, parent, sizeBytes }: Taking,
): Promise<Taken> {
  const before = await readTablespaces(session);
  const step =
    parent === null ? progress.step('base backup', sizeBytes, 'bytes') : progress.step(`what changed since ${parent.link.id}`);
  const files = await engine
    .take({
      target,
      at: session,
      making,
      coding,
      plain: repository.codec.plain,
      sizeBytes,
      label: `dbctl ${id}`,
      incrementalTo: parent?.serverManifest ?? null,
      onBytes: (bytes) => step.tick(bytes),
      signal,
    })
    .catch((thrown: unknown) => throwKnown(thrown, parent));
  step.done();
  const { systemIdentifier, ...range } = await readServerManifest(join(making, CLUSTER_FOLDER, SERVER_MANIFEST));
  if (systemIdentifier !== null && session.systemIdentifier !== null && systemIdentifier !== session.systemIdentifier) {
    fail('backup.failed', `the files came from server ${systemIdentifier}, and the session is on ${session.systemIdentifier}`, {
      hint: 'Name one host in the URL: two connections to it have to reach the same server.',
    });
  }
  // One made or dropped meanwhile is known by the one look or the other.
  const paths = new Map([...before, ...(await readTablespaces(session))]);
  return {
    ...range,
    tablespaces: oidsOf(files).map((oid) => ({ oid, path: paths.get(oid) ?? '' })),
    files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

const oidsOf = (files: readonly BackupFile[]): string[] =>
  files.flatMap(({ path }) => /\/(\d+)\.tar$/.exec(plainPath(path))?.[1] ?? []);

/** What the server says of summaries and timelines, with the way out: its own hints speak of waiting. */
function throwKnown(thrown: unknown, parent: Parent | null): never {
  if (
    parent !== null &&
    thrown instanceof DbctlError &&
    /WAL summar|timeline|manifest (?:requires|system)/i.test(thrown.message)
  ) {
    fail('refused', `no incremental backup can follow ${parent.link.id}: ${thrown.message}`, {
      cause: thrown,
      hint: 'Take a full one: dbctl backup create --type physical.',
      ...(thrown.detail === undefined ? {} : { detail: thrown.detail }),
    });
  }
  throw thrown;
}

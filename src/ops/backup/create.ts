import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { requirePrograms, type ToolPlaces } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { newCoding } from '../codec/coding.ts';
import { encodeInto, encryptionOf } from '../codec/encode-into.ts';
import { withClientEnvironment } from './client-environment.ts';
import { catalogueText, readCatalogue } from './catalogue.ts';
import { runDumpPrograms, type DumpRequest } from './dump-programs.ts';
import { readFingerprint, readSequences, type Fingerprint } from './fingerprint.ts';
import { MANIFEST, SEAL, manifestText, sealOf, type LogicalManifest } from './manifest.ts';
import { addBackup } from './add.ts';
import { PARTS } from './parts.ts';
import { backupsBefore } from './previous.ts';
import { backupId, requireSpace, SPACE_NEEDED } from './repository.ts';
import type { BackupInputs } from './inputs.ts';
import { inSnapshot } from './snapshot.ts';
import { namingLocks } from './table-locks.ts';
import { readSource, requireFinished, requireLargeObjects, requireRights } from './source.ts';

export interface DumpInputs extends BackupInputs {
  readonly tools: ToolPlaces;
  /** Sessions of pg_dump at a time. */
  readonly jobs: number;
  /** How long it waits for a table somebody is altering. */
  readonly lockWaitMs: number;
}

/**
 * What a logical backup of the database needs: programs of its major, and the right to see all of it. Writes nothing. Fails with db.denied or
 * refused, naming what is missing.
 */
export async function prepareLogicalBackup(
  session: Session,
  tools: ToolPlaces,
): Promise<Pick<DumpRequest, 'dump' | 'dumpAll' | 'source'>> {
  const major = majorOf(session.serverVersion);
  await requireFinished(session);
  // Programs are run to say their version, which takes as long as the questions to the server.
  const [[dump, dumpAll], source] = await Promise.all([
    requirePrograms(['pg_dump', 'pg_dumpall'], tools, major),
    requireRights(session)
      .then(() => requireLargeObjects(session))
      .then(() => readSource(session)),
  ]);
  return { dump, dumpAll, source };
}

/**
 * Makes a logical backup: dump, definitions and fingerprint of one snapshot, globals without passwords, all hashed into a signed manifest.
 * It appears in the repository whole or not at all. The session must be one of its own: a transaction stays open in it until the dump ends.
 * Fails with db.denied or refused before anything is written, with lock.held where a table stays locked, with backup.failed when a program fails.
 */
export async function createLogicalBackup(session: Session, inputs: DumpInputs): Promise<LogicalManifest> {
  const { repository, progress } = inputs;
  const { dump, dumpAll, source } = await prepareLogicalBackup(session, inputs.tools);
  await requireSpace(repository, source.sizeBytes);
  const newId = () => backupId(source.database, inputs.clock(), randomBytes(2).toString('hex'));
  return addBackup(repository, newId, inputs.signal, async (making, id) => {
    // pg_dump compresses.
    const coding = { ...(await newCoding(repository.codec)), compression: 'none' } as const;
    const { plain } = repository.codec;
    const encode = { coding, plain, making, bytes: source.sizeBytes * SPACE_NEEDED, progress, signal: inputs.signal };
    const { taken, files } = await encodeInto(encode, (folder) =>
      namingLocks(session, inputs, async () => {
        await clear(folder);
        return takeSnapshot(session, inputs, folder, { dump, dumpAll, source }).catch((thrown: unknown) => {
          throw conflictOf(thrown) ?? thrown;
        });
      }),
    );
    const manifest: LogicalManifest = {
      format: 'dbctl-backup/1',
      id,
      type: 'logical',
      project: inputs.project,
      environment: inputs.environment,
      snapshotAt: taken.snapshotAt,
      finishedAt: inputs.clock().toISOString(),
      operator: inputs.operator,
      dbctl: inputs.dbctl,
      source,
      programs: { pg_dump: dump.version, pg_dumpall: dumpAll.version },
      fingerprint: taken.fingerprint,
      encryption: await encryptionOf(coding, making),
      files,
      ...(await backupsBefore(repository)),
    };
    await writeFile(join(making, MANIFEST), manifestText(manifest), { mode: 0o600 });
    await writeFile(join(making, SEAL), await sealOf(manifest, inputs.signer), { mode: 0o600 });
    return manifest;
  });
}

/**
 * Processes that help to read the fingerprint. Hashing a table takes half as long as dumping it, so it ends with the dump when it has half of
 * the dump's processes; more would only take the processors away from it.
 */
const fingerprintWorkers = (jobs: number): number => Math.ceil(jobs / 2) - 1;

interface Taken {
  readonly snapshotAt: string;
  readonly fingerprint: Fingerprint;
}

/** While pg_dump works in the snapshot of our transaction, catalogue and fingerprint are read in that transaction. */
async function takeSnapshot(
  session: Session,
  inputs: DumpInputs,
  into: string,
  programs: Pick<DumpRequest, 'dump' | 'dumpAll' | 'source'>,
): Promise<Taken> {
  const { jobs, lockWaitMs, progress } = inputs;
  return withClientEnvironment(inputs.target, session, (environment) =>
    inSnapshot(session, lockWaitMs, async ({ name, at }) => {
      const sequences = await readSequences(session);
      await session.script(`set local max_parallel_workers_per_gather = ${fingerprintWorkers(jobs)}`);
      const step = progress.step('dump and fingerprint');
      const stop = new AbortController();
      const signal = AbortSignal.any([inputs.signal, stop.signal]);
      const running = runDumpPrograms({ ...programs, snapshot: name, jobs, lockWaitMs, into }, environment, signal);
      const reading = async (): Promise<Fingerprint> => {
        // First: the server words functions, views and keys as they are now, and not as in the snapshot.
        await writeFile(join(into, PARTS.catalogue), catalogueText(await readCatalogue(session)), { mode: 0o600 });
        return readFingerprint(session, (table) => step.tick(1, table), sequences);
      };
      try {
        const [fingerprint] = await Promise.all([reading(), ...running]);
        step.done();
        return { snapshotAt: at, fingerprint };
      } catch (thrown) {
        // The others would go on writing into a folder that is being removed.
        stop.abort();
        step.failed();
        await Promise.allSettled(running);
        throw thrown;
      }
    }),
  );
}

/** Of what a try before this one left. */
async function clear(folder: string): Promise<void> {
  for (const part of Object.values(PARTS)) await rm(join(folder, part), { recursive: true, force: true });
}

/**
 * A standby cancels who reads what its primary has changed: 40001, which nothing else is in a transaction that only reads, or what a program
 * was told. Null: it is something else.
 */
function conflictOf(thrown: unknown): DbctlError | null {
  if (!(thrown instanceof DbctlError)) return null;
  if (thrown.sqlstate !== '40001' && !thrown.message.includes('conflict with recovery')) return null;
  return new DbctlError('backup.failed', `the standby cancelled the backup: ${thrown.message}`, {
    hint: 'Set hot_standby_feedback = on there, or max_standby_streaming_delay to longer than a dump takes; or dump from the primary.',
    cause: thrown,
  });
}

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { requireProgram, type ToolPlaces } from '../tools/find.ts';
import { majorOf, type ClientProgram } from '../tools/program.ts';
import { newCoding } from '../codec/coding.ts';
import { encodeInto, encryptionOf } from '../codec/encode-into.ts';
import { withClientEnvironment } from './client-environment.ts';
import { catalogueText, readCatalogue } from './catalogue.ts';
import { programRunner } from './programs.ts';
import { readFingerprint, readSequences, type Fingerprint } from './fingerprint.ts';
import { MANIFEST, SEAL, manifestText, sealOf, type LogicalManifest, type SourceFacts } from './manifest.ts';
import { addBackup } from './add.ts';
import { backupsBefore } from './previous.ts';
import { backupId, requireSpace, SPACE_NEEDED } from './repository.ts';
import type { BackupInputs } from './inputs.ts';
import { namingLocks } from './table-locks.ts';
import { readSource, requireFinished, requireRights } from './source.ts';

export interface DumpInputs extends BackupInputs {
  readonly tools: ToolPlaces;
  /** Sessions of pg_dump at a time. */
  readonly jobs: number;
  /** How long pg_dump waits for a table somebody is altering. */
  readonly lockWaitMs: number;
}

/**
 * A database without an encoding holds bytes that are no UTF-8, and a dump in UTF-8 fails at the first of them; all others are dumped in UTF-8,
 * in which programs and files of ours are. Pure.
 */
export const encodingOption = ({ encoding }: Pick<SourceFacts, 'encoding'>): readonly string[] =>
  encoding === 'SQL_ASCII' ? ['--encoding=SQL_ASCII'] : [];

const KEPT = 'Nothing was kept. Mend what it says, and run it again.';

/** Where the parts of a logical backup are in its folder. */
export const PARTS = { dump: 'dump', schema: 'schema.sql', globals: 'globals.sql', catalogue: 'catalogue.json' } as const;

/** With a key of ours two dumps of one schema are the same bytes; without, pg_dump makes one up each time (CVE-2025-8714). */
export const RESTRICT_KEY = 'dbctl';

/** zstd at its lowest level is smaller than gzip at its highest and four times as fast as gzip at its lowest. */
const COMPRESSION = 'zstd:1';

/**
 * Makes a logical backup: dump, definitions and fingerprint of one snapshot, globals without passwords, all hashed into a signed manifest.
 * It appears in the repository whole or not at all. The session must be one of its own: a transaction stays open in it until the dump ends.
 * Fails with db.denied or refused before anything is written, with lock.held where a table stays locked, with backup.failed when a program fails.
 */
export async function createLogicalBackup(session: Session, inputs: DumpInputs): Promise<LogicalManifest> {
  const { repository, progress } = inputs;
  const major = majorOf(session.serverVersion);
  await requireFinished(session);
  // Programs are run to say their version, which takes as long as the questions to the server.
  const [dump, dumpAll, source] = await Promise.all([
    requireProgram('pg_dump', inputs.tools, major),
    requireProgram('pg_dumpall', inputs.tools, major),
    requireRights(session).then(() => readSource(session)),
  ]);
  await requireSpace(repository, source.sizeBytes);
  const newId = () => backupId(source.database, inputs.clock(), randomBytes(2).toString('hex'));
  return addBackup(repository, newId, inputs.signal, async (making, id) => {
    // pg_dump compresses.
    const coding = { ...(await newCoding(repository.codec)), compression: 'none' } as const;
    const { plain } = repository.codec;
    const encode = { coding, plain, making, bytes: source.sizeBytes * SPACE_NEEDED, progress, signal: inputs.signal };
    const { taken, files } = await encodeInto(encode, (folder) =>
      namingLocks(session, inputs, () => takeSnapshot(session, inputs, folder, { dump, dumpAll, source })),
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

/** While pg_dump works in the snapshot of our transaction, the fingerprint is read in that transaction. */
async function takeSnapshot(
  session: Session,
  inputs: DumpInputs,
  making: string,
  { dump, dumpAll, source }: { readonly dump: ClientProgram; readonly dumpAll: ClientProgram; readonly source: SourceFacts },
): Promise<Taken> {
  return withClientEnvironment(inputs.target, session, (environment) =>
    inTransaction(session, 'isolation level repeatable read, read only', async () => {
      const [row] = await session.rows<{ snapshot: string; at: string }>(
        `select pg_catalog.pg_export_snapshot() as snapshot,
                pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
      );
      const { snapshot = '', at = '' } = row ?? {};
      const sequences = await readSequences(session);
      await session.script(`set local lock_timeout = ${inputs.lockWaitMs}`);
      await session.script(`set local max_parallel_workers_per_gather = ${fingerprintWorkers(inputs.jobs)}`);
      const common = [
        '--snapshot',
        snapshot,
        ...encodingOption(source),
        `--lock-wait-timeout=${inputs.lockWaitMs}`,
        '--no-password',
      ];
      const step = inputs.progress.step('dump and fingerprint');
      const stop = new AbortController();
      const signal = AbortSignal.any([inputs.signal, stop.signal]);
      const run = programRunner(environment, signal);
      const programs = [
        run(
          dump,
          [
            ...common,
            '--format=directory',
            `--jobs=${inputs.jobs}`,
            `--compress=${COMPRESSION}`,
            // Since 18, and a server before it does not know the function that takes them back: there they are computed anew after a restore.
            ...(Math.min(dump.versionNumber, source.serverVersion) >= 180_000 ? ['--statistics'] : []),
            // The repository syncs every file before the backup gets its name.
            '--no-sync',
            `--file=${join(making, PARTS.dump)}`,
          ],
          [making],
          KEPT,
        ),
        run(
          dump,
          [...common, '--schema-only', '--no-sync', `--restrict-key=${RESTRICT_KEY}`, `--file=${join(making, PARTS.schema)}`],
          [making],
          KEPT,
        ),
        run(
          dumpAll,
          [
            '--globals-only',
            '--no-role-passwords',
            '--no-password',
            '--no-sync',
            `--restrict-key=${RESTRICT_KEY}`,
            `--file=${join(making, PARTS.globals)}`,
          ],
          [making],
          KEPT,
        ),
      ];
      try {
        const [fingerprint] = await Promise.all([readFingerprint(session, (name) => step.tick(1, name), sequences), ...programs]);
        // Last: pg_dump holds locks on every table by now, so that what is told is what was dumped.
        const catalogue = await readCatalogue(session);
        await writeFile(join(making, PARTS.catalogue), catalogueText(catalogue), { mode: 0o600 });
        step.done();
        return { snapshotAt: at, fingerprint };
      } catch (thrown) {
        // The others would go on writing into a folder that is being removed.
        stop.abort();
        await Promise.allSettled(programs);
        throw thrown;
      }
    }),
  );
}

import { DbctlError, fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import { withSession, type Session } from '../../db/session.ts';
import type { Manifest, RoleFact } from '../backup/manifest.ts';
import { programRunner } from '../backup/programs.ts';
import { withClientEnvironment } from '../backup/client-environment.ts';
import type { Repository } from '../backup/repository.ts';
import { planInstall } from '../immutability/install.ts';
import type { ImmutabilitySettings } from '../immutability/settings.ts';
import { verifyLedger } from '../ledger/verify.ts';
import type { LedgerSettings } from '../ledger/settings.ts';
import { createDatabase } from '../restore/preflight.ts';
import { requireFiles, restoreLogical } from '../restore/restore.ts';
import { withThrowAwayServer, type ThrowAwayServer } from '../server/throw-away.ts';
import { requireProgram, type ToolPlaces } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { ident } from '../../db/ident.ts';

export interface DrillInputs {
  readonly repository: Repository;
  readonly manifest: Manifest;
  readonly tools: ToolPlaces;
  readonly jobs: number;
  readonly immutability: ImmutabilitySettings;
  readonly ledger: LedgerSettings;
  readonly uid: number | undefined;
  readonly clock: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** One thing a drill tried, how long it took, and what came of it. */
export interface DrillStep {
  readonly name: 'fetch' | 'server' | 'restore' | 'compare' | 'amcheck' | 'immutability' | 'ledger';
  readonly outcome: 'passed' | 'failed';
  readonly message: string;
  readonly seconds: number;
}

export interface Drill {
  readonly steps: readonly DrillStep[];
  /** From the beginning to a database that was compared: what a recovery from this backup takes here; null: it did not get there. */
  readonly rtoSeconds: number | null;
  /** Age of the data: what is lost if the server is lost now. */
  readonly rpoSeconds: number;
}

/** Settings of the server a backup is tried on: nothing of it has to outlive the drill. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_wal_size: '4GB',
  shared_buffers: '256MB',
} as const;

/**
 * Restores a backup into a server made for it, compares it with what was backed up, tries guards, ledger and indexes, and throws the server
 * away. What fails is in the steps; it fails itself only with server.failed or interrupted.
 */
export async function drillBackup(inputs: DrillInputs): Promise<Drill> {
  const steps: DrillStep[] = [];
  const began = inputs.clock().getTime();
  const step = async (name: DrillStep['name'], act: () => Promise<string>): Promise<boolean> => {
    const started = inputs.clock().getTime();
    const ended = (outcome: DrillStep['outcome'], message: string) => {
      steps.push({ name, outcome, message, seconds: (inputs.clock().getTime() - started) / 1000 });
      return outcome === 'passed';
    };
    try {
      return ended('passed', await act());
    } catch (thrown) {
      if (!(thrown instanceof DbctlError) || thrown.code === 'interrupted') throw thrown;
      return ended('failed', thrown.message);
    }
  };
  let rtoSeconds: number | null = null;
  const { manifest, progress, signal } = inputs;
  if (await step('fetch', async () => (await requireFiles(inputs), 'every file as it was sealed'))) {
    const major = majorOf(manifest.source.serverVersion) === 17 ? 17 : 18;
    await withThrowAwayServer({ major, settings: SETTINGS, uid: inputs.uid, progress, signal }, async (server) => {
      if (!(await step('server', () => prepare(server, manifest)))) return;
      const restored = await step(
        'restore',
        async () => (
          await restore(server, inputs),
          'as it was backed up: rows, sequences, definitions, owners, grants, triggers'
        ),
      );
      if (!restored) return;
      rtoSeconds = (inputs.clock().getTime() - began) / 1000;
      await step('amcheck', () => checkIndexes(server, inputs));
      await step('immutability', () => onServer(server, manifest, (session) => guards(session, inputs.immutability)));
      await step('ledger', () => onServer(server, manifest, (session) => ledger(session, server, inputs)));
    });
  }
  return { steps, rtoSeconds, rpoSeconds: (began - Date.parse(manifest.snapshotAt)) / 1000 };
}

const onServer = <T>(server: ThrowAwayServer, { source }: Manifest, use: (session: Session) => Promise<T>): Promise<T> =>
  withSession(server.target(source.database), { access: 'write', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 }, use);

/** Roles first, then the database: owners and grants are part of what is compared. */
async function prepare(server: ThrowAwayServer, { source }: Manifest): Promise<string> {
  await withSession(server.target(), { access: 'write' }, async (session) => {
    const [{ there } = { there: [] }] = await session.rows<{ there: string[] }>(
      'select array(select r.rolname::pg_catalog.text from pg_catalog.pg_roles r) as there',
    );
    const missing = source.roles.filter(({ name }) => !there.includes(name));
    for (const role of missing) await session.script(createRole(role));
    for (const { name, memberOf } of missing) for (const of of memberOf) await session.script(`grant ${of} to ${ident(name)}`);
    await session.script(createDatabase(source.database, source));
  });
  return `PostgreSQL ${majorOf(source.serverVersion)} with ${source.roles.length} roles`;
}

/** Nobody logs in on this server; what counts is that owners and grants have somebody to name. */
const createRole = ({ name, superuser }: RoleFact): string => `create role ${ident(name)}${superuser ? ' superuser' : ''}`;

async function restore(server: ThrowAwayServer, inputs: DrillInputs): Promise<void> {
  const { data, definitions } = await onServer(server, inputs.manifest, (session) =>
    restoreLogical(session, { ...inputs, target: server.target(inputs.manifest.source.database) }),
  );
  const differences = [
    ...data,
    ...(definitions ?? ['definitions were not compared: the backup was made by another version of pg_dump']),
  ];
  if (differences.length > 0) fail('backup.failed', `restored, but differs: ${differences.join('; ')}`);
}

/** Every index against its table, by the program of PostgreSQL that knows how. */
async function checkIndexes(server: ThrowAwayServer, { tools, manifest, signal }: DrillInputs): Promise<string> {
  const program = await requireProgram('pg_amcheck', tools, majorOf(manifest.source.serverVersion));
  const { database } = manifest.source;
  await withClientEnvironment(server.target(database), { host: '127.0.0.1', port: server.port }, (environment) =>
    programRunner(environment, signal)(
      program,
      ['--no-password', '--install-missing=pg_catalog', '--heapallindexed', `--database=${database}`],
      'Take another backup.',
    ),
  );
  return 'heaps and indexes are whole';
}

async function guards(session: Session, settings: ImmutabilitySettings): Promise<string> {
  if (settings.tables.length === 0) return 'no table is append-only';
  const { steps, drift, refusals } = await planInstall(session, settings);
  const problems = [
    ...drift.map(({ object, problem }) => `${object}: ${problem}`),
    ...refusals.map(({ object, problem }) => `${object}: ${problem}`),
    ...steps.map(({ object, summary }) => `${object}: ${summary}`),
  ];
  if (problems.length > 0) fail('backup.failed', problems.join('; '));
  return `${settings.tables.length} tables are guarded as they were`;
}

/** Rows against what was sealed. That the log belongs to another server is right here. */
async function ledger(session: Session, server: ThrowAwayServer, { ledger: settings, manifest }: DrillInputs): Promise<string> {
  if (manifest.fingerprint.ledger === null) return 'nothing was sealed';
  const findings = await verifyLedger(session, {
    settings,
    sinks: [],
    extent: { full: true, newest: 0, sample: 0 },
    jobs: 1,
    openSession: (use) => onServer(server, manifest, use),
    onRows: () => {},
  });
  const bad = findings.filter(({ kind }) => kind === 'tampered');
  if (bad.length > 0) fail('backup.failed', bad.map(({ object, message }) => `${object}: ${message}`).join('; '));
  return `${findings.filter(({ kind }) => kind === 'sealed').length} partitions and logs as they were sealed`;
}

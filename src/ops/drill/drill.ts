import { DbctlError, fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import type { Session } from '../../db/session.ts';
import type { Manifest, PhysicalManifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
import { planInstall } from '../immutability/install.ts';
import type { ImmutabilitySettings } from '../immutability/settings.ts';
import type { LedgerSettings } from '../ledger/settings.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { bringBackup, type BroughtBackup } from '../restore/bring.ts';
import type { ToolPlaces } from '../tools/find.ts';

export interface DrillInputs {
  readonly repository: Repository;
  /** What an incremental backup is restored together with, the full one first. */
  readonly ancestors?: readonly PhysicalManifest[];
  readonly tools: ToolPlaces;
  readonly jobs: number;
  readonly immutability: ImmutabilitySettings;
  readonly ledger: LedgerSettings;
  /** The database of dbctl.yaml, in which guards and ledger are. */
  readonly database: string;
  readonly uid: number | undefined;
  readonly clock: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** One thing a drill tried, how long it took, and what came of it. */
export interface DrillStep {
  readonly name: 'fetch' | 'unpack' | 'server' | 'restore' | 'amcheck' | 'immutability' | 'ledger';
  readonly outcome: 'passed' | 'failed' | 'not tried';
  readonly message: string;
  readonly seconds: number;
}

export interface Drill {
  readonly steps: readonly DrillStep[];
  /** From the beginning to a database that was looked at: what a recovery from this backup takes here; null: it did not get there. */
  readonly rtoSeconds: number | null;
  /** Age of the data: what is lost if the server is lost now. */
  readonly rpoSeconds: number;
}

/** Tries one thing: true when it passed. What fails is noted and not thrown, but for a signal. */
export type Try = (name: DrillStep['name'], act: () => Promise<string>) => Promise<boolean>;

/** Thrown by an act that could not be tried, which is neither a pass nor a failure of the backup. */
export class NotTried extends Error {}

/** Restores a backup of one type, whose files are in `folder`, on a server made for it. `reached` is called when the data is there and was looked at. */
export type Recovery = (tryIt: Try, reached: () => void, folder: string) => Promise<void>;

/**
 * Runs a drill: hashes the backup, then what the type of the backup needs, and notes each step with its time. What fails is in the steps; it
 * fails itself only with server.failed or interrupted.
 */
export async function runDrill(manifest: Manifest, inputs: DrillInputs, recover: Recovery): Promise<Drill> {
  const { clock } = inputs;
  const steps: DrillStep[] = [];
  const began = clock().getTime();
  let rtoSeconds: number | null = null;
  const tryIt: Try = async (name, act) => {
    const started = clock().getTime();
    const ended = (outcome: DrillStep['outcome'], message: string) => {
      steps.push({ name, outcome, message, seconds: (clock().getTime() - started) / 1000 });
      return outcome === 'passed';
    };
    try {
      return ended('passed', await act());
    } catch (thrown) {
      if (thrown instanceof NotTried) return ended('not tried', thrown.message);
      if (!(thrown instanceof DbctlError) || thrown.code === 'interrupted') throw thrown;
      return ended('failed', thrown.message);
    }
  };
  let brought: BroughtBackup | undefined;
  await tryIt('fetch', async () => {
    brought = await bringBackup({ ...inputs, manifest });
    return 'every file as it was sealed';
  });
  if (brought !== undefined) {
    try {
      await recover(tryIt, () => (rtoSeconds = (clock().getTime() - began) / 1000), brought.folder);
    } finally {
      await brought.release();
    }
  }
  return { steps, rtoSeconds, rpoSeconds: (began - Date.parse(manifest.snapshotAt)) / 1000 };
}

/** The guards of append-only tables in a restored database. Fails with backup.failed where one is not as it was. */
export async function tryGuards(session: Session, settings: ImmutabilitySettings): Promise<string> {
  if (settings.tables.length === 0) return 'no table is append-only';
  const { steps, drift, refusals } = await planInstall(session, settings);
  const problems = [
    ...[...drift, ...refusals].map(({ object, problem }) => `${object}: ${problem}`),
    ...steps.map(({ object, summary }) => `${object}: ${summary}`),
  ];
  if (problems.length > 0) fail('backup.failed', problems.join('; '));
  return `${settings.tables.length} tables are guarded as they were`;
}

/** Rows of a restored database against what was sealed. That the log belongs to another server, or ends early, is right here. */
export async function tryLedger(
  session: Session,
  settings: LedgerSettings,
  openSession: <T>(use: (session: Session) => Promise<T>) => Promise<T>,
): Promise<string> {
  const [{ there } = { there: false }] = await session.rows<{ there: boolean }>(
    `select pg_catalog.to_regclass('dbctl.ledger_checkpoint') is not null as there`,
  );
  if (!there) return 'nothing was sealed';
  const findings = await verifyLedger(session, {
    settings,
    sinks: [],
    extent: { full: true, newest: 0, sample: 0 },
    jobs: 1,
    openSession,
    onRows: () => {},
  });
  const bad = findings.filter(({ kind }) => kind === 'tampered');
  if (bad.length > 0) fail('backup.failed', bad.map(({ object, message }) => `${object}: ${message}`).join('; '));
  const sealed = findings.filter(({ kind }) => kind === 'sealed').length;
  return sealed === 0 ? 'nothing was sealed' : `${sealed} partitions and logs as they were sealed`;
}

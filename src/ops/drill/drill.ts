import type { Progress } from '../../core/progress.ts';
import type { Manifest, PhysicalManifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
import type { ImmutabilitySettings } from '../immutability/settings.ts';
import type { LedgerSettings } from '../ledger/settings.ts';
import { bringBackup, type BroughtBackup } from '../restore/bring.ts';
import type { RecoveryTarget } from '../restore/recovery-target.ts';
import type { Replay } from '../restore/replay.ts';
import type { ToolPlaces } from '../tools/find.ts';
import { answerOf, type DrillAnswer } from './answer.ts';
import type { AssertionInputs } from './assertions.ts';
import { stepper, type DrillStep, type Try } from './steps.ts';
import { targetSteps, type DrillTargets } from './targets.ts';
import type { DrillChecks } from './verify.ts';

export interface DrillInputs {
  readonly repository: Repository;
  /** What an incremental backup is restored together with, the full one first. */
  readonly ancestors?: readonly PhysicalManifest[];
  readonly tools: ToolPlaces;
  readonly jobs: number;
  readonly immutability: ImmutabilitySettings;
  readonly ledger: LedgerSettings;
  /** Of a backup of a whole server: the database in which guards, ledger, checks and assertions are looked for. */
  readonly database: string;
  /** The checks of the project; absent: none are run. */
  readonly checks?: DrillChecks;
  /** The project's own questions; absent: there are none. */
  readonly assertions?: AssertionInputs;
  /** How long and how old at most; absent: nothing was asked for. */
  readonly targets?: DrillTargets;
  /** When the choice of the backup began, and how it was made; absent: it is no part of the drill. */
  readonly chosen?: { readonly began: Date; readonly message: string };
  /** The recovery with the archived write-ahead log that is tried; absent: the backup alone is. */
  readonly recovery?: { readonly to: RecoveryTarget; readonly replay: Replay };
  readonly uid: number | undefined;
  readonly clock: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Drill {
  readonly answer: DrillAnswer;
  readonly steps: readonly DrillStep[];
  /** From the beginning to a database that was looked at: what a recovery from this backup takes here; null: it did not get there. */
  readonly rtoSeconds: number | null;
  /**
   * What would be lost if the server were lost when the drill began: from the last commit that came back, or the moment the data is of. Where
   * nothing was written for a while it is larger than the loss, never smaller. Null: a point was asked for, and what comes after it is no loss.
   */
  readonly rpoSeconds: number | null;
  /** Time of the last commit that was replayed from the log; null: none was, or nobody knows. */
  readonly lastCommit: string | null;
}

/** Called when the data is there and was compared or opened; with the time of the last replayed commit, where one is known. */
export type Reached = (lastCommit?: Date | null) => void;

/** Restores a backup of one type, whose files are in `folder`, on a server made for it. */
export type Recovery = (tryIt: Try, reached: Reached, folder: string) => Promise<void>;

/**
 * Runs a drill: hashes the backup, then what the type of the backup needs, and notes each step with its time. What fails is in the steps; it
 * fails itself only with server.failed, interrupted, and refused where no server for it can be had here.
 */
export function runDrill(manifest: Manifest, inputs: DrillInputs, recover: Recovery): Promise<Drill> {
  return measureDrill(new Date(manifest.snapshotAt), inputs, async (tryIt, reached) => {
    let brought: BroughtBackup | undefined;
    await tryIt('fetch', async () => {
      brought = await bringBackup({ ...inputs, manifest });
      return 'every file as it was sealed';
    });
    if (brought === undefined) return;
    try {
      await recover(tryIt, reached, brought.folder);
    } finally {
      await brought.release();
    }
  });
}

/** The same for a backup of any origin: `dataOf` is the moment its data is of. */
export async function measureDrill(
  dataOf: Date,
  { clock, chosen, targets, recovery, signal }: Pick<DrillInputs, 'clock' | 'chosen' | 'targets' | 'recovery' | 'signal'>,
  act: (tryIt: Try, reached: Reached) => Promise<void>,
): Promise<Drill> {
  const steps: DrillStep[] = [];
  const began = chosen?.began ?? clock();
  const seen: { rtoSeconds: number | null; lastCommit: Date | null } = { rtoSeconds: null, lastCommit: null };
  const reached: Reached = (lastCommit = null) => {
    seen.rtoSeconds = secondsBetween(began, clock());
    seen.lastCommit = lastCommit;
  };
  const tryIt = stepper(steps, { clock, began, signal });
  if (chosen !== undefined) await tryIt('choose', () => Promise.resolve(chosen.message));
  await act(tryIt, reached);
  const { rtoSeconds, lastCommit } = seen;
  const point = recovery !== undefined && recovery.to.kind !== 'latest';
  // A backup holds every commit up to its moment, whenever the last one was.
  const rpoSeconds = point
    ? null
    : Math.min(...[dataOf, lastCommit ?? dataOf].map((at) => Math.max(0, secondsBetween(at, began))));
  const all = [...steps, ...targetSteps({ rtoSeconds, rpoSeconds }, targets)];
  return { answer: answerOf(all, rtoSeconds), steps: all, rtoSeconds, rpoSeconds, lastCommit: lastCommit?.toISOString() ?? null };
}

const secondsBetween = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 1000;

import { DbctlError } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import { withAdvisoryLock } from '../../db/advisory-lock.ts';
import type { Session } from '../../db/session.ts';
import { ensureDbctlSchema } from '../schema/dbctl-schema.ts';
import { recordRun } from '../schema/run-record.ts';
import { examine, type Examined } from './examine.ts';
import { readMigrations, type MigrationFolder } from './file.ts';
import { readHistory, type History } from './history.ts';
import { planMigrations, type MigrationPlan } from './plan.ts';
import { refuseDrift, refuseObjections, refuseProblems, refuseTarget } from './refuse.ts';
import { runMigrations, type AppliedMigration } from './runner.ts';
import type { MigrateSettings } from './settings.ts';

export interface UpOptions {
  /** Highest version to apply; undefined applies all. */
  readonly target?: number;
  /** Run migrations whose version lies below the highest applied one. */
  readonly outOfOrder?: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface UpResult {
  readonly applied: readonly AppliedMigration[];
  /** Migrations that were applied before this run. */
  readonly before: number;
}

/** Settings of the session migrations run in: their results must not depend on who runs them from where. */
export const MIGRATE_SESSION_SETTINGS: Readonly<Record<string, string>> = { timezone: 'UTC' };

/**
 * Brings the database to the folder's last migration, or to `target`. Safe to run from many places at once: one works, the others
 * wait and then find nothing to do. A run with nothing to do takes three round trips after login.
 *
 * Fails with migration.invalid (files), refused (drift between folder and history), lock.held, migration.failed.
 */
export async function migrateUp(session: Session, settings: MigrateSettings, options: UpOptions): Promise<UpResult> {
  const folder = await readMigrations(settings.folder);
  refuseProblems(folder);
  refuseTarget(folder, options.target);
  const step = options.progress.step('migrate lock');
  const onWait = (holder: string) => step.tick(0, `waiting for ${holder}`);
  const wait = { waitMs: settings.lockWaitMs, signal: options.signal, onWait };
  let held = false;
  try {
    return await withAdvisoryLock(session, 'migrate', wait, async () => {
      held = true;
      step.done();
      return upUnderLock(session, settings, options, folder);
    });
  } catch (thrown) {
    if (!held) step.failed();
    throw thrown;
  }
}

async function upUnderLock(
  session: Session,
  settings: MigrateSettings,
  options: UpOptions,
  folder: MigrationFolder,
): Promise<UpResult> {
  const history = await readHistory(session, settings.table);
  const plan = planMigrations(folder.files, history, options.target);
  const runnable = runnableFiles(plan, options.outOfOrder === true);
  const before = history.rows.length;
  if (runnable.length === 0) return { applied: [], before };
  const { examined, objections } = await examine(runnable, history.rows.length > 0);
  refuseObjections(objections);
  await ensureDbctlSchema(session, settings.table, history.schemaVersion);
  const applied = await recorded(session, settings, () =>
    runMigrations({ session, settings, history, ...options }, examined, options.outOfOrder === true),
  );
  return { applied, before };
}

/** Leaves a run record, whatever came of it. When the connection is what failed, there is none to write it on. */
async function recorded(
  session: Session,
  settings: MigrateSettings,
  act: () => Promise<readonly AppliedMigration[]>,
): Promise<readonly AppliedMigration[]> {
  const { name: operator, commit, ciJob, toolVersion } = settings.operator;
  const record = { command: 'migrate up', operator, commit, ciJob, toolVersion };
  let applied: readonly AppliedMigration[];
  try {
    applied = await act();
  } catch (thrown) {
    const code = thrown instanceof DbctlError ? thrown.code : 'internal';
    await recordRun(session, { ...record, outcome: 'failed', summary: { error: code } }).catch(() => {});
    throw thrown;
  }
  await recordRun(session, { ...record, outcome: 'done', summary: { applied: applied.map(({ migration }) => migration.id) } });
  return applied;
}

/** What `up` would do, without a lock and without a change. Fails like {@link migrateUp}, but never for drift: that is in the plan. */
export async function planUp(
  session: Session,
  settings: MigrateSettings,
  target: number | undefined,
): Promise<{ readonly plan: MigrationPlan; readonly history: History; readonly examined: readonly Examined[] }> {
  const folder = await readMigrations(settings.folder);
  refuseProblems(folder);
  refuseTarget(folder, target);
  const history = await readHistory(session, settings.table);
  const plan = planMigrations(folder.files, history, target);
  const { examined, objections } = await examine(plan.runnable);
  refuseObjections(objections);
  return { plan, history, examined };
}

function runnableFiles(plan: MigrationPlan, outOfOrder: boolean) {
  const blocking = plan.blocking.filter(({ kind }) => !(outOfOrder && kind === 'out-of-order'));
  refuseDrift(blocking);
  const late = plan.states.flatMap((state) => (state.kind === 'out-of-order' ? [state.file] : []));
  return outOfOrder ? [...late, ...plan.runnable] : plan.runnable;
}

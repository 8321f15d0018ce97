import type { Progress } from '../../core/progress.ts';
import { silentProgress } from '../../core/progress.ts';
import { withAdvisoryLock } from '../../db/advisory-lock.ts';
import type { Session } from '../../db/session.ts';
import { ensureDbctlSchema } from '../schema/dbctl-schema.ts';
import { readSchemaVersion } from '../schema/schema-version.ts';
import { applySteps } from '../../db/apply-steps.ts';
import { inspectGuards } from './inspect.ts';
import { planGuards, type GuardPlan, type PlanMode } from './plan.ts';
import type { ImmutabilitySettings } from './settings.ts';

export interface InstallMode extends Partial<PlanMode> {
  /** Where schema dbctl is to be made when it is not there: the table of the migration history. */
  readonly table?: string;
  readonly progress?: Progress;
}

/** What was done, and what was not. */
export type InstallResult = GuardPlan;

/** What install would do, without a change; reads only. */
export async function planInstall(session: Session, settings: ImmutabilitySettings, mode: InstallMode = {}): Promise<GuardPlan> {
  return planGuards(settings, await inspectGuards(session, settings), completed(mode));
}

/**
 * Guards every table of dbctl.yaml as far as this server allows; what is guarded already stays untouched. Drift is left as it is
 * unless `repair` is set, and a changed shape unless its table is accepted by name.
 * One run at a time, and none beside `migrate up`.
 * Fails with db.version when a newer dbctl made schema dbctl, lock.held when a table stays busy, sql.failed.
 */
export async function installGuards(
  session: Session,
  settings: ImmutabilitySettings,
  mode: InstallMode = {},
): Promise<InstallResult> {
  return withAdvisoryLock(session, 'migrate', { waitMs: LOCK_WAIT_MS }, async () => {
    await ensureDbctlSchema(session, mode.table ?? 'dbctl.schema_migrations', await readSchemaVersion(session));
    const plan = await planInstall(session, settings, mode);
    if (plan.steps.length === 0) return plan;
    await applySteps(session, plan.steps, mode.progress ?? silentProgress);
    // What is missing and what drifted is asked again: the steps may have changed both.
    const after = await planInstall(session, settings, mode);
    return { ...after, steps: plan.steps };
  });
}

/** Another install, or a migration, is waited for this long. */
const LOCK_WAIT_MS = 60_000;

const completed = ({ repair = false, accept = [] }: InstallMode): PlanMode => ({ repair, accept });

import { DbctlError } from '../../core/errors.ts';
import { item, type Item } from '../../core/report.ts';
import type { Session } from '../../db/session.ts';
import { installGuards, planInstall, type InstallMode } from './install.ts';
import type { GuardPlan } from './plan.ts';
import type { ImmutabilitySettings } from './settings.ts';

/**
 * What `migrate up` ends with: tables and partitions that are not guarded yet are. Drift is reported and left as it is. A role that may
 * not look at the guards, or not put them on, is no failure of the migration: an item of status unknown or fail says so.
 */
export async function ensureGuards(
  session: Session,
  settings: ImmutabilitySettings,
  mode: InstallMode,
): Promise<readonly Item[]> {
  if (settings.tables.length === 0) return [];
  let planned: GuardPlan | undefined;
  try {
    planned = await planInstall(session, settings, mode);
    return guardItems(planned.steps.length === 0 ? planned : await installGuards(session, settings, mode));
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.sqlstate !== '42501') throw thrown;
    return [
      // What was seen and could not be put right.
      ...driftItems(planned?.drift ?? []),
      item({
        id: 'guards',
        object: session.user,
        status: 'unknown',
        severity: 'medium',
        message: `${session.user} may not look at the guards of protected tables, or not put them on: ${thrown.message}`,
        fix: `run dbctl immutability install as a superuser; to let this role look: grant dbctl_auditor to ${session.user}`,
      }),
    ];
  }
}

/** One item a table that was guarded, let check a foreign key, refused or drifted; none when every table was guarded before. */
function guardItems({ steps, refusals, drift }: GuardPlan): Item[] {
  const guarded = steps.filter(({ id }) => id === 'table');
  return [
    ...steps.filter(({ id }) => id === 'key').map(({ object, summary }) => item({ id: 'foreign-key', object, message: summary })),
    ...guarded.map(({ object, summary }) => item({ id: 'guarded', object, message: summary })),
    ...refusals.map(({ object, problem, fix }) =>
      item({ id: 'not-guarded', object, status: 'fail', severity: 'high', message: problem, fix }),
    ),
    ...driftItems(drift),
  ];
}

const driftItems = (drift: GuardPlan['drift']): Item[] =>
  drift.map(({ object, problem, fix }) => item({ id: 'drift', object, status: 'fail', severity: 'high', message: problem, fix }));

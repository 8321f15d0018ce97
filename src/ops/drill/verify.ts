import type { Severity } from '../../core/report.ts';
import type { Session } from '../../db/session.ts';
import type { Check } from '../verify/check.ts';
import { judge } from '../verify/judge.ts';
import { runChecks, type RunInputs } from '../verify/run.ts';
import type { Waiver } from '../verify/waiver.ts';
import { Failed, type Seen } from './steps.ts';

/** The checks of the project, as `dbctl verify` would run them, and what decides. */
export interface DrillChecks extends Omit<RunInputs, 'signal'> {
  readonly checks: readonly Check[];
  /** Findings of this severity and worse fail the step. */
  readonly failOn: Severity;
  /** Checks that must be able to look. */
  readonly required: readonly string[];
  readonly waivers: readonly Waiver[];
  /** Of the backup: waivers may be for one environment only. */
  readonly environment: string;
}

/** What a backup brings along: one database, or the files of a whole server. */
export type Carried = 'database' | 'server';

const SETTINGS = 'it looks at the settings of the server, and this one has those of the drill';
const RELEASE = 'it looks at the release and the files of the server, and this one came with dbctl';
const LIBRARY = "it compares with the collation library of the server's machine, and this is another one";
const NOT_DUMPED = 'it looks at what a dump does not hold: databases, their grants and settings';
/** Their checks look at how a server is set and what it is doing, never at what a backup brings along. */
const SERVER_GROUPS: ReadonlySet<string> = new Set([
  'authentication',
  'connection',
  'durability',
  'logging',
  'operations',
  'replication',
  'settings',
]);
const LOGINS = 'it looks at who may log in and connect, which is for the server that was backed up';
/** As good or bad in the backup as where it is from, where `dbctl verify` says so: a drill is about the backup. */
const DESIGN = 'it looks at how tables and indexes are made, which a backup does not change';
const DESIGN_GROUPS: ReadonlySet<string> = new Set(['indexes', 'schema']);
const ROLES = 'it looks at logins and memberships, and the roles here were made without logins';

/** Checks whose answer would be about the server of the drill and not about the backup. `database`: only where a dump was restored. */
const LEFT_OUT: Readonly<Record<string, readonly [why: string, where: 'always' | 'database']>> = {
  'ext-cve-exposed': [RELEASE, 'always'],
  'ext-preload': [SETTINGS, 'always'],
  'ext-update-pending': [RELEASE, 'always'],
  'ext-version-orphan': [RELEASE, 'always'],
  'ext-trusted-surface': [NOT_DUMPED, 'database'],
  'imm-member': [ROLES, 'database'],
  'imm-owner': [NOT_DUMPED, 'database'],
  'imm-pages': [SETTINGS, 'database'],
  'imm-setting': [SETTINGS, 'always'],
  'loc-affected-indexes': [LIBRARY, 'always'],
  'loc-collation-version': [LIBRARY, 'always'],
  'loc-db-version': [LIBRARY, 'always'],
  'loc-lc-settings': [SETTINGS, 'always'],
  'priv-attributes': [LOGINS, 'always'],
  'priv-conn-limit': [LOGINS, 'always'],
  'priv-public-database': [LOGINS, 'always'],
  'priv-server-roles': [LOGINS, 'always'],
  'priv-superusers': [LOGINS, 'always'],
  'time-clock-skew': [SETTINGS, 'always'],
  'time-log-utc': [SETTINGS, 'always'],
  'time-sanity': [SETTINGS, 'always'],
  'time-server-utc': [SETTINGS, 'always'],
};

/** Why a check says nothing about the backup on a server that is thrown away; null: it does. Pure. */
export function leftOut({ id, group, scope }: Pick<Check, 'id' | 'group' | 'scope'>, carried: Carried): string | null {
  if (group === 'version') return RELEASE;
  if (SERVER_GROUPS.has(group)) return SETTINGS;
  if (DESIGN_GROUPS.has(group)) return DESIGN;
  const [why, where] = LEFT_OUT[id] ?? [];
  if (why !== undefined && (where === 'always' || carried === 'database')) return why;
  // A check of the project's own that looks at the server: a dump brings none.
  return scope === 'cluster' && carried === 'database' ? NOT_DUMPED : null;
}

/**
 * Runs the checks on a restored database. Fails with backup.failed where a finding is at or above the bar, or a required check could not
 * look; what was left out, and why, is in the details either way.
 */
export async function tryChecks(session: Session, carried: Carried, inputs: DrillChecks): Promise<Seen> {
  const { checks, waivers, environment, clock, failOn } = inputs;
  const run = checks.filter((check) => leftOut(check, carried) === null);
  const ids = new Set(run.map(({ id }) => id));
  const { outcomes } = await runChecks(session, run, inputs);
  const required = inputs.required.filter((id) => ids.has(id));
  const circumstances = { environment, database: session.database, waivers, now: clock() };
  const { ok, items } = judge(outcomes, circumstances, { failOn, required, strict: false });
  // That a waiver matches nothing is for dbctl verify to say, on the server it is about.
  const findings = items.filter(({ id, status }) => ids.has(id) && (status === 'fail' || status === 'unknown'));
  const said = findings.map(({ id, severity, object, message }) => `${id} (${severity}) ${object}: ${message}`);
  const details = [...said, ...leftOutSentences(checks, carried)];
  const left = checks.length - run.length;
  const summary = `${run.length} checks run, ${left} left out`;
  if (ok) return { message: `${summary}: nothing at or above ${failOn}`, details };
  throw new Failed(
    `${summary}: ${said.slice(0, 3).join('; ')}${said.length > 3 ? `; and ${said.length - 3} more` : ''}`,
    details,
  );
}

/** One sentence a reason, with the checks it is the reason for. */
function leftOutSentences(checks: readonly Check[], carried: Carried): string[] {
  const byReason = new Map<string, string[]>();
  for (const check of checks) {
    const why = leftOut(check, carried);
    if (why !== null) byReason.set(why, [...(byReason.get(why) ?? []), check.id]);
  }
  return [...byReason].map(([why, ids]) => `left out, because ${why}: ${ids.join(', ')}`);
}

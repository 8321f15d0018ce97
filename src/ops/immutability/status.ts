import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { inspectGuards, type GuardFacts } from './inspect.ts';
import { displayName } from './display-name.ts';
import { findDrift } from './plan.ts';
import { refusals } from './refusals.ts';
import type { ImmutabilitySettings, ProtectedTable } from './settings.ts';
import { readViolations } from './violations.ts';

/** How one table of dbctl.yaml stands. */
export interface TableStatus {
  readonly table: string;
  readonly guards: 'guarded' | 'drifted' | 'unguarded';
  readonly owner: string | null;
  readonly partitions: number;
  /** Refused attempts, all SQLSTATEs together. */
  readonly attempts: number;
  readonly problems: readonly { readonly problem: string; readonly fix: string }[];
}

export interface Statuses {
  readonly tables: readonly TableStatus[];
  /** When `immutability test` last ran here; null: never, or not to be seen. */
  readonly lastTest: string | null;
  /** What could not be looked at, and why. */
  readonly notes: readonly string[];
}

/** Every table of dbctl.yaml, as the catalogs and the registry show it. Where the registry may not be read, a note says so. */
export async function tableStatuses(session: Session, settings: ImmutabilitySettings): Promise<Statuses> {
  try {
    const facts = await inspectGuards(session, settings);
    const attempts = facts.server.registry ? await attemptsByTable(session) : new Map<string, number>();
    return {
      tables: settings.tables.map((table) => status(table, settings, facts, attempts)),
      lastTest: facts.server.registry ? await lastTest(session) : null,
      notes: [],
    };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.sqlstate !== '42501') throw thrown;
    const note = `${session.user} may not read the registry: grant dbctl_auditor to ${session.user}. The checks below look at the catalogs.`;
    return { tables: [], lastTest: null, notes: [note] };
  }
}

async function attemptsByTable(session: Session): Promise<Map<string, number>> {
  const totals = new Map<string, number>();
  for (const { table, attempts } of await readViolations(session)) totals.set(table, (totals.get(table) ?? 0) + attempts);
  return totals;
}

function status(
  table: ProtectedTable,
  settings: ImmutabilitySettings,
  facts: GuardFacts,
  attempts: ReadonlyMap<string, number>,
): TableStatus {
  const name = displayName(table);
  const family = facts.registered.filter(({ root }) => root === name);
  const members = new Set(family.map((relation) => relation.name));
  const found = facts.tables.find(({ schema, name: of }) => schema === table.schema && of === table.name);
  const refused = refusals({ ...settings, tables: [table] }, facts);
  const unregistered = family.length === 0 ? [] : (found?.partitions ?? []).filter((partition) => !members.has(partition));
  const drift = findDrift(facts).filter(({ object }) => members.has(object));
  const problems = [
    ...refused.map(({ problem, fix }) => ({ problem, fix })),
    ...(family.length === 0 && refused.length === 0 ? [{ problem: 'not guarded', fix: 'dbctl immutability install' }] : []),
    ...unregistered.map((partition) => ({ problem: `partition ${partition} is not guarded`, fix: 'dbctl immutability install' })),
    ...drift.map(({ object, problem, fix }) => ({ problem: object === name ? problem : `${object}: ${problem}`, fix })),
  ];
  const guards = family.length === 0 ? 'unguarded' : problems.length > 0 ? 'drifted' : 'guarded';
  return {
    table: name,
    guards,
    owner: found?.owner ?? null,
    partitions: found?.partitions.length ?? 0,
    attempts: attempts.get(name) ?? 0,
    problems,
  };
}

async function lastTest(session: Session): Promise<string | null> {
  const [row] = await session.rows<{ at: string | null }>(/* sql */ `
select pg_catalog.to_char(pg_catalog.max(r.started_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at
from dbctl.run r
where r.command = 'immutability test'`);
  return row?.at ?? null;
}

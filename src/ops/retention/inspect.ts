import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { Backlog } from './backlog.ts';
import { holdSight } from './holds/hold.ts';
import { heldCondition, readBearings, tablesInReach, type Bearing } from './holds/protect.ts';
import { readReferences, type Reference } from './references.ts';
import { readRuleTable, type RuleTable } from './relation.ts';
import { readIndexUse, type IndexUse } from './index-use.ts';
import {
  allStatement,
  countStatement,
  CUT_OFF,
  exactStatement,
  heldStatement,
  oldestStatement,
  type Target,
} from './statements.ts';
import type { DeleteRule, RetentionRule } from './settings.ts';

/** What the database says about one rule. */
export interface RuleFacts {
  readonly rule: DeleteRule;
  /** Rows before it go; ISO 8601, UTC. */
  readonly cutOff: string;
  readonly table: RuleTable;
  readonly references: readonly Reference[];
  /** Active holds that bear on the rule, by number. */
  readonly holds: readonly number[];
  readonly target: Target;
}

/** A rule that cannot run, and why. */
export interface Unfit {
  readonly rule: RetentionRule;
  readonly problem: string;
  /** Statements that mend it, where there are some. */
  readonly grants: readonly string[];
}

export type Inspected = RuleFacts | Unfit;
export const isUnfit = (one: Inspected): one is Unfit => 'problem' in one;

/**
 * Looks one rule up, and asks the server whether it understands it: the statement of a batch is planned, not run. Changes nothing. Fails only
 * where the connection does. `look`: rights to remove rows are not asked for.
 */
export async function inspectRule(session: Session, rule: DeleteRule, use: 'remove' | 'look' = 'remove'): Promise<Inspected> {
  const table = await readRuleTable(session, rule, use);
  if ('problem' in table) return { rule, problem: table.problem, grants: [] };
  if (table.grants.length > 0) return { rule, problem: deniedText(table, session.user), grants: table.grants };
  const sight = await holdSight(session);
  if (sight === 'denied')
    return {
      rule,
      problem: `${session.user} may not see legal holds, and removes nothing without`,
      grants: holdGrants(session.user),
    };
  const references = await readReferences(session, table.oid);
  const bearings = sight === 'none' ? [] : await readBearings(session, tablesInReach(table.oid, references));
  const facts = await factsOf(session, rule, table, references, bearings);
  const problem = await planProblem(session, facts);
  return problem === null ? facts : { rule, problem, grants: [] };
}

/** The same rule with the holds there are now. */
export function withBearings(
  { rule, table, references }: Pick<RuleFacts, 'table' | 'references'> & Pick<Target, 'rule'>,
  bearings: readonly Bearing[],
): Target {
  return { rule, table, held: heldCondition({ oid: table.oid, references }, bearings, 'dbctl_row') };
}

async function factsOf(
  session: Session,
  rule: DeleteRule,
  table: RuleTable,
  references: readonly Reference[],
  bearings: readonly Bearing[],
): Promise<RuleFacts> {
  const [cut] = await session.rows<{ at: string }>(CUT_OFF, [rule.keep]);
  const target = withBearings({ rule, table, references }, bearings);
  return {
    rule,
    cutOff: cut?.at ?? '',
    table,
    references,
    holds: [...new Set(bearings.map(({ hold }) => hold))],
    target,
  };
}

/** What a condition means is known when the server has planned it: its columns, its type, the rights of its sub-selects. */
async function planProblem(session: Session, { target, cutOff }: RuleFacts): Promise<string | null> {
  try {
    await session.rows(`explain ${countStatement(target)}`, [cutOff]);
    return null;
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.code === 'db.unreachable') throw thrown;
    const where = target.rule.where === null ? '' : ` (where: ${target.rule.where.trim()})`;
    return `the server refuses it: ${thrown.message}${where}`;
  }
}

function deniedText({ hidden, grants }: RuleTable, user: string): string {
  if (grants.length === 1 && hidden)
    return `row-level security hides rows from ${user}: what it does not see it would leave for ever`;
  return `${user} may not remove rows of it${hidden ? ', and row-level security hides rows from it' : ''}`;
}

const holdGrants = (user: string): string[] => [`grant dbctl_auditor to "${user.replaceAll('"', '""')}";`];

/** Reads, by the index where there is one. Fails with what the server refuses: a condition that fails on a row, a statement that takes too long. */
export async function readBacklog(session: Session, { target, cutOff, table }: RuleFacts, how: Backlog['how']): Promise<Backlog> {
  const [oldest] = await session.rows<{ at: string; late: number }>(oldestStatement(target), [cutOff]);
  const { held } = target;
  const [kept] = held === null ? [] : await session.rows<{ n: number }>(heldStatement({ ...target, held }), [cutOff]);
  const amount = oldest === undefined ? { rows: 0, bytes: 0 } : await readAmount(session, { target, cutOff, table }, how);
  return { ...amount, how, oldest: oldest?.at ?? null, lateSeconds: Math.max(0, oldest?.late ?? 0), held: kept?.n ?? 0 };
}

type Amount = Pick<Backlog, 'rows' | 'bytes'>;

async function readAmount(
  session: Session,
  { target, cutOff, table }: Pick<RuleFacts, 'target' | 'cutOff' | 'table'>,
  how: Backlog['how'],
): Promise<Amount> {
  if (how === 'exact') {
    const [row] = await session.rows<{ n: number; bytes: number }>(exactStatement(target), [cutOff]);
    return { rows: row?.n ?? 0, bytes: row?.bytes ?? 0 };
  }
  const rows =
    how === 'estimate'
      ? await guessRows(session, allStatement(target), [cutOff])
      : ((await session.rows<{ n: number }>(countStatement(target), [cutOff]))[0]?.n ?? 0);
  // A table that was never analysed has no number of rows: its bytes are not shared out.
  return { rows, bytes: table.rows > 0 ? Math.round(table.bytes * Math.min(1, rows / table.rows)) : null };
}

/** What the planner expects a query to give. */
export async function guessRows(session: Session, sql: string, values: readonly unknown[]): Promise<number> {
  const [row] = await session.rows<{ 'QUERY PLAN': readonly { readonly Plan: { readonly 'Plan Rows': number } }[] }>(
    `explain (format json) ${sql}`,
    values,
  );
  return row?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
}

/** How batches of the rule find their rows. */
export const indexUse = (session: Session, { target, cutOff, rule }: RuleFacts): Promise<IndexUse> =>
  readIndexUse(session, target, [cutOff, rule.batch]);

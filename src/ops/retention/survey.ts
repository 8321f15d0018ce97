import { DbctlError } from '../../core/errors.ts';
import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { Backlog } from './backlog.ts';
import { guessRows, indexUse, inspectRule, isUnfit, readBacklog, type RuleFacts, type Unfit } from './inspect.ts';
import type { Following, Surveyed } from './plan.ts';
import type { Reference } from './references.ts';
import type { DeleteRule } from './settings.ts';
import { allStatement, MOST_COUNTED, ROW } from './statements.ts';

/** Reads all that a plan says of one rule; `exact` counts where the planner would be asked. Changes nothing. */
export async function surveyRule(session: Session, rule: DeleteRule, exact: boolean): Promise<Surveyed | Unfit> {
  const facts = await inspectRule(session, rule);
  if (isUnfit(facts)) return facts;
  try {
    const backlog = await readBacklog(session, facts, exact ? 'exact' : 'estimate');
    const index = await indexUse(session, facts);
    return { facts, backlog, index, following: await readFollowing(session, facts, backlog) };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || ['db.unreachable', 'interrupted'].includes(thrown.code)) throw thrown;
    // A condition may fail on a row it meets, and a large table without an index takes longer than a reading command may.
    return { rule, problem: `rows cannot be counted: ${thrown.message}`, grants: [] };
  }
}

/** For every foreign key in reach: how many rows refer to those that go. */
async function readFollowing(session: Session, facts: RuleFacts, backlog: Backlog): Promise<Following[]> {
  const going = `(${allStatement(facts.target).replace('select 1', 'select *')}) ${ROW}`;
  const found: Following[] = [];
  const look = async (references: readonly Reference[], rows: string, alias: string): Promise<void> => {
    for (const [index, reference] of references.entries()) {
      const child = `${alias}_${index + 1}`;
      const joined = reference.columns.map(
        (column, at) => `${child}.${ident(column)} = ${alias}.${ident(reference.referenced[at] ?? '')}`,
      );
      // A guess is never 0, and where a single row would make a batch fail it is not good enough.
      const guess = backlog.how === 'estimate' && reference.action !== 'refuse';
      const sql = `select 1 from ${reference.sql} as ${child} where exists (select from ${rows} where ${joined.join(' and ')})`;
      found.push({ reference, rows: backlog.rows === 0 ? 0 : await howMany(session, sql, facts.cutOff, guess) });
      await look(reference.references, `(${sql.replace('select 1', `select ${child}.*`)}) ${child}`, child);
    }
  };
  await look(facts.references, going, ROW);
  return found;
}

/** Null: the role may not read the table. Cascades run with the rights of its owner, so that a run needs none. */
async function howMany(session: Session, sql: string, cutOff: string, guess: boolean): Promise<number | null> {
  try {
    if (guess) return await guessRows(session, sql, [cutOff]);
    const limited = `select pg_catalog.count(*)::pg_catalog.float8 as n from (${sql} limit ${MOST_COUNTED + 1}) counted`;
    const [row] = await session.rows<{ n: number }>(limited, [cutOff]);
    return row?.n ?? 0;
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.code === 'db.denied') return null;
    throw thrown;
  }
}

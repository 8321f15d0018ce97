import { DbctlError } from '../../core/errors.ts';
import { item, type Item } from '../../core/report.ts';
import type { Session } from '../../db/session.ts';
import type { Backlog } from '../../ops/retention/backlog.ts';
import type { Surveyed } from '../../ops/retention/plan.ts';
import type { DeleteRule } from '../../ops/retention/settings.ts';
import type { BoundRule, PlannedRule, PlanWish } from './index.ts';
import { backlogFacts, rowFacts, unfitRow } from './row.ts';
import { dueText } from './due.ts';

/** `then: delete`: rows are removed in batches. */
export const bindDelete = (rule: DeleteRule): BoundRule => ({
  rule,
  words: `${rule.schema}.${rule.table}, ${rule.by} older than ${rule.keep}${rule.where === null ? '' : `, ${rule.where.trim()}`}`,
  plan: (session, wish) => plan(session, rule, wish),
  run: async (session, control) => {
    const { runRule } = await import('../../ops/retention/run.ts');
    return runRule(session, rule, control);
  },
  look: (session) => look(session, rule),
});

async function plan(session: Session, rule: DeleteRule, { exact }: PlanWish): Promise<PlannedRule> {
  const [{ surveyRule }, { planRule }] = await Promise.all([
    import('../../ops/retention/survey.ts'),
    import('../../ops/retention/plan.ts'),
  ]);
  const one = await surveyRule(session, rule, exact);
  if ('problem' in one)
    return { row: unfitRow(rule, rule.by, one.problem, one.grants), parts: [], remarks: [], going: null, backlog: null };
  const { backlog, facts } = one;
  return {
    row: row(rule, one),
    parts: [],
    remarks: planRule(one),
    // Whatever goes is older than the cut-off.
    going: { rule: rule.name, rows: backlog.rows, newest: facts.cutOff, isCopied: false },
    backlog,
  };
}

function row(rule: DeleteRule, { backlog, index, facts, following }: Surveyed): Item {
  return item({
    ...rowFacts(rule, rule.by),
    where: rule.where,
    message: dueText(backlog.rows, 'row'),
    ...backlogFacts(backlog, facts),
    index: index.indexes.join(', ') || null,
    indexUsable: index.usable,
    references: following.map(({ reference: { table: child, action, indexed, name }, rows }) => ({
      table: child,
      action,
      indexed,
      name,
      rows,
    })),
  });
}

async function look(session: Session, rule: DeleteRule): Promise<Backlog | string> {
  const { inspectRule, isUnfit, readBacklog } = await import('../../ops/retention/inspect.ts');
  const facts = await inspectRule(session, rule, 'look');
  if (isUnfit(facts)) return facts.problem;
  try {
    return await readBacklog(session, facts, 'counted');
  } catch (thrown) {
    if (thrown instanceof DbctlError && !['db.unreachable', 'interrupted'].includes(thrown.code)) return thrown.message;
    throw thrown;
  }
}

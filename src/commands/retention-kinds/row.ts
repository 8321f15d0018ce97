import { item, type Item } from '../../core/report.ts';
import { tableText, type RetentionRule } from '../../ops/retention/settings.ts';

/** What the line of a rule in the plan always has. */
export const rowFacts = (rule: RetentionRule, by: string | null) => ({
  id: 'rule',
  object: rule.name,
  table: tableText(rule),
  then: rule.then,
  keep: rule.keep,
  keeps: by === null ? rule.keep : `${rule.keep} by ${by}`,
  by,
  basis: rule.basis,
});

/** The line of a rule that could not run. */
export const unfitRow = (rule: RetentionRule, by: string | null, problem: string, grants: readonly string[]): Item =>
  item({
    ...rowFacts(rule, by),
    status: 'fail',
    severity: 'high',
    message: problem,
    fix: grants.length === 0 ? null : grants.join('\n'),
    rows: null,
    bytes: null,
    oldest: null,
    index: null,
  });

import { bytesText } from '../../core/bytes.ts';
import { item, type Item } from '../../core/report.ts';
import type { Backlog } from '../../ops/retention/backlog.ts';
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

/** What a rule that removes rows has to do, as the line says it. */
export const backlogFacts = (
  { oldest, rows, how, bytes, lateSeconds, held }: Backlog,
  { cutOff, holds }: { readonly cutOff: string; readonly holds: Iterable<number> },
) => ({
  day: oldest?.slice(0, 10) ?? '',
  cutOff,
  rows,
  how,
  bytes,
  size: bytes === null ? 'not known' : bytesText(bytes),
  oldest,
  lateSeconds: Math.round(lateSeconds),
  held,
  holds: [...holds],
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

import type { Severity } from '../../core/report.ts';
import { ident, qualified } from '../../db/ident.ts';
import { isPlainCondition } from './condition.ts';
import type { Backlog } from './backlog.ts';
import type { RuleFacts } from './inspect.ts';
import type { IndexUse } from './index-use.ts';
import type { Reference } from './references.ts';
import { MOST_COUNTED } from './statements.ts';

/** Rows that go, or change, because those they refer to go. */
export interface Following {
  readonly reference: Reference;
  /** null: the role may not read the table. */
  readonly rows: number | null;
}

/** All that was read about a rule that can run. */
export interface Surveyed {
  readonly facts: RuleFacts;
  readonly backlog: Backlog;
  readonly index: IndexUse;
  readonly following: readonly Following[];
}

/** The newest sealed backup of the database; `unknown`: none could be looked at. */
export type NewestBackup = { readonly at: string } | { readonly unknown: string } | null;

/** Something a person should know before a run; a run goes on all the same. */
export interface Remark {
  readonly id: string;
  readonly object: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string | null;
}

/** What is to be said of one rule that can run. Pure. */
export function planRule(one: Surveyed): Remark[] {
  return [...holdRemarks(one), ...indexRemarks(one), ...one.following.flatMap((following) => followingRemarks(one, following))];
}

function holdRemarks({ facts, backlog }: Surveyed): Remark[] {
  if (facts.holds.length === 0) return [];
  const holds = `${facts.holds.length === 1 ? 'hold' : 'holds'} ${facts.holds.join(', ')}`;
  const message =
    backlog.held === 0
      ? `${holds} would keep rows of it; none that is old enough now`
      : `${holds} keep ${countText(backlog.held)} that ${backlog.held === 1 ? 'is' : 'are'} old enough`;
  return [{ id: 'held', object: facts.rule.name, severity: 'info', message, fix: 'dbctl retention holds' }];
}

function indexRemarks({ facts, index }: Surveyed): Remark[] {
  if (index.usable) return [];
  return [
    {
      id: 'no-index',
      object: facts.rule.name,
      severity: 'medium',
      message: `no index finds its oldest rows: every batch reads ${facts.table.partitioned ? 'partitions' : 'the table'} and sorts`,
      fix: createIndex(facts),
    },
  ];
}

/** The index that serves the rule; of a partitioned table in the steps that lock nobody out. */
function createIndex({ rule, table }: RuleFacts): string {
  const condition = rule.where !== null && isPlainCondition(rule.where) ? ` where ${rule.where.trim()}` : '';
  const name = ident(`${rule.table}_${rule.by}_idx`.slice(0, 63));
  const columns = `(${ident(rule.by)})${condition}`;
  if (!table.partitioned) return `create index concurrently ${name} on ${table.sql} ${columns};`;
  return [
    `create index ${name} on only ${table.sql} ${columns};`,
    `-- then for each partition: create index concurrently PARTITION_${rule.by}_idx on PARTITION ${columns};`,
    `-- and: alter index ${qualified(rule.schema, `${rule.table}_${rule.by}_idx`.slice(0, 63))} attach partition PARTITION_${rule.by}_idx;`,
  ].join('\n');
}

function followingRemarks({ facts, backlog }: Surveyed, { reference, rows }: Following): Remark[] {
  const object = facts.rule.name;
  const { table, action, columns, indexed, name } = reference;
  const unindexed: Remark[] = indexed
    ? []
    : [
        {
          id: 'unindexed-reference',
          object,
          severity: 'medium',
          message: `${table} refers to it by ${columns.join(', ')} without an index: every row that goes reads all of ${table}`,
          fix: `create index concurrently on ${reference.sql} (${columns.map(ident).join(', ')});`,
        },
      ];
  return [...whatFollows(object, backlog, { table, action, name }, rows), ...unindexed];
}

function whatFollows(
  object: string,
  { how }: Backlog,
  { table, action, name }: Pick<Reference, 'table' | 'action' | 'name'>,
  rows: number | null,
): Remark[] {
  const about = how === 'exact' || rows === null ? '' : 'about ';
  if (rows === 0) return [];
  switch (action) {
    case 'cascade':
      return [
        {
          id: 'cascade',
          object,
          severity: 'info',
          message: `${about}${countText(rows)} of ${table} ${rows === 1 ? 'goes' : 'go'} with them (${name})`,
          fix: null,
        },
      ];
    case 'set':
      return [
        {
          id: 'set',
          object,
          severity: 'info',
          message: `${about}${countText(rows)} of ${table} lose what they refer to (${name})`,
          fix: null,
        },
      ];
    case 'refuse':
      return [
        {
          id: 'referenced',
          object,
          severity: 'medium',
          message: `${countText(rows)} of ${table} ${rows === 1 ? 'refers' : 'refer'} to what is old enough (${name}): the server refuses a batch with one of them`,
          fix: `leave them out, in where of the rule: not exists (select from ${table} …)`,
        },
      ];
  }
}

/** Rows that a rule, of whatever kind, would let go. */
export interface Going {
  readonly rule: string;
  readonly rows: number;
  /** None of them is younger; ISO 8601, UTC. */
  readonly newest: string;
  /** They are in a copy that was read back before they go. */
  readonly isCopied: boolean;
}

/** What a backup has of the rows that go: one younger than all of them has seen them. Pure. */
export function planBackup(rules: readonly Going[], backup: NewestBackup): Remark[] {
  const going = rules.filter(({ rows }) => rows > 0);
  const unseen = backup === null || 'unknown' in backup ? going : going.filter(({ newest }) => backup.at < newest);
  return [
    ...backupRemark(
      unseen.filter(({ isCopied }) => !isCopied),
      'medium',
      `${backupText(backup)}${backup === null ? ': what goes is gone' : ''}`,
    ),
    ...backupRemark(
      unseen.filter(({ isCopied }) => isCopied),
      'low',
      `${backupText(backup)}: their copy alone brings them back`,
    ),
  ];
}

function backupRemark(rules: readonly Going[], severity: Severity, message: string): Remark[] {
  if (rules.length === 0) return [];
  return [{ id: 'backup', object: rules.map(({ rule }) => rule).join(', '), severity, message, fix: 'dbctl backup create' }];
}

function backupText(backup: NewestBackup): string {
  if (backup === null) return 'there is no sealed backup';
  if ('unknown' in backup) return `whether a backup has the rows cannot be seen: ${backup.unknown}`;
  return `the newest sealed backup is of ${backup.at}, and younger rows go`;
}

/** What `count` statements give: beyond their end it is only known to be more. */
export function countText(rows: number | null): string {
  if (rows === null) return 'an unknown number of rows';
  const number = rows === MOST_COUNTED + 1 ? `more than ${MOST_COUNTED}` : String(rows);
  return `${number} ${rows === 1 ? 'row' : 'rows'}`;
}

import type { Severity } from '../../../core/report.ts';
import type { Backlog } from '../backlog.ts';
import type { Dependant } from './dependants.ts';
import type { PartitionFacts, SegmentFacts, TableFacts } from './facts.ts';
import type { Referrer } from './referrers.ts';

/** What the next run does with a partition, or why nothing. */
export type PartitionPlan = { readonly facts: PartitionFacts } & (
  | { readonly step: 'copy'; readonly why: string }
  /** Somebody else has to read its copy back: {@link SegmentFacts}. */
  | { readonly step: 'wait'; readonly segment: SegmentFacts }
  | { readonly step: 'remove'; readonly segment: SegmentFacts }
  | { readonly step: 'stay'; readonly why: string; readonly severity: Severity; readonly fix: string | null }
);

/** Pure: what is next for each partition that is old enough by its bounds, in their order. */
export const planTable = (table: TableFacts): PartitionPlan[] => table.partitions.map((one) => planPartition(one, table));

function planPartition(facts: PartitionFacts, table: TableFacts): PartitionPlan {
  const kept = staying(facts, table);
  if (kept !== null) return { facts, step: 'stay', ...kept };
  const { segment, isFenced } = facts;
  if (segment === null)
    return { facts, step: 'copy', why: isFenced ? 'it is fenced, and no copy of it was recorded' : 'it is old enough' };
  if (!isFenced || !segment.isBehindFence) return { facts, step: 'copy', why: 'the fence of its last copy was taken away' };
  // What a copy cannot mend: how old it is, and what the ledger has.
  const [problem] = segment.problems;
  if (problem !== undefined) return { facts, step: 'stay', why: problem, severity: 'medium', fix: null };
  return segment.isVerified ? { facts, step: 'remove', segment } : { facts, step: 'wait', segment };
}

type Staying = Omit<Extract<PartitionPlan, { step: 'stay' }>, 'facts' | 'step'>;

/** Why a partition stays whatever is done with it now; null: nothing keeps it. */
function staying(facts: PartitionFacts, { keyColumn }: TableFacts): Staying | null {
  const { isDefault, isPending, isAged, promised, holds, referrers, dependants, virtualColumns, ledger, newest, segment } = facts;
  if (isDefault)
    return {
      why: `it is the default partition, and rows of that age are in it: they leave when they are in a partition of their time`,
      severity: 'medium',
      fix: 'docs/partitions.md: rows in the default partition',
    };
  if (isPending)
    return {
      why: 'a detach … concurrently of it did not end: its rows are out of sight, and not gone',
      severity: 'high',
      fix: 'alter table … detach partition … finalize, or attach it again: docs/partitions.md',
    };
  if (isBack(facts)) return { why: `it came back from its copy, until ${segment?.backUntil}`, severity: 'info', fix: null };
  if (holds.length > 0) return { why: `legal ${holdText(holds)} of it`, severity: 'info', fix: 'dbctl retention holds' };
  if (!isAged) return { why: 'a row of it is not old enough', severity: 'info', fix: null };
  if (promised !== null)
    return {
      why: `its rows were promised ${promised}, by ${keyColumn}, and its newest is of ${newest}: what was promised is not lowered for rows that are there`,
      severity: 'info',
      fix: null,
    };
  if (referrers.length > 0)
    return {
      why: referrers.map(referrerText).join('; '),
      severity: 'medium',
      fix: referrers.map(({ fix }) => fix).join('\n'),
    };
  const blocking = dependants.filter(({ how }) => how === 'blocks');
  if (blocking.length > 0)
    return { why: blockText(blocking), severity: 'medium', fix: blocking.map(({ fix }) => fix).join('\n') };
  if (virtualColumns.length > 0)
    return {
      why: `${virtualColumns.join(', ')} ${virtualColumns.length === 1 ? 'is a virtual column' : 'are virtual columns'}, of which a copy has no values`,
      severity: 'medium',
      fix: 'make it a stored column, or leave the table out of the rule',
    };
  if (ledger !== null && !ledger.isSealed)
    return { why: 'the ledger has not sealed all of its rows', severity: 'medium', fix: 'dbctl ledger checkpoint' };
  if (ledger !== null && !ledger.isPublished)
    return {
      why: 'not every window of it is published outside the database',
      severity: 'medium',
      fix: 'dbctl ledger checkpoint',
    };
  return null;
}

/** Somebody wanted it here, and said for how long: `dbctl retention restore ID --attach`. */
const isBack = ({ segment }: PartitionFacts): boolean => segment !== null && segment.backUntil !== null;

function referrerText({ how, table, name }: Referrer): string {
  switch (how) {
    case 'rows':
      return `rows of ${table} refer to it (${name}): the server detaches no partition with such rows`;
    case 'itself':
      return `${table} refers to this very partition (${name}): the server drops no table that a key refers to`;
    case 'unseen':
      return `${table} can refer to it (${name}), and whether rows of it do is hidden from this login`;
    case 'closed':
      return `${table} can refer to it (${name}), and who removes partitions may not look whether rows of it do, as the server does at a detach`;
  }
}

const blockText = (dependants: readonly Dependant[]): string =>
  `${dependants.map(({ what }) => what).join(', ')} ${dependants.length === 1 ? 'depends' : 'depend'} on this very partition: the server drops no table that something depends on`;

const holdText = (holds: readonly number[]): string =>
  holds.length === 1 ? `hold ${holds[0]} is on rows` : `holds ${holds.join(', ')} are on rows`;

/** What a run does, in words for the plan. */
export function planText(plan: PartitionPlan): string {
  switch (plan.step) {
    case 'copy':
      return `the next run copies it: ${plan.why}`;
    case 'wait':
      return `copied to ${plan.segment.uri} by ${plan.segment.exportedBy}; waits until somebody else has read it back: dbctl retention verify --record`;
    case 'remove':
      return `copied to ${plan.segment.uri} and read back: the next run removes it`;
    case 'stay':
      return `stays: ${plan.why}`;
  }
}

/** What there is to do, in the figures all kinds of rules have. Partitions that are held or came back are not behind. Pure. */
export function backlogOf(plans: readonly PartitionPlan[], how: Backlog['how'] = 'estimate'): Backlog {
  const due = plans.filter(({ facts }) => facts.isAged && facts.promised === null && !facts.isDefault && !isBack(facts));
  const held = due.filter(({ facts }) => facts.holds.length > 0);
  const free = due.filter(({ facts }) => facts.holds.length === 0);
  const rows = (some: readonly PartitionPlan[]) => some.reduce((sum, { facts }) => sum + (facts.rows ?? 0), 0);
  return {
    rows: rows(free),
    how,
    bytes: free.reduce((sum, { facts }) => sum + facts.hotBytes, 0),
    oldest: free.flatMap(({ facts }) => facts.oldest ?? []).toSorted()[0] ?? null,
    lateSeconds: Math.max(0, ...free.map(({ facts }) => facts.lateSeconds)),
    held: rows(held),
  };
}

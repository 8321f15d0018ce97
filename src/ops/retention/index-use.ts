import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { pickWithoutLocks, type Target } from './statements.ts';

/** How the rows of a batch are found. */
export interface IndexUse {
  /** Names of the indexes; of a partitioned table those of the partitions. */
  readonly indexes: readonly string[];
  /** False: every batch reads the table, or sorts what it read. */
  readonly usable: boolean;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
  readonly 'Subplan Name'?: string;
  /** Since PostgreSQL 18, where a node was taken although it was switched off. */
  readonly Disabled?: boolean;
}

/**
 * Asks the planner, with scans and sorts made unattractive: of a small table it would read every page whatever indexes there are, and the
 * question is what it can do when the table has grown. Sub-selects of the condition are not looked at.
 */
export async function readIndexUse(session: Session, target: Target, values: readonly [string, number]): Promise<IndexUse> {
  return inTransaction(session, 'read only', async () => {
    await session.script('set local enable_seqscan = off; set local enable_sort = off; set local enable_bitmapscan = off');
    const [row] = await session.rows<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>(
      `explain (format json) ${pickWithoutLocks(target)}`,
      values,
    );
    return judgePlan(row?.['QUERY PLAN'][0]?.Plan);
  });
}

/** Pure: what a plan of {@link pickWithoutLocks} does. */
export function judgePlan(plan: PlanNode | undefined): IndexUse {
  const nodes = plan === undefined ? [] : outside(plan);
  const indexes = nodes.flatMap(({ 'Index Name': name }) => name ?? []);
  const usable = nodes.every((node) => !/^(?:Seq Scan|Sort|Incremental Sort)$/.test(node['Node Type']));
  return { indexes: [...new Set(indexes)].toSorted(), usable };
}

/** Without sub-plans, which belong to the condition and to holds. */
function outside(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).filter((inner) => inner['Subplan Name'] === undefined).flatMap(outside)];
}

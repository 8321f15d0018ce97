import type { Progress } from '../../core/progress.ts';
import { DbctlError } from '../../core/errors.ts';
import { step, type Step } from '../../core/step.ts';
import { applySteps } from '../../db/apply-steps.ts';
import { ident, literal, qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { NewPartition } from './plan.ts';

/** What became of a partition that was to be made. */
export interface Made {
  readonly partition: NewPartition;
  /** Null: it is there. */
  readonly problem: string | null;
}

/** The statement that makes it. Pure. */
export function partitionStep(one: NewPartition, user: string): Step {
  const sql = one.isProtected ? governed(one) : apart(one, user);
  return step('partition', `${one.schema}.${one.name}`, `for rows from ${one.from} to before ${one.to}`, sql);
}

/** One of a protected table is guarded in the command that creates it, and belongs to whom the table belongs to. */
const governed = ({ schema, parent, name, from, to }: NewPartition): string =>
  `select dbctl.create_partition(${literal(qualified(schema, parent))}::pg_catalog.regclass, ${literal(name)}, ${literal(from)}, ${literal(to)})`;

/**
 * Made apart and then attached, which lets readers and writers of the table go on (SHARE UPDATE EXCLUSIVE); `create table … partition of` would
 * lock all of them out (ALTER TABLE, ATTACH PARTITION). Without identity, which a partition takes from the table when it is attached.
 */
function apart({ schema, parent, name, from, to, owner }: NewPartition, user: string): string {
  const [table, partition] = [qualified(schema, parent), qualified(schema, name)];
  return [
    `create table ${partition} (like ${table} including all excluding identity)`,
    `comment on table ${partition} is ${literal(`${parent}, rows from ${from} to before ${to}`)}`,
    ...(owner === user ? [] : [`alter table ${partition} owner to ${ident(owner)}`]),
    `alter table ${table} attach partition ${partition} for values from (${literal(from)}) to (${literal(to)})`,
  ].join(';\n');
}

/** Makes them one after the other, each in a transaction of its own: one that cannot be made keeps no other from being made. */
export async function makePartitions(
  session: Session,
  partitions: readonly NewPartition[],
  progress: Progress,
): Promise<readonly Made[]> {
  const made: Made[] = [];
  for (const partition of partitions) {
    const failure = await applySteps(session, [partitionStep(partition, session.user)], progress).then(() => null, failureOf);
    made.push({ partition, problem: failure });
  }
  return made;
}

function failureOf(thrown: unknown): string {
  if (!(thrown instanceof DbctlError) || thrown.sqlstate === undefined) throw thrown;
  // check_violation: the default partition has rows of that time.
  return thrown.sqlstate === '23514'
    ? 'the default partition has rows of that time: runbooks/default-partition.md'
    : thrown.message;
}

import type { Period } from '../../config/partitions.ts';
import { boundText, periodsFrom, suffixOf, type Span } from './calendar.ts';
import type { PartitionedTable } from './inspect.ts';

/** One entry under retention.partitions. */
export interface Upkeep {
  readonly schema: string;
  readonly name: string;
  readonly every: Period;
  readonly ahead: number;
}

/** A partition to be made. */
export interface NewPartition {
  readonly schema: string;
  readonly parent: string;
  readonly name: string;
  /** As the server reads bounds. */
  readonly from: string;
  readonly to: string;
  readonly owner: string;
  readonly isProtected: boolean;
}

/** Something a person has to look at. */
export interface Trouble {
  readonly object: string;
  readonly problem: 'missing' | 'not partitioned' | 'default has rows' | 'overlap' | 'gap' | 'detach pending' | 'long name';
  readonly severity: 'high' | 'medium' | 'low';
  readonly message: string;
  readonly fix: string;
}

export interface UpkeepPlan {
  readonly upkeep: Upkeep;
  readonly make: readonly NewPartition[];
  readonly troubles: readonly Trouble[];
  /** Moment up to which rows have a partition of their own without a hole, from now on; null: not even now. */
  readonly coveredTo: number | null;
}

/** Longest name of PostgreSQL, in bytes (NAMEDATALEN - 1): it cuts longer ones off, without an error. */
const LONGEST_NAME = 63;

/** Which partitions are to be made, and what is wrong with those that are there. Pure; `now` in milliseconds since 1970. */
export function planPartitions(upkeep: Upkeep, table: PartitionedTable, now: number): UpkeepPlan {
  const name = `${upkeep.schema}.${upkeep.name}`;
  const unfit = unfitness(name, table);
  if (unfit !== null) return { upkeep, make: [], troubles: [unfit], coveredTo: null };
  const wanted = periodsFrom(upkeep.every, now, upkeep.ahead);
  const missing = wanted.filter((span) => !table.partitions.some((there) => covers(there, span)));
  const crossing = missing.flatMap((span) =>
    table.partitions.filter((there) => overlaps(there, span)).map((there) => ({ span, there })),
  );
  const free = missing.filter((span) => !crossing.some((one) => one.span === span));
  const make = free.map((span) => newPartition(upkeep, table, span));
  const long = make.filter((one) => Buffer.byteLength(one.name) > LONGEST_NAME);
  return {
    upkeep,
    make: make.filter((one) => !long.includes(one)),
    troubles: [
      ...defaultTrouble(name, table),
      ...table.pending.map((one) => pendingTrouble(name, one)),
      ...crossing.map(({ span, there }) => overlapTrouble(name, span, there)),
      ...long.map((one) => longName(name, one)),
      ...gaps(name, table, now),
    ],
    coveredTo: coveredTo(table.partitions, now),
  };
}

const covers = (there: Span, span: Span): boolean => there.from <= span.from && there.to >= span.to;
const overlaps = (there: Span, span: Span): boolean => there.from < span.to && there.to > span.from;

function unfitness(name: string, { kind, keyType }: PartitionedTable): Trouble | null {
  if (kind === null) {
    return {
      object: name,
      problem: 'missing',
      severity: 'high',
      message: 'there is no such table',
      fix: 'correct retention.partitions in dbctl.yaml, or apply the migration that makes it',
    };
  }
  if (kind === 'p' && keyType !== null) return null;
  return {
    object: name,
    problem: 'not partitioned',
    severity: 'high',
    message: kind === 'p' ? 'it is not partitioned by range of one column of time' : 'it is not partitioned',
    fix: 'docs/partitions.md has the way to make a table partitioned',
  };
}

function newPartition(upkeep: Upkeep, { keyType, owner, isProtected }: PartitionedTable, { from, to }: Span): NewPartition {
  const type = keyType ?? 'timestamptz';
  return {
    schema: upkeep.schema,
    parent: upkeep.name,
    name: `${upkeep.name}${suffixOf(upkeep.every, from)}`,
    from: boundText(type, from),
    to: boundText(type, to),
    owner,
    isProtected,
  };
}

function defaultTrouble(name: string, { defaultPartition }: PartitionedTable): Trouble[] {
  if (defaultPartition?.hasRows !== true) return [];
  return [
    {
      object: defaultPartition.name,
      problem: 'default has rows',
      severity: 'high',
      message: `rows of ${name} are in its default partition: they had no other to go to, and keep that of their time from being made`,
      fix: 'runbooks/default-partition.md',
    },
  ];
}

const pendingTrouble = (name: string, partition: string): Trouble => ({
  object: partition,
  problem: 'detach pending',
  severity: 'high',
  message: `a detach … concurrently of ${name} did not end: its rows are out of sight, and no other partition can be detached`,
  fix: `alter table ${name} detach partition ${partition} finalize;`,
});

const overlapTrouble = (name: string, span: Span, there: Span & { readonly name: string }): Trouble => ({
  object: name,
  problem: 'overlap',
  severity: 'medium',
  message: `${there.name} has part of ${dayOf(span.from)} to ${dayOf(span.to)}, so no partition of that time can be made`,
  fix: 'set `every` to the periods its partitions have, or split that partition',
});

const longName = (name: string, one: NewPartition): Trouble => ({
  object: name,
  problem: 'long name',
  severity: 'medium',
  message: `${one.name} has more than ${LONGEST_NAME} bytes, and PostgreSQL would cut it off`,
  fix: 'give the table a shorter name, or make its partitions by hand',
});

const dayOf = (moment: number): string =>
  Number.isFinite(moment) ? new Date(moment).toISOString().slice(0, 10) : String(moment);

/** Times between two partitions that have none; what is before the first is left to whoever began so. */
function gaps(name: string, { partitions, defaultPartition }: PartitionedTable, now: number): Trouble[] {
  const sorted = partitions.toSorted((a, b) => a.from - b.from);
  return sorted.flatMap((one, index): Trouble[] => {
    const before = sorted[index - 1];
    // What is to come is made; a hole of the past is what somebody took away, or never made.
    if (before === undefined || before.to >= one.from || one.from > now) return [];
    const rows = defaultPartition === null ? 'are refused' : `go to ${defaultPartition.name}`;
    return [
      {
        object: name,
        problem: 'gap',
        severity: 'low',
        message: `there is no partition from ${dayOf(before.to)} to ${dayOf(one.from)}: rows of that time ${rows}`,
        fix: 'nothing, where the partition was archived; else make it by hand',
      },
    ];
  });
}

function coveredTo(partitions: readonly Span[], now: number): number | null {
  let end: number | null = null;
  for (const { from, to } of partitions.toSorted((a, b) => a.from - b.from)) {
    if (from <= (end ?? now) && to > (end ?? now)) end = to;
  }
  return end;
}

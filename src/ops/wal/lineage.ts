import type { TimelineSwitch } from './history.ts';

/** A timeline on the way to another one: its part of the log begins at `begin` and, but for the last, ends at `end`. */
export interface LineagePart {
  readonly timeline: number;
  readonly begin: bigint;
  /** Null: it is the last. */
  readonly end: bigint | null;
}

/** The way from the first timeline to one, oldest first. */
export type Lineage = readonly LineagePart[];

/** The lineage of a timeline by the switches in its history file; one that never branched off has none. Pure. */
export function lineageOf(timeline: number, switches: readonly TimelineSwitch[]): Lineage {
  const parts = [...switches.map((one) => ({ timeline: one.timeline, end: one.at })), { timeline, end: null }];
  return parts.map((one, index) => ({ ...one, begin: switches[index - 1]?.at ?? 0n }));
}

/** The part a position is in: the newest one that has begun there. */
export const partAt = (lineage: Lineage, lsn: bigint): LineagePart | undefined => lineage.findLast(({ begin }) => begin <= lsn);

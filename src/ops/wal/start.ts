import { fail } from '../../core/errors.ts';
import { lsnText } from '../../core/lsn.ts';
import { addressOf, parseWalName } from './segment.ts';
import { partAt, type Lineage } from './lineage.ts';

/** Where receiving begins: always the first byte of a segment, so that the archive gets whole ones. */
export interface ReceiveStart {
  readonly timeline: number;
  readonly start: bigint;
}

export interface StartFacts {
  /** What the archive holds. */
  readonly names: readonly string[];
  readonly segmentBytes: number;
  /** Of the timeline the server is on. */
  readonly lineage: Lineage;
  readonly flushLsn: bigint;
  /** From where the slot holds the log; null: no slot, or one that holds nothing yet. */
  readonly slotLsn: bigint | null;
  /** Where the segment begins that an earlier run was receiving; null: there is none in the spool. */
  readonly spoolLsn: bigint | null;
  /** Begin at what the server still has, although the archive ends before. */
  readonly acceptGap: boolean;
}

/**
 * Where to go on: behind the newest segment of the archive that is of the server's own past; with an empty archive where the
 * slot, an earlier run, or else the server is. Pure. Fails with refused where the archive has seen a later timeline than the server is on, none of its own, or more log than it.
 */
export function planStart(facts: StartFacts): ReceiveStart {
  const { lineage, flushLsn, slotLsn } = facts;
  const size = BigInt(facts.segmentBytes);
  const floor = (lsn: bigint) => lsn - (lsn % size);
  const segments = facts.names.flatMap((name) => {
    const file = parseWalName(name);
    return file?.kind === 'segment' ? [{ timeline: file.timeline, begin: addressOf(file, facts.segmentBytes) }] : [];
  });
  requireOwnPast(facts);
  const here = floor(slotLsn ?? flushLsn);
  const startAt = (start: bigint): ReceiveStart => ({ timeline: partAt(lineage, start)?.timeline ?? 1, start });
  if (segments.length === 0) {
    // Without a slot nothing else knows where an earlier run began, before it had a whole segment.
    const begun = facts.spoolLsn !== null && !facts.acceptGap && facts.spoolLsn < here ? facts.spoolLsn : here;
    return startAt(begun);
  }
  const own = segments.flatMap(({ timeline, begin }) => {
    const part = lineage.find((one) => one.timeline === timeline);
    const isOwn = part !== undefined && begin >= floor(part.begin) && (part.end === null || begin <= floor(part.end));
    return isOwn ? [{ begin, part }] : [];
  });
  const newest = own.toSorted((a, b) => order(a.begin, b.begin) || a.part.timeline - b.part.timeline).at(-1);
  if (newest === undefined) {
    fail('refused', 'the archive holds nothing of the timelines this server has been on', {
      hint: 'It is of another branch of this server: give this one a repository of its own.',
    });
  }
  const { begin, part } = newest;
  // The segment a timeline ends in is on the next one as well, and whole only there.
  const endsHere = part.end !== null && part.end < begin + size;
  const next = lineage[lineage.indexOf(part) + 1];
  const follow =
    endsHere && next !== undefined ? { timeline: next.timeline, start: begin } : { timeline: part.timeline, start: begin + size };
  if (follow.start > flushLsn && !endsHere) {
    fail('refused', `the archive ends at ${lsnText(follow.start)}, and the server has got only to ${lsnText(flushLsn)}`, {
      hint: 'A standby that lags catches up; a server that was restored needs a repository of its own.',
    });
  }
  return facts.acceptGap && here > follow.start ? startAt(here) : follow;
}

const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** An old primary that was started again after a failover would go on with a log nobody follows. */
function requireOwnPast({ names, lineage }: StartFacts): void {
  const current = lineage.at(-1)?.timeline ?? 1;
  const newest = Math.max(0, ...names.map((name) => parseWalName(name)?.timeline ?? 0));
  if (newest <= current) return;
  fail('refused', `the archive follows timeline ${newest}, and this server is on ${current}`, {
    hint: 'An old primary that came back after a failover? Connect to the new one.',
  });
}

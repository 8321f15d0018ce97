import { fail } from '../../core/errors.ts';
import { lsnNumber } from '../../core/lsn.ts';

/** Where a timeline left another: the content of `00000003.history`, one line for each ancestor, oldest first. */
export interface TimelineSwitch {
  /** The timeline that was left. */
  readonly timeline: number;
  /** The position from which the later one counts. */
  readonly at: bigint;
}

/** Reads a history file (src/backend/access/transam/timeline.c). Fails with backup.failed on a line that is none. */
export function parseHistory(name: string, text: string): TimelineSwitch[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, timeline = '', at = ''] = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line) ?? [];
      if (at === '') fail('backup.failed', `${name} has a line that is no switch of timelines: ${line}`);
      return { timeline: Number(timeline), at: lsnNumber(at) };
    });
}

/** A stretch of the log that is read from one timeline. */
export interface Stretch {
  readonly timeline: number;
  /** Exclusive; null: to its end. */
  readonly until: bigint | null;
}

/** The switches before each timeline that has some. */
export type Histories = ReadonlyMap<number, readonly TimelineSwitch[]>;

/** The way from a position on one timeline to the end of a later one. Null: the later one left before that position, or never came from it. Pure. */
export function stretchesFrom(
  from: { readonly timeline: number; readonly lsn: bigint },
  to: number,
  histories: Histories,
): Stretch[] | null {
  if (to === from.timeline) return [{ timeline: to, until: null }];
  const history = histories.get(to) ?? [];
  const first = history.findIndex(({ timeline }) => timeline === from.timeline);
  const left = history[first];
  if (left === undefined || left.at < from.lsn) return null;
  return [...history.slice(first).map(({ timeline, at }) => ({ timeline, until: at })), { timeline: to, until: null }];
}

/** The name of the file that says where a timeline came from. */
export const historyName = (timeline: number): string => `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;

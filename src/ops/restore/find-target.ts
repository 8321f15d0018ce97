import { fail } from '../../core/errors.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
import { requireWal } from '../wal/archive.ts';
import { lsnNumber, lsnText } from '../../core/lsn.ts';
import { readRecords, type SegmentRecords, type WalMark } from '../wal/records.ts';
import { microseconds, timeText, type RecoveryTarget } from './recovery-target.ts';
import type { Reach } from './replay.ts';

/** A target that is in the archive, so that a server will reach it. */
export interface FoundTarget {
  /** What the server is told. */
  readonly stop: Exclude<RecoveryTarget, { kind: 'latest' }>;
  /** The last segment it needs. */
  readonly segment: string;
}

/**
 * Finds the target in the segments that can be reached, by reading their records: what a server would find out when it has replayed for an
 * hour. Fails with refused where it is before the end of the backup, behind a gap, or not there.
 */
export async function findTarget(
  repository: Repository,
  manifest: PhysicalManifest,
  wanted: RecoveryTarget,
  reach: Reach & { readonly segmentBytes: number },
): Promise<FoundTarget> {
  const search = new Search(repository, manifest, reach);
  switch (wanted.kind) {
    case 'time':
      return search.time(wanted.time);
    case 'lsn':
      return search.position(wanted.lsn);
    case 'name':
      return search.name(wanted.name);
    case 'latest':
      return search.latest();
  }
}

/** Reads each segment at most once. */
class Search {
  readonly #repository: Repository;
  readonly #manifest: PhysicalManifest;
  readonly #reach: Reach & { readonly segmentBytes: number };
  readonly #read = new Map<string, Promise<SegmentRecords>>();

  constructor(repository: Repository, manifest: PhysicalManifest, reach: Reach & { readonly segmentBytes: number }) {
    [this.#repository, this.#manifest, this.#reach] = [repository, manifest, reach];
  }

  #records(name: string): Promise<SegmentRecords> {
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    const reading = requireWal(this.#repository, name).then((bytes) => readRecords(bytes) ?? { marks: [], last: null });
    this.#read.set(name, reading);
    return reading;
  }

  /** Ends of transactions after the end of the backup: only there can a recovery stop. */
  async #ends(name: string): Promise<WalMark[]> {
    const from = lsnNumber(this.#manifest.endLsn);
    return (await this.#records(name)).marks.filter(({ kind, lsn }) => kind !== 'restore point' && lsn >= from);
  }

  /** Times grow with the log, so the first segment with a later one is found by halving. Those without any are counted with the next. */
  async time(time: string): Promise<FoundTarget> {
    const wanted = microseconds(time);
    if (wanted < microseconds(this.#manifest.snapshotAt)) this.#tooEarly(time, this.#manifest.snapshotAt);
    const { segments } = this.#reach;
    let [low, high] = [0, segments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (await this.#isAfter(middle, wanted)) high = middle;
      else low = middle + 1;
    }
    for (const segment of segments.slice(low)) {
      if ((await this.#ends(segment)).some((mark) => mark.time > wanted)) return { stop: { kind: 'time', time }, segment };
    }
    const last = await this.#lastEnd();
    return this.#beyond(
      time,
      last === undefined ? 'no transaction ended after the backup' : `the last transaction in it ended at ${timeText(last.time)}`,
    );
  }

  async #isAfter(index: number, wanted: bigint): Promise<boolean> {
    for (const segment of this.#reach.segments.slice(index)) {
      const ends = await this.#ends(segment);
      if (ends.length > 0) return ends.some(({ time }) => time > wanted);
    }
    return true;
  }

  async #lastEnd(): Promise<WalMark | undefined> {
    for (const segment of this.#reach.segments.toReversed()) {
      const last = (await this.#ends(segment)).at(-1);
      if (last !== undefined) return last;
    }
    return undefined;
  }

  async position(lsn: string): Promise<FoundTarget> {
    const wanted = lsnNumber(lsn);
    if (wanted < lsnNumber(this.#manifest.endLsn)) this.#tooEarly(lsn, this.#manifest.endLsn);
    // A recovery stops behind the first record that begins there or later.
    const { segments, segmentBytes } = this.#reach;
    const number = BigInt(segments.length) - 1n - this.#distance(wanted, segmentBytes);
    for (const segment of number < 0n ? [] : segments.slice(Number(number))) {
      const { last } = await this.#records(segment);
      if (last !== null && last >= wanted) return { stop: { kind: 'lsn', lsn }, segment };
    }
    const end = await this.#lastRecord();
    return this.#beyond(lsn, `its last record is at ${lsnText(end?.lsn ?? 0n)}`);
  }

  /** How many segments the position is before the last one; negative: after it. */
  #distance(lsn: bigint, segmentBytes: number): bigint {
    const { segments } = this.#reach;
    const first = lsnNumber(this.#manifest.endLsn) / BigInt(segmentBytes);
    return BigInt(segments.length) - 1n - (lsn / BigInt(segmentBytes) - first);
  }

  async name(name: string): Promise<FoundTarget> {
    for (const segment of this.#reach.segments) {
      const { marks } = await this.#records(segment);
      // A recovery stops at the first of that name.
      const found = marks.find(
        (mark) => mark.kind === 'restore point' && mark.name === name && mark.lsn >= lsnNumber(this.#manifest.startLsn),
      );
      if (found === undefined) continue;
      if (found.lsn < lsnNumber(this.#manifest.endLsn))
        this.#tooEarly(`the point ${name} at ${lsnText(found.lsn)}`, this.#manifest.endLsn);
      return { stop: { kind: 'name', name }, segment };
    }
    return this.#beyond(`the point ${name}`, 'it is in none of its segments from the end of the backup on');
  }

  async latest(): Promise<FoundTarget> {
    const { gap } = this.#reach;
    if (gap !== null) fail('refused', `the archive has a gap: ${gap} is missing, and later ones are there`, { hint: GAP_HINT });
    const found = await this.#lastRecord();
    if (found === undefined || found.lsn < lsnNumber(this.#manifest.endLsn))
      return this.#beyond('latest', 'nothing follows the backup');
    return { stop: { kind: 'lsn', lsn: lsnText(found.lsn) }, segment: found.segment };
  }

  async #lastRecord(): Promise<{ readonly lsn: bigint; readonly segment: string } | undefined> {
    for (const segment of this.#reach.segments.toReversed()) {
      const { last } = await this.#records(segment);
      if (last !== null) return { lsn: last, segment };
    }
    return undefined;
  }

  #tooEarly(what: string, end: string): never {
    return fail('refused', `${what} is before the end of ${this.#manifest.id} at ${end}: a backup cannot be taken back`, {
      hint: 'Take an older backup.',
    });
  }

  #beyond(what: string, why: string): never {
    const { gap, segments } = this.#reach;
    if (gap !== null)
      fail('refused', `${what} is not before the gap in the archive: ${gap} is missing, and later ones are there`, {
        hint: GAP_HINT,
      });
    return fail('refused', `the archive ends at ${segments.at(-1)}, before ${what}: ${why}`, {
      hint: 'dbctl wal status shows what the archive holds.',
    });
  }
}

const GAP_HINT = 'Bring the segment from another copy of the repository, or stop before it with --to TIME.';

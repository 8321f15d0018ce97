import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
import type { ServerAccount } from '../process/account.ts';
import { fetchWal, readArchive } from '../wal/archive.ts';
import { stretchesFrom, type Histories, type Stretch } from '../wal/history.ts';
import { lsnNumber } from '../../core/lsn.ts';
import { readHistories } from '../wal/read-histories.ts';
import { addressOf, parseWalName, segmentName } from '../wal/segment.ts';
import { findTarget, type FoundTarget } from './find-target.ts';
import { recoverySettings, type RecoveryTarget } from './recovery-target.ts';

const STATUS_HINT = 'dbctl wal status shows what the archive holds.';

/** What the archive has for a recovery from a backup, without a gap. */
export interface Reach {
  /** From the segment the backup ends in, as far as there is no gap. */
  readonly segments: readonly string[];
  /** The first that is missing though a later one is there; null: the archive simply ends. */
  readonly gap: string | null;
}

/**
 * How far the archive reaches from the end of a backup along a timeline. Pure. Fails with refused where it does not begin at the backup.
 */
export function reachOf(
  { id, endLsn }: Pick<PhysicalManifest, 'id' | 'endLsn'>,
  stretches: readonly Stretch[],
  archive: { readonly names: readonly string[]; readonly segmentBytes: number },
): Reach {
  const bytes = BigInt(archive.segmentBytes);
  const there = new Set(archive.names);
  // The segment in which a timeline begins is read from the later one, which has all that was before the switch, too.
  const nameAt = (number: bigint) => {
    const { timeline } = stretches.find(({ until }) => until === null || number < until / bytes) ?? { timeline: 1 };
    return segmentName(timeline, number * bytes, archive.segmentBytes);
  };
  const segments: string[] = [];
  let number = lsnNumber(endLsn) / bytes;
  for (; there.has(nameAt(number)); number += 1n) segments.push(nameAt(number));
  const missing = nameAt(number);
  if (segments.length === 0) fail('refused', `the archive lacks ${missing}, in which ${id} ends`, { hint: STATUS_HINT });
  // Only what is on the way: the timeline that was left goes on beyond the switch, and is nobody's gap.
  const later = archive.names.some((name) => {
    const file = parseWalName(name);
    if (file?.kind !== 'segment' || name.slice(8) <= missing.slice(8)) return false;
    return name === nameAt(addressOf(file, archive.segmentBytes) / bytes);
  });
  return { segments, gap: later ? missing : null };
}

export interface Replay {
  /** Segments the recovery needs beyond the backup. */
  readonly segments: readonly string[];
  /** History files of every timeline: the new one must get a number nobody has. */
  readonly histories: readonly string[];
  readonly timeline: number;
  readonly target: FoundTarget;
}

/**
 * What a recovery to the target needs. `timeline` is that to follow; default: the latest of the archive. Fails with refused, before
 * anything is unpacked, where the target is before the backup, a gap is before it, or the archive ends before it.
 */
export async function planReplay(
  repository: Repository,
  manifest: PhysicalManifest,
  wanted: RecoveryTarget,
  timeline?: number,
): Promise<Replay> {
  const { system, names } = await readArchive(repository);
  if (system === null || system.identifier !== manifest.source.systemIdentifier) {
    fail('refused', `the repository has no write-ahead log of server ${manifest.source.systemIdentifier ?? 'unknown'}`, {
      hint: "archive_command = 'dbctl wal push %p' fills it; dbctl wal status shows what it has.",
    });
  }
  const way = wayFrom(manifest, timeline, await readHistories(repository, names));
  if (way.stretches === null) {
    const { id, timeline: own, endLsn } = manifest;
    fail('refused', `timeline ${way.timeline} does not come from ${id}, which ends on timeline ${own} at ${endLsn}`, {
      hint: timeline === undefined ? `Take an older backup, or follow what was left behind with --timeline ${own}.` : STATUS_HINT,
    });
  }
  const reach = reachOf(manifest, way.stretches, { names, segmentBytes: system.segmentBytes });
  const target = await findTarget(repository, manifest, wanted, { ...reach, segmentBytes: system.segmentBytes });
  const segments = reach.segments.slice(0, reach.segments.indexOf(target.segment) + 1);
  const histories = names.filter((name) => parseWalName(name)?.kind === 'history');
  return { segments, histories, timeline: way.timeline, target };
}

/**
 * The way from the end of a backup along a timeline; default: the latest of the archive, also when the newest backup is not on it: what was left
 * behind by an earlier recovery is not restored unasked. Pure. `stretches` is null where the timeline does not come from the backup.
 */
export function wayFrom(
  { endLsn, timeline: own }: Pick<PhysicalManifest, 'endLsn' | 'timeline'>,
  wanted: number | undefined,
  histories: Histories,
): { readonly timeline: number; readonly stretches: readonly Stretch[] | null } {
  const timeline = wanted ?? Math.max(own, ...histories.keys());
  return { timeline, stretches: stretchesFrom({ timeline: own, lsn: lsnNumber(endLsn) }, timeline, histories) };
}

/**
 * Readies an unpacked backup for a recovery to a point: brings the segments it needs beside it and writes down where to stop. The server that
 * starts there replays them and opens; if the point is not in them it stops with an error instead of opening.
 */
export async function prepareReplay(
  repository: Repository,
  { segments, histories, timeline, target }: Replay,
  made: {
    readonly data: string;
    /** Where the segments will be when the folder has its name. */
    readonly wal: string;
    readonly account: ServerAccount | undefined;
    readonly onSegment?: (name: string) => void;
  },
): Promise<void> {
  const give = async (path: string) => (made.account === undefined ? undefined : chown(path, made.account.uid, made.account.gid));
  await mkdir(made.wal, { mode: 0o700 });
  await give(made.wal);
  for (const name of [...histories, ...segments]) {
    const path = join(made.wal, name);
    if (!(await fetchWal(repository, name, path)))
      fail('refused', `${name} has gone from the archive meanwhile`, { hint: STATUS_HINT });
    await give(path);
    made.onSegment?.(name);
  }
  for (const [name, text, flag] of [
    ['postgresql.auto.conf', recoverySettings(target.stop, timeline, made.wal), 'a'],
    ['recovery.signal', '', 'w'],
  ] as const) {
    await writeFile(join(made.data, name), text, { mode: 0o600, flag });
    await give(join(made.data, name));
  }
}

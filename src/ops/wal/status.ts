import { statfs } from 'node:fs/promises';
import { bytesText } from '../../core/bytes.ts';
import { item, type Item, type Metric } from '../../core/report.ts';
import type { Repository } from '../backup/repository.ts';
import { ENOUGH_SECONDS, adviseRetention, rateText, type Advice } from './advice.ts';
import { readArchive, type WalArchive } from './archive.ts';
import { findBorderGaps, missingHistories } from './borders.ts';
import { historyName } from './history.ts';
import { judgeServer, type WalLimits } from './judge.ts';
import { walMetrics } from './metrics.ts';
import { readHistories } from './read-histories.ts';
import { findGaps, parseWalName, type Gap } from './segment.ts';
import type { ServerWal } from './server.ts';

export interface StatusInputs extends Pick<WalLimits, 'lagBytes' | 'slotBytes'> {
  readonly outageSeconds: number;
  readonly walDiskBytes: number | null;
}

export interface WalStatus {
  readonly items: readonly Item[];
  readonly metrics: readonly Metric[];
  /** Lines to paste, with numbers of this server. */
  readonly advice: readonly string[];
  readonly summary: {
    readonly systemIdentifier: string | null;
    readonly files: number;
    readonly segments: number;
    readonly bytes: number;
    readonly gaps: number;
  };
}

/** Looks at the archive, and at the server's side of it where there is one; changes nothing. Fails with storage.failed. */
export async function walStatus(
  repository: Repository,
  server: { readonly facts: ServerWal; readonly user: string } | null,
  inputs: StatusInputs,
): Promise<WalStatus> {
  const archive = await readArchive(repository);
  const { names, system } = archive;
  const segments = names.filter((name) => parseWalName(name)?.kind === 'segment');
  const gaps = system === null ? [] : await allGaps(repository, segments, names, system.segmentBytes);
  const lost = missingHistories(names);
  const bytes = segments.reduce((sum, name) => sum + (archive.sizes.get(name) ?? 0), 0);
  const advice = server === null ? null : await adviceFor(repository, archive, server.facts, inputs, bytes / segments.length);
  return {
    items: [
      ...timelineItems(segments),
      ...gaps.map(gapItem),
      ...lost.map(historyItem),
      ...(server === null ? [] : judgeServer(server.facts, archive, { ...inputs, user: server.user })),
      ...(advice === null ? [] : adviceItems(advice, server?.facts ?? null)),
    ],
    metrics: walMetrics(archive, gaps.length + lost.length, server?.facts ?? null),
    advice: advice === null || server === null ? [] : adviceLines(advice, inputs, server.facts),
    summary: {
      systemIdentifier: system?.identifier ?? null,
      files: names.length,
      segments: segments.length,
      bytes,
      gaps: gaps.length + lost.length,
    },
  };
}

async function allGaps(
  repository: Repository,
  segments: readonly string[],
  names: readonly string[],
  segmentBytes: number,
): Promise<Gap[]> {
  const histories = await readHistories(repository, names);
  return [...findGaps(segments, segmentBytes), ...findBorderGaps(segments, segmentBytes, histories)];
}

async function adviceFor(
  { storage }: Repository,
  { system }: WalArchive,
  { rate, maxWalBytes }: ServerWal,
  { outageSeconds, walDiskBytes }: StatusInputs,
  storedBytes: number,
): Promise<Advice | null> {
  if (rate.seconds < ENOUGH_SECONDS) return null;
  const disk = storage.folder === null ? null : await statfs(storage.folder).catch(() => null);
  return adviseRetention({
    rate,
    maxWalBytes,
    outageSeconds,
    walDiskBytes,
    freeBytes: disk === null ? null : disk.bavail * disk.bsize,
    storedBytes: Number.isNaN(storedBytes) ? null : storedBytes,
    segmentBytes: system?.segmentBytes ?? 1,
  });
}

const timelineText = (timeline: number): string => `timeline ${timeline}`;

function timelineItems(segments: readonly string[]): Item[] {
  return [...new Set(segments.map((name) => name.slice(0, 8)))].map((timeline) => {
    const own = segments.filter((name) => name.startsWith(timeline));
    const message = `${own.length} segments, ${own[0]} to ${own.at(-1)}`;
    return item({ id: 'timeline', object: timelineText(Number.parseInt(timeline, 16)), message });
  });
}

function gapItem({ timeline, first, last, count }: Gap): Item {
  return item({
    id: 'gap',
    object: timelineText(timeline),
    status: 'fail',
    severity: 'high',
    message: count === 1 ? `${first} is missing` : `${count} segments are missing, ${first} to ${last}`,
    fix: 'take a physical backup now: the ones from before the gap can be recovered up to it, and no further',
  });
}

function historyItem(timeline: number): Item {
  return item({
    id: 'history',
    object: timelineText(timeline),
    status: 'fail',
    severity: 'high',
    message: `${historyName(timeline)} is missing: no recovery finds the way to this timeline`,
    fix: `copy it from pg_wal of the server: dbctl wal push pg_wal/${historyName(timeline)}`,
  });
}

/** Two days are a weekend without anybody who looks. */
const FEWEST_DAYS = 2;

function adviceItems(advice: Advice, server: ServerWal | null): Item[] {
  const rate =
    server === null ? [] : [item({ id: 'rate', object: 'server', message: `writes ${rateText(advice, server.rate)}` })];
  const { archiveDays } = advice;
  if (archiveDays === null) return rate;
  const message = `the free space is enough for ${archiveDays < 1_000 ? archiveDays.toFixed(1) : 'more than 1000'} days of the log`;
  const full = archiveDays < FEWEST_DAYS;
  const judged = full ? ({ status: 'fail', severity: 'high', fix: 'dbctl backup prune --dry-run' } as const) : {};
  return [...rate, item({ id: 'space', object: 'repository', message, ...judged })];
}

function adviceLines(
  { maxSlotWalKeepSize, walKeepSize, tooMuchBytes }: Advice,
  { outageSeconds }: StatusInputs,
  { archiver, slots, slotLimitBytes }: ServerWal,
): string[] {
  const hours = `${Math.round(outageSeconds / 360) / 10} h`;
  const unlimited = slots.length > 0 && slotLimitBytes === null ? ' Nothing limits what slots hold now.' : '';
  const tooMuch = `Half of --wal-disk is less than the ${bytesText(tooMuchBytes ?? 0)} of ${hours}: a receiver may be away for less than that.`;
  const timeout = "What is committed waits for a full segment to be archived: alter system set archive_timeout = '60s';";
  return [
    `For ${hours} without a receiver: alter system set max_slot_wal_keep_size = '${maxSlotWalKeepSize}';${unlimited}`,
    `For those who read without a slot, an hour: alter system set wal_keep_size = '${walKeepSize}';`,
    ...(tooMuchBytes === null ? [] : [tooMuch]),
    ...(archiver.mode === 'off' || archiver.timeoutSeconds > 0 ? [] : [timeout]),
  ];
}

/** What a file of pg_wal is, by its name (src/include/access/xlog_internal.h). */
export type WalFile =
  | { readonly kind: 'segment' | 'partial'; readonly timeline: number; readonly log: number; readonly segment: number }
  | { readonly kind: 'history'; readonly timeline: number }
  | { readonly kind: 'backup'; readonly timeline: number; readonly log: number; readonly segment: number };

const hex = (text: string | undefined): number => Number.parseInt(text ?? '0', 16);

/** The name of a file as the server hands it to archive_command; undefined for any other. */
export function parseWalName(name: string): WalFile | undefined {
  const history = /^([0-9A-F]{8})\.history$/.exec(name);
  if (history !== null) return { kind: 'history', timeline: hex(history[1]) };
  const match = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial|\.[0-9A-F]{8}\.backup)?$/.exec(name);
  if (match === null) return undefined;
  const [, timeline, log, segment, ending = ''] = match;
  const kind = ending === '' ? 'segment' : ending === '.partial' ? 'partial' : 'backup';
  return { kind, timeline: hex(timeline), log: hex(log), segment: hex(segment) };
}

/** The long header at the beginning of each segment (XLogLongPageHeaderData, little endian on every platform dbctl runs on). */
export interface SegmentHeader {
  readonly magic: number;
  /** The segment was begun on this timeline; its name may say a later one. */
  readonly timeline: number;
  /** Position in the log of its first byte. */
  readonly address: bigint;
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
}

/** XLP_LONG_HEADER. */
const LONG = 0x0002;
const HEADER_BYTES = 40;

/** Reads the header; undefined where there is none: an empty, zeroed or foreign file. */
export function readHeader(bytes: Buffer): SegmentHeader | undefined {
  // XLOG_PAGE_MAGIC begins with 0xD1 in every release there is: 0xD116 in 17, 0xD118 in 18.
  if (bytes.length < HEADER_BYTES || bytes.readUInt16LE(0) >> 8 !== 0xd1 || (bytes.readUInt16LE(2) & LONG) === 0)
    return undefined;
  return {
    magic: bytes.readUInt16LE(0),
    timeline: bytes.readUInt32LE(4),
    address: bytes.readBigUInt64LE(8),
    systemIdentifier: String(bytes.readBigUInt64LE(24)),
    segmentBytes: bytes.readUInt32LE(32),
  };
}

/** 2^32: a log number stands for this many bytes, whatever the size of its segments. */
const LOG_BYTES = 0x1_0000_0000n;

/** Position in the log where the segment begins. */
export const addressOf = ({ log, segment }: { readonly log: number; readonly segment: number }, segmentBytes: number): bigint =>
  BigInt(log) * LOG_BYTES + BigInt(segment) * BigInt(segmentBytes);

const eight = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

/** The name of the segment that begins at this position. */
export function segmentName(timeline: number, address: bigint, segmentBytes: number): string {
  return `${eight(timeline)}${eight(Number(address / LOG_BYTES))}${eight(Number((address % LOG_BYTES) / BigInt(segmentBytes)))}`;
}

/** Segments that are missing between the first and the last of their timeline. */
export interface Gap {
  readonly timeline: number;
  readonly first: string;
  readonly last: string;
  readonly count: number;
}

/** Gaps by arithmetic over the names, timeline by timeline; a backup or a recovery across one is not possible. Pure. */
export function findGaps(names: readonly string[], segmentBytes: number): Gap[] {
  const timelines = new Map<number, bigint[]>();
  for (const name of names) {
    const file = parseWalName(name);
    if (file?.kind !== 'segment') continue;
    const numbers = timelines.get(file.timeline) ?? [];
    numbers.push(addressOf(file, segmentBytes) / BigInt(segmentBytes));
    timelines.set(file.timeline, numbers);
  }
  return [...timelines].flatMap(([timeline, numbers]) => {
    const sorted = [...new Set(numbers)].toSorted((a, b) => (a < b ? -1 : 1));
    return sorted.flatMap((number, index): Gap[] => {
      const next = sorted[index + 1];
      if (next === undefined || next === number + 1n) return [];
      const name = (one: bigint) => segmentName(timeline, one * BigInt(segmentBytes), segmentBytes);
      return [{ timeline, first: name(number + 1n), last: name(next - 1n), count: Number(next - number - 1n) }];
    });
  });
}

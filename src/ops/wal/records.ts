import { readHeader } from './segment.ts';

/** A record of the log a recovery can stop at by time or by name. */
export interface WalMark {
  /** Position of the record's first byte. */
  readonly lsn: bigint;
  readonly kind: 'commit' | 'abort' | 'restore point';
  /** Microseconds since 1970, as the server's clock had it. */
  readonly time: bigint;
  /** Of a restore point (pg_create_restore_point). */
  readonly name?: string;
}

export interface SegmentRecords {
  readonly marks: readonly WalMark[];
  /** Position of the last record that begins in the segment and ends in it; null: there is none. */
  readonly last: bigint | null;
}

/** XLOG_BLCKSZ, as every package builds it; the header of a segment says so, too. */
const PAGE = 8192;
/** SizeOfXLogShortPHD and SizeOfXLogLongPHD, with alignment. */
const [SHORT, LONG] = [24, 40];
/** XLP_FIRST_IS_CONTRECORD: the page begins with the rest of a record. */
const CONTINUED = 0x0001;
/** Size of XLogRecord, without what follows it. */
const RECORD = 24;

/**
 * The records of one segment, without looking into what they change (src/include/access/xlogrecord.h). Reading ends at the first thing that is
 * no record, as recovery does. Undefined: the bytes are no segment.
 */
export function readRecords(bytes: Buffer): SegmentRecords | undefined {
  const header = readHeader(bytes);
  if (header === undefined) return undefined;
  const marks: WalMark[] = [];
  let last: bigint | null = null;
  let before: bigint | undefined;
  for (let at = firstRecord(bytes); at !== undefined;) {
    const record = readRecord(bytes, at);
    if (record === undefined || (before !== undefined && record.previous !== before)) break;
    const lsn = header.address + BigInt(at);
    const mark = markOf(record, lsn);
    if (mark !== undefined) marks.push(mark);
    [last, before] = [lsn, lsn];
    // What follows a switch is empty up to the end of the segment.
    if (record.manager === MANAGERS.xlog && record.info === SWITCH) break;
    at = aligned(record.end);
  }
  return { marks, last };
}

interface WalRecord {
  readonly previous: bigint;
  readonly info: number;
  readonly manager: number;
  /** What follows the header, as far as a mark needs it. */
  readonly body: Buffer;
  /** Where the record ends in the segment. */
  readonly end: number;
}

/** Size of the header of the page at this place of the segment. */
const pageHeader = (at: number): number => (at < PAGE ? LONG : SHORT);

/** Records begin at multiples of 8, and never in the header of a page. */
function aligned(at: number): number {
  const next = (at + 7) & ~7;
  return next % PAGE === 0 ? next + pageHeader(next) : next;
}

function firstRecord(bytes: Buffer): number | undefined {
  if ((bytes.readUInt16LE(2) & CONTINUED) === 0) return LONG;
  const end = skip(bytes, LONG, bytes.readUInt32LE(16));
  return end === undefined ? undefined : aligned(end);
}

/** The place `count` bytes of log further, headers of pages left out; undefined: beyond the segment. */
function skip(bytes: Buffer, from: number, count: number): number | undefined {
  let [at, left] = [from, count];
  for (;;) {
    const room = PAGE - (at % PAGE);
    if (left <= room) return at + left > bytes.length ? undefined : at + left;
    left -= room;
    at += room;
    if (at >= bytes.length) return undefined;
    at += SHORT;
  }
}

/** `count` bytes of log from a place on, headers of pages left out. */
function take(bytes: Buffer, from: number, count: number): Buffer {
  const parts: Buffer[] = [];
  let [at, left] = [from, count];
  while (left > 0 && at < bytes.length) {
    if (at % PAGE === 0) at += SHORT;
    const part = bytes.subarray(at, at + Math.min(left, PAGE - (at % PAGE)));
    parts.push(part);
    left -= part.length;
    at += part.length;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

/** The name of a restore point ends after 8 bytes of time and 64 of name; headers before it take at most 15. */
const BODY = 8 + 64 + 15;

function readRecord(bytes: Buffer, at: number): WalRecord | undefined {
  if (at + 4 > bytes.length) return undefined;
  const length = bytes.readUInt32LE(at);
  if (length < RECORD) return undefined;
  const end = skip(bytes, at, length);
  if (end === undefined) return undefined;
  const head = take(bytes, at, Math.min(length, RECORD + BODY));
  return {
    previous: head.readBigUInt64LE(8),
    // The lower half is of the machinery, not of the resource manager.
    info: head.readUInt8(16) & 0xf0,
    manager: head.readUInt8(17),
    body: head.subarray(RECORD),
    end,
  };
}

/** Resource managers (rmgrlist.h). */
const MANAGERS = { xlog: 0, xact: 1 } as const;
const SWITCH = 0x40;
const RESTORE_POINT = 0x70;
/** XLOG_XACT_OPMASK and what it can be: COMMIT, ABORT, COMMIT_PREPARED, ABORT_PREPARED. */
const XACT_MASK = 0x70;
const XACT_KINDS: Readonly<Record<number, 'commit' | 'abort'>> = { 0x00: 'commit', 0x20: 'abort', 0x30: 'commit', 0x40: 'abort' };

function markOf({ manager, info, body }: WalRecord, lsn: bigint): WalMark | undefined {
  const kind = manager === MANAGERS.xact ? XACT_KINDS[info & XACT_MASK] : undefined;
  const point = manager === MANAGERS.xlog && info === RESTORE_POINT;
  if (kind === undefined && !point) return undefined;
  const data = mainData(body);
  if (data === undefined || data.length < 8) return undefined;
  const time = data.readBigInt64LE(0) + EPOCH;
  if (kind !== undefined) return { lsn, kind, time };
  const end = data.indexOf(0, 8);
  return { lsn, kind: 'restore point', time, name: data.toString('utf8', 8, end < 0 ? data.length : end) };
}

/** Microseconds between 1970 and 2000, where PostgreSQL counts from. */
const EPOCH = 946_684_800_000_000n;

/** The data of a record that changes no page: behind headers that say whose it is and how long. */
function mainData(body: Buffer): Buffer | undefined {
  for (let at = 0; at < body.length;) {
    const id = body.readUInt8(at);
    // XLR_BLOCK_ID_DATA_SHORT, _LONG, _ORIGIN, _TOPLEVEL_XID.
    if (id === 255) return body.subarray(at + 2);
    if (id === 254) return body.subarray(at + 5);
    if (id === 253) at += 3;
    else if (id === 252) at += 5;
    else return undefined;
  }
  return undefined;
}

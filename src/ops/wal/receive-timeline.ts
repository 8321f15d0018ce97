import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../core/errors.ts';
import { lsnText } from '../../core/lsn.ts';
import type { NextTimeline, WalData, WalStream } from '../../db/wal-stream.ts';
import type { Outbox } from './outbox.ts';
import type { OpenSegment, Spool } from './spool.ts';
import type { ReceiveStart } from './start.ts';

export interface TimelineInputs {
  readonly stream: WalStream;
  readonly at: ReceiveStart;
  readonly segmentBytes: number;
  readonly spool: Spool;
  readonly outbox: Outbox;
  readonly until: bigint | null;
  readonly signal: AbortSignal;
  /** Called with how far the log is here, on the disk. */
  readonly onFlushed: (lsn: bigint) => void;
}

/** How it ended; at the end of a timeline the log goes on elsewhere. */
export type TimelineEnd =
  | { readonly kind: 'reached' | 'stopped'; readonly lsn: bigint }
  | { readonly kind: 'next'; readonly next: NextTimeline };

/** What has come is on the disk at most this long after. */
const FLUSH_EVERY_MS = 1_000;

/** A server that does not answer must not keep a service from being stopped. */
const FAREWELL_MS = 3_000;

/**
 * Receives one timeline: writes the segment that comes into the spool, hands whole ones to the outbox, and reports to the server what is safe.
 * Fails where the connection is lost (what has come stays), and with what the outbox failed with.
 */
export async function receiveTimeline(inputs: TimelineInputs): Promise<TimelineEnd> {
  const { stream, outbox, until, signal, onFlushed } = inputs;
  const writer = new SegmentWriter(inputs);
  let reported = 0n;
  try {
    for (let flushedAt = performance.now(); ;) {
      const pieces = await stream.next(FLUSH_EVERY_MS, signal);
      for (const piece of pieces ?? []) await writer.write(piece);
      outbox.check();
      const ended = pieces === null || signal.aborted || (until !== null && writer.position >= until);
      const due = ended || stream.reportWanted || performance.now() - flushedAt >= FLUSH_EVERY_MS;
      if (due) {
        await writer.flush();
        flushedAt = performance.now();
      }
      // A segment that came whole is flushed with it: a connection lost before the first flush of this loop has brought something all the same.
      if (due || writer.flushed > reported) onFlushed(writer.flushed);
      if (ended) await outbox.empty();
      const safe = smaller(writer.flushed, outbox.firstWaiting);
      if (ended || stream.reportWanted || safe > reported) stream.report(writer.position, safe);
      reported = safe;
      if (pieces === null) return await nextOf(stream, writer.position);
      if (ended) return await farewell(stream, signal.aborted ? 'stopped' : 'reached', writer.flushed);
    }
  } finally {
    await writer.close();
  }
}

const smaller = (a: bigint, b: bigint | null): bigint => (b !== null && b < a ? b : a);

async function nextOf(stream: WalStream, position: bigint): Promise<TimelineEnd> {
  const next = await stream.end();
  if (next !== null) return { kind: 'next', next };
  return fail('db.unreachable', `the server ended the stream at ${lsnText(position)} and names no next timeline`);
}

async function farewell(stream: WalStream, kind: 'reached' | 'stopped', lsn: bigint): Promise<TimelineEnd> {
  const patience = new AbortController();
  // Everything is safe and has been reported: a connection that is lost now changes nothing.
  const ended = stream.end().catch(() => null);
  await Promise.race([ended, sleep(FAREWELL_MS, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
  return { kind, lsn };
}

/** Cuts the stream into files. */
class SegmentWriter {
  readonly #inputs: TimelineInputs;
  #open: OpenSegment | undefined;
  position: bigint;
  flushed: bigint;

  constructor(inputs: TimelineInputs) {
    this.#inputs = inputs;
    this.position = inputs.at.start;
    this.flushed = inputs.at.start;
  }

  async write({ position, bytes }: WalData): Promise<void> {
    if (position !== this.position) {
      fail('backup.failed', `the server sent the log from ${lsnText(position)}, and ${lsnText(this.position)} was to come`, {
        hint: 'Run it again: it begins at the end of the archive.',
      });
    }
    for (let rest = bytes; rest.length > 0;) rest = await this.#writePart(rest);
  }

  /** As much as belongs into the segment; the rest comes back. */
  async #writePart(bytes: Buffer): Promise<Buffer> {
    const { spool, at, segmentBytes, outbox } = this.#inputs;
    const into = (this.#open ??= await spool.open(at.timeline, this.position - (this.position % BigInt(segmentBytes))));
    const offset = Number(this.position - into.begin);
    const part = bytes.subarray(0, segmentBytes - offset);
    await writeAll(into.file, part, offset);
    this.position += BigInt(part.length);
    if (offset + part.length === segmentBytes) {
      const path = await spool.complete(into);
      this.#open = undefined;
      this.flushed = this.position;
      await outbox.add(path, into.name, into.begin);
    }
    return bytes.subarray(part.length);
  }

  async flush(): Promise<void> {
    if (this.flushed < this.position) await this.#open?.file.datasync();
    this.flushed = this.position;
  }

  async close(): Promise<void> {
    await this.#open?.file.close();
    this.#open = undefined;
  }
}

/** A full disk takes a part first and says so at the next write. */
async function writeAll(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}

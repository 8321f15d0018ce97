import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import type { Storage, Transfer } from './storage.ts';

/** Waits until so many bytes may move. */
export type Pace = (bytes: number, signal: AbortSignal | undefined) => Promise<void>;

/** Time as the pace sees it; tests hand in their own. */
export interface Time {
  now(): number;
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

const realTime: Time = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

/** Bytes paid for at once: an eighth of a second at the slowest rate the configuration takes. */
export const STRIDE = 8_192;

/** A timer is late by a millisecond or two, which at 8 KiB each would be 8 MB/s: so much is slept at once, and so much lateness made up for. */
const SLACK_MS = 20;

/** Lets bytes through at a rate, over all transfers that share it. A pause earns no burst beyond the slack. */
export function paceOf(bytesPerSecond: number, time: Time = realTime): Pace {
  let paidUntil = -Infinity;
  return async (bytes, signal) => {
    paidUntil = Math.max(paidUntil, time.now() - SLACK_MS) + (bytes / bytesPerSecond) * 1_000;
    const wait = paidUntil - time.now();
    if (wait >= SLACK_MS) await time.sleep(wait, signal);
  };
}

/** The chunk in strides, each when its time has come. */
export async function* paced(chunk: Buffer, pace: Pace, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  for (let at = 0; at < chunk.length; at += STRIDE) {
    const stride = chunk.subarray(at, at + STRIDE);
    await pace(stride.length, signal);
    yield stride;
  }
}

/**
 * The storage, moving at most so many bytes of files a second, all reads and writes together. The storage pays for what it writes through
 * `transfer.pace`; what it reads is slowed here, and the stream's back pressure slows the sender. What is created waits until all of it is paid for, or
 * the signal comes.
 */
export function rateLimited(storage: Storage, bytesPerSecond: number, signal?: AbortSignal): Storage {
  const pace = paceOf(bytesPerSecond);
  return {
    ...storage,
    read: async (key) => {
      const found = await storage.read(key);
      return found === null ? null : slowed(found, pace);
    },
    write: (key, content, transfer) => storage.write(key, content, { ...(transfer ?? UNWATCHED), pace }),
    create: async (key, content) => {
      await pace(content.length, signal);
      return storage.create(key, content);
    },
  };
}

/** Of a transfer nobody watches. */
export const UNWATCHED: Transfer = { signal: new AbortController().signal, onBytes: () => {} };

function slowed(from: Readable, pace: Pace): Readable {
  const stop = new AbortController();
  async function* strides(): AsyncGenerator<Buffer> {
    for await (const chunk of from) yield* paced(chunk as Buffer, pace, stop.signal);
  }
  return Readable.from(strides(), { objectMode: false }).once('close', () => {
    stop.abort();
    from.destroy();
  });
}

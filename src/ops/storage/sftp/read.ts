import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import type { ErrorCode } from '../../../core/errors.ts';
import { ConnectionLost, type SftpConnection } from './connection.ts';
import { attributesOf, CHUNK, closeHandle, nullWhereNone, openForReading, readAt, WINDOW } from './files.ts';
import type { Attributes } from './packet.ts';

export interface RemoteReading {
  readonly connection: () => Promise<SftpConnection>;
  readonly path: string;
  readonly signal: AbortSignal;
  /** Makes the error of a stream; storage.failed where no code is given. */
  readonly failure: (words: string, cause: unknown, code?: ErrorCode) => Error;
}

/** A connection that is lost is made again and the reading goes on, this often without a byte in between. */
const TRIES = 3;

/** The bytes of a file; null: it is not there. The stream fails when bytes are missing at the end, or another file takes its place. */
export async function readRemote(reading: RemoteReading): Promise<Readable | null> {
  const connection = await reading.connection();
  const handle = await openForReading(connection, reading.path).catch(nullWhereNone);
  if (handle === null) return null;
  const attributes = await attributesOf(connection, handle);
  if (attributes.kind !== undefined && attributes.kind !== 'file') {
    await closeHandle(connection, handle);
    throw reading.failure('it is not a plain file', undefined, 'backup.failed');
  }
  const stream = Readable.from(bytes(reading, { connection, handle }, attributes), { objectMode: false });
  // Also where nobody began to read: the handle would stay open.
  return stream.once('close', () => void closeHandle(connection, handle).catch(() => {}));
}

interface Opened {
  readonly connection: SftpConnection;
  readonly handle: Buffer;
}

async function* bytes(reading: RemoteReading, first: Opened, expected: Attributes): AsyncGenerator<Buffer> {
  let [opened, at, failures]: [Opened | null, number, number] = [first, 0, 0];
  while (at < expected.bytes) {
    try {
      opened ??= await openAgain(reading, expected);
      for await (const chunk of window(opened, at, expected.bytes)) {
        [at, failures] = [at + chunk.length, 0];
        yield chunk;
      }
      if (at < expected.bytes) throw reading.failure(`the bytes end at ${at} of ${expected.bytes}`, undefined);
    } catch (thrown) {
      failures += 1;
      if (!(thrown instanceof ConnectionLost)) throw thrown;
      if (failures === TRIES) throw reading.failure(`the bytes end at ${at} of ${expected.bytes}: ${thrown.message}`, thrown);
      opened = null;
      await sleep(500 * failures, undefined, { signal: reading.signal });
    }
  }
  if (opened !== null && opened !== first) await closeHandle(opened.connection, opened.handle).catch(() => {});
}

async function openAgain(reading: RemoteReading, expected: Attributes): Promise<Opened> {
  const connection = await reading.connection();
  const handle = await openForReading(connection, reading.path);
  const now = await attributesOf(connection, handle);
  if (now.bytes === expected.bytes && now.modified === expected.modified) return { connection, handle };
  throw reading.failure('another file took its place', undefined);
}

/** The chunks in their order, a window of them asked for ahead. A short one is asked for again from where it ended; none: the file ends. */
async function* window({ connection, handle }: Opened, from: number, end: number): AsyncGenerator<Buffer> {
  const asked: { at: number; bytes: number; answer: Promise<Buffer | null> }[] = [];
  const ask = (at: number, length: number) => {
    const answer = readAt(connection, handle, at, length);
    // Looked at in its turn; until then it is not unhandled.
    answer.catch(() => {});
    return { at, bytes: length, answer };
  };
  let next = from;
  for (;;) {
    for (; asked.length < WINDOW && next < end; next += CHUNK) asked.push(ask(next, Math.min(CHUNK, end - next)));
    const first = asked.shift();
    if (first === undefined) return;
    const chunk = await first.answer;
    if (chunk === null || chunk.length === 0) return;
    if (chunk.length < first.bytes) asked.unshift(ask(first.at + chunk.length, first.bytes - chunk.length));
    yield chunk;
  }
}

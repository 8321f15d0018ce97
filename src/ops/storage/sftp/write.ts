import { fail } from '../../../core/errors.ts';
import type { Source } from '../content.ts';
import type { Transfer } from '../storage.ts';
import type { SftpConnection } from './connection.ts';
import { attributesOf, CHUNK, closeHandle, openNew, removeFile, syncHandle, WINDOW, writeAt } from './files.ts';

/** Fills a new file of the other machine, of full size and on its disk when this returns. Nothing of it is left where that fails. */
export async function fillFile(connection: SftpConnection, path: string, source: Source, transfer: Transfer): Promise<void> {
  const handle = await openNew(connection, path);
  try {
    await sendAll(connection, handle, source, transfer);
    await syncHandle(connection, handle);
    const { bytes } = await attributesOf(connection, handle);
    if (bytes !== source.bytes)
      fail('storage.failed', `${path} has ${bytes} bytes there and ${source.bytes} here`, {
        hint: 'Look at the disk of the other machine.',
      });
    await closeHandle(connection, handle);
  } catch (thrown) {
    await closeHandle(connection, handle).catch(() => {});
    await removeFile(connection, path).catch(() => {});
    throw thrown;
  }
}

/** Read from the disk in pieces of this size, sent in chunks. */
const PIECE = 32 * CHUNK;

async function sendAll(
  connection: SftpConnection,
  handle: Buffer,
  source: Source,
  { signal, pace, onBytes }: Transfer,
): Promise<void> {
  const sent: { bytes: number; answer: Promise<void> }[] = [];
  const settle = async (): Promise<void> => {
    const first = sent.shift();
    await first?.answer;
    onBytes(first?.bytes ?? 0);
  };
  for (let at = 0; at < source.bytes; at += PIECE) {
    const piece = await source.read(at, Math.min(PIECE, source.bytes - at));
    for (let from = 0; from < piece.length; from += CHUNK) {
      const chunk = piece.subarray(from, from + CHUNK);
      await pace?.(chunk.length, signal);
      signal.throwIfAborted();
      if (sent.length >= WINDOW) await settle();
      const answer = writeAt(connection, handle, at + from, chunk);
      answer.catch(() => {});
      sent.push({ bytes: chunk.length, answer });
    }
  }
  while (sent.length > 0) await settle();
}

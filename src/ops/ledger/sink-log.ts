import { open } from 'node:fs/promises';
import type { Log } from '../../core/log.ts';
import type { OutgoingNote, Receipt, Sink } from './sink.ts';

/**
 * One JSON line a note, for whatever ships logs off the machine: to dbctl's own log, or appended to a file. It is only written: what
 * became of it is known where the lines arrive.
 */
export function logSink(name: string, place: Log | string): Sink {
  return {
    name,
    type: 'log',
    publish: (note) => (typeof place === 'string' ? append(name, place, note) : write(name, place, note)),
    latest: () => Promise.resolve('unreadable' as const),
    read: () => Promise.resolve('unreadable' as const),
  };
}

async function append(sink: string, path: string, { sequence, text }: OutgoingNote): Promise<Receipt> {
  // One write of a short line in append mode: lines of several writers do not mix (POSIX, O_APPEND). A short write is gone on with, so
  // that a full disk fails here instead of being answered with a receipt.
  const file = await open(path, 'a', 0o644);
  try {
    await file.appendFile(`${JSON.stringify({ event: 'dbctl.ledger.checkpoint', sequence, note: text })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return { sink, reference: path, detail: { sequence } };
}

/** At level warn, which is what is shown without being asked for; the note in an object, so that it stays on one line as text too. */
function write(sink: string, log: Log, { sequence, text }: OutgoingNote): Promise<Receipt> {
  log.warn('ledger checkpoint', { event: 'dbctl.ledger.checkpoint', sequence, note: { text } });
  return Promise.resolve({ sink, reference: 'log', detail: { sequence } });
}

import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { ForeignServer } from './negotiate.ts';

/** pg wants to connect the stream itself; this one is connected already and only says so. */
export function standing(stream: Socket): Socket {
  stream.connect = () => {
    queueMicrotask(() => stream.emit('connect'));
    return stream;
  };
  return stream;
}

/** What may come first: an authentication request (R) or an error (E). */
const FIRST_LETTERS = Buffer.from('RE');

/**
 * pg's parser throws inside the stream's `data` event, which would end the process: at a GSSAPI or SSPI request, and at bytes
 * that are not PostgreSQL's; others (`H` of HTTP) it takes for the start of a long message and waits. Here both become errors of
 * the connection.
 */
export function containParserErrors(stream: Socket, connection: EventEmitter): void {
  const [parse] = stream.listeners('data');
  let begun = false;
  if (parse === undefined) return;
  stream.removeAllListeners('data');
  stream.on('data', (chunk: Buffer) => {
    try {
      if (!begun && !FIRST_LETTERS.includes(chunk[0] ?? 0)) throw new ForeignServer();
      begun = true;
      parse.call(stream, chunk);
    } catch (error) {
      connection.emit('error', error);
      stream.destroy();
    }
  });
}

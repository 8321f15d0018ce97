import type { Socket } from 'node:net';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { ClosedByServer, guarded, untilEvent } from './socket.ts';
import type { TlsConnectOptions } from './tls.ts';

/** Length 8, then the code 1234.5679 (https://www.postgresql.org/docs/18/protocol-message-formats.html, SSLRequest). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Why no TLS came about although the connection stands. */
export class TlsRefused extends Error {
  readonly code = 'ERR_TLS_REFUSED';
  readonly hint: string;
  constructor(reason: string, hint: string) {
    super(reason);
    this.hint = hint;
  }
}

/** Whatever answers does not speak PostgreSQL's protocol. */
export class ForeignServer extends Error {
  readonly code = 'ERR_FOREIGN_SERVER';
  constructor() {
    super('what listens there is no PostgreSQL server');
  }
}

/**
 * Asks the server for TLS and reads its one-byte answer. Rejects with {@link TlsRefused} when the answer is an error, or when
 * more follows it (such bytes came in clear and may be an attacker's, CVE-2021-23222), with {@link ForeignServer} otherwise.
 */
export async function offersTls(socket: Socket, signal: AbortSignal): Promise<boolean> {
  socket.write(SSL_REQUEST);
  const answer = await firstChunk(socket, signal);
  const letter = answer.toString('latin1', 0, 1);
  if (letter === 'E')
    throw new TlsRefused('the server answered the request for TLS with an error', "Look into the server's log.");
  if (letter !== 'S' && letter !== 'N') throw new ForeignServer();
  if (answer.length > 1)
    throw new TlsRefused(
      'unencrypted data came after the answer to the request for TLS',
      'Something between here and the server meddles: do not connect.',
    );
  return letter === 'S';
}

/** The TLS handshake, certificate checks included, before a byte of PostgreSQL's protocol is sent. */
export async function encrypt(
  socket: Socket,
  options: TlsConnectOptions,
  negotiation: 'postgres' | 'direct',
  signal: AbortSignal,
): Promise<TLSSocket> {
  const secure = guarded(tlsConnect({ ...options, socket }));
  await untilEvent(secure, 'secureConnect', signal);
  // Without ALPN a server of another protocol could have been made to answer (ALPACA); PostgreSQL 17 and newer always agree.
  if (negotiation === 'direct' && secure.alpnProtocol !== 'postgresql') {
    secure.destroy();
    throw new TlsRefused(
      'the server did not agree on PostgreSQL as the protocol inside TLS (ALPN)',
      'PostgreSQL 17 and newer can; else leave sslnegotiation out.',
    );
  }
  return secure;
}

async function firstChunk(socket: Socket, signal: AbortSignal): Promise<Buffer> {
  return new Promise<Buffer>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    const closed = (): void => reject(new ClosedByServer());
    const forget = (): void => {
      socket.off('data', received).off('error', reject).off('close', closed).off('end', closed);
      signal.removeEventListener('abort', abort);
    };
    const received = (chunk: Buffer): void => {
      forget();
      resolve(chunk);
    };
    socket.once('data', received).once('error', reject).once('close', closed).once('end', closed);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

import { lookup } from 'node:dns/promises';
import { connect as dialTcp, isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import { dialForBulk } from './bulk-read.ts';
import { isSocket } from './describe.ts';
import type { KeepAlive } from './extras.ts';
import type { HostAddress } from './target.ts';

/** Where to dial, all names resolved. */
export type Endpoint = { readonly path: string } | { readonly ip: string; readonly port: number };

/** The addresses of a host in the resolver's order; a socket has one. Rejects with the resolver's error, or when aborted. */
export async function endpointsOf(address: HostAddress, signal: AbortSignal): Promise<Endpoint[]> {
  const { host, port } = address;
  if (isSocket(address)) return [{ path: join(host, `.s.PGSQL.${port}`) }];
  const literal = address.address ?? (isIP(host) === 0 ? undefined : host);
  if (literal !== undefined) return [{ ip: literal, port }];
  const found = await abortable(lookup(host, { all: true, verbatim: true }), signal);
  return found.map(({ address: ip }) => ({ ip, port }));
}

/** Opens a TCP connection or a Unix socket. Rejects with the system's error, or the signal's reason. */
export async function dial(endpoint: Endpoint, keepAlive: KeepAlive, signal: AbortSignal, bulk = false): Promise<Socket> {
  signal.throwIfAborted();
  const place = 'path' in endpoint ? { path: endpoint.path } : { host: endpoint.ip, port: endpoint.port, noDelay: true };
  const socket = bulk ? dialForBulk(place) : dialTcp(place);
  await untilEvent(guarded(socket), 'connect', signal);
  if (keepAlive.enabled && 'ip' in endpoint) socket.setKeepAlive(true, keepAlive.idleMs);
  return socket;
}

/** An error may come when nobody waits: without a listener it would end the process. */
export function guarded<Stream extends Socket>(socket: Stream): Stream {
  return socket.on('error', () => {});
}

/** Waits for one event of a socket; destroys the socket and rejects on its error, its end, or the signal. */
export async function untilEvent(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      const closed = (): void => reject(new ClosedByServer());
      socket.once(event, resolve).once('error', reject).once('close', closed);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      const settled = (): void => {
        socket.off('close', closed).off('error', reject);
        signal.removeEventListener('abort', abort);
      };
      socket.once(event, settled).once('close', settled);
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The other end hung up without a word. */
export class ClosedByServer extends Error {
  readonly code = 'ECONNRESET';
  constructor() {
    super('the server closed the connection');
  }
}

async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

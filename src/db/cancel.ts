import { connect as openSocket, type Socket } from 'node:net';
import type pg from 'pg';
import { connectionFacts } from '../runtime/connection/facts.ts';

/** How long the server gets to answer a cancel request before the connection is dropped, in milliseconds. */
const GRACE_MS = 2_000;

interface BackendKey {
  readonly processID: number | null;
  readonly secretKey: number | null;
  readonly connection: { readonly stream: { readonly destroyed: boolean; destroy(): void } };
}

/**
 * Asks the server to cancel what `client` is running, and drops the connection when it does not within two seconds. Dropping
 * alone would not do: the server notices a dead client only when it next writes to it, and goes on working until then.
 * The request goes over a socket of its own, unencrypted as libpq's PQcancel sends it, and needs neither login nor slot.
 * Source: PostgreSQL manual, "Message Flow", Canceling Requests in Progress.
 */
export async function cancelRunning(client: pg.Client): Promise<void> {
  const key = client as unknown as BackendKey;
  // Not waited for: a machine that hangs takes the request's connection, and never ends it.
  const request = key.processID !== null && key.secretKey !== null ? sendCancelRequest(client, key) : undefined;
  await new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref());
  request?.destroy();
  if (!key.connection.stream.destroyed) key.connection.stream.destroy();
}

function sendCancelRequest(client: pg.Client, key: BackendKey): Socket {
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE((1234 << 16) | 5678, 4);
  request.writeInt32BE(key.processID ?? 0, 8);
  request.writeInt32BE(key.secretKey ?? 0, 12);
  const remote = connectionFacts(client)?.remote ?? { ip: client.host, port: client.port };
  const socket = openSocket('path' in remote ? remote : { host: remote.ip, port: remote.port }, () => socket.end(request));
  return socket.on('error', () => {});
}

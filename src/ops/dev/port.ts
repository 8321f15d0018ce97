import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { fail } from '../../core/errors.ts';

/**
 * Ports for servers that keep their port over restarts: above the well-known PostgreSQL ones, below 32768, where Linux begins to
 * give ports to outgoing connections (net.ipv4.ip_local_port_range), so that a stopped server finds its port free again.
 */
const LOWEST = 15_500;
const HIGHEST = 32_767;

/** A port nobody listens on, tried by listening on it. Somebody may still be quicker: the caller tries again with another. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (await isFree(port)) return port;
  }
  return fail('server.failed', `no free port found between ${LOWEST} and ${HIGHEST} in 50 tries`, {
    hint: 'Look at what listens on this machine (ss -ltn), or whether a sandbox forbids listening.',
  });
}

/** True when a server on this machine can listen on the port of 127.0.0.1. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

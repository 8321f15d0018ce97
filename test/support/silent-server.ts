import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A server in front of another, which stops saying anything when it is told to, and takes connections all the same: a machine that hangs. */
export interface SilentServer {
  readonly port: number;
  /** From now on nothing comes back, on old connections and new ones. */
  readonly fallSilent: () => void;
}

/** For the length of `use`. Without a port behind it, it is silent from the beginning. */
export async function withSilentServer<T>(behind: number | undefined, use: (server: SilentServer) => Promise<T>): Promise<T> {
  let silent = behind === undefined;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  // Half open: a machine that hangs does not answer the end of a connection either.
  const server = createServer({ allowHalfOpen: true }, (near) => {
    keep(near);
    if (silent || behind === undefined) return void near.resume();
    const far = keep(connect(behind, '127.0.0.1'));
    near.on('data', (bytes) => void (silent || far.write(bytes)));
    far.on('data', (bytes) => void (silent || near.write(bytes)));
    near.on('end', () => void (silent || far.end()));
    far.on('end', () => void (silent || near.end()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use({ port: (server.address() as AddressInfo).port, fallSilent: () => void (silent = true) });
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}

import { connect as dialTcp, type NetConnectOpts, type Socket } from 'node:net';

/** A server sends some 32 kB at a time, and more waits while we are busy. */
const BUFFER = 1 << 18;

interface Taker {
  take: ((bytes: Buffer) => void) | undefined;
}

const takers = new WeakMap<Socket, Taker>();

/**
 * A socket that reads into one buffer, which {@link takeBytes} has as it is. Node.js makes one of 64 KiB for each read otherwise: of half a gigabyte
 * the garbage collector then costs as much CPU as SHA-256 over all of it. Until somebody takes the bytes it is a stream as any other.
 */
export function dialForBulk(place: NetConnectOpts): Socket {
  const taker: Taker = { take: undefined };
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    const read = (buffer as Buffer).subarray(0, bytes);
    if (taker.take === undefined) return socket.push(Buffer.from(read));
    taker.take(read);
    return true;
  };
  const socket: Socket = dialTcp({ ...place, onread: { buffer: Buffer.allocUnsafeSlow(BUFFER), callback } });
  takers.set(socket, taker);
  return socket;
}

/**
 * From now on `take` is called with what is read, instead of the listeners of the stream; the bytes are written over when it returns, and it must not
 * throw. `pause` and `resume` of the socket work as before. False: not with this socket (it is another one, or one of TLS), nothing has changed.
 */
export function takeBytes(socket: Socket, take: (bytes: Buffer) => void): boolean {
  const taker = takers.get(socket);
  if (taker === undefined || socket.readableLength > 0) return false;
  taker.take = take;
  return true;
}

/** Its listeners get what is read again. */
export function giveBackBytes(socket: Socket): void {
  const taker = takers.get(socket);
  if (taker !== undefined) taker.take = undefined;
}

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Traffic } from './proxy.ts';

/** What the parent sends: a new delay, which also sets the counts to zero, or nothing, to be told the counts. */
export interface ProxyCommand {
  readonly delayMs?: number;
}

export interface ProxyAnswer extends Traffic {
  readonly port: number;
}

const serverPort = Number(process.argv[2]);
let delayMs = 0;
let [roundTrips, connections] = [0, 0];

/**
 * Hands everything on, what the server sends `delayMs` later: each piece by its own timer, so that latency is added and bandwidth is
 * not limited. Timers of one length fire in the order they were set. The TCP handshake is not delayed, for nobody.
 */
function serve(client: Socket): void {
  const server = connect({ port: serverPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const delay = delayMs;
  const later = (act: () => void): void => void (delay === 0 ? act() : setTimeout(act, delay));
  let asked = false;
  connections += 1;
  client.on('data', (data) => {
    asked = true;
    server.write(data);
  });
  server.on('data', (data) => {
    if (asked) roundTrips += 1;
    asked = false;
    later(() => client.write(data));
  });
  client.on('end', () => server.end());
  server.on('end', () => later(() => client.end()));
  // A tool that exits without a goodbye resets its connection: the other side must not wait for more.
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
}

const listener = createServer({ noDelay: true, allowHalfOpen: true }, serve);
const answer = (): void => {
  const { port } = listener.address() as AddressInfo;
  process.send?.({ port, roundTrips, connections } satisfies ProxyAnswer);
};
process.on('message', (command: ProxyCommand) => {
  if (command.delayMs !== undefined) {
    delayMs = command.delayMs;
    [roundTrips, connections] = [0, 0];
  }
  answer();
});
// However the parent ends, the channel to it closes.
process.on('disconnect', () => process.exit());
listener.listen(0, '127.0.0.1', answer);

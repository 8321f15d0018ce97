import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProxyAnswer, ProxyCommand } from './proxy-process.ts';

export interface Traffic {
  /** How often the server answered something new from the client: login included. */
  readonly roundTrips: number;
  readonly connections: number;
}

export interface Proxy {
  readonly port: number;
  /** Sets how late what the server sends arrives, in milliseconds, and counts from zero. */
  reset(delayMs: number): Promise<void>;
  /** What went through since the last reset. */
  traffic(): Promise<Traffic>;
}

/** A proxy in front of the server for the length of `use`. It is a process of its own, so that measuring and delaying do not wait for each other. */
export async function withProxy<T>(serverPort: number, use: (proxy: Proxy) => Promise<T>): Promise<T> {
  const child = fork(fileURLToPath(new URL('proxy-process.ts', import.meta.url)), [String(serverPort)]);
  const ask = async (command: ProxyCommand): Promise<ProxyAnswer> => {
    const answered = nextMessage(child);
    child.send(command);
    return answered;
  };
  try {
    const { port } = await nextMessage(child);
    return await use({
      port,
      reset: async (delayMs) => void (await ask({ delayMs })),
      traffic: async () => ask({}),
    });
  } finally {
    child.kill();
  }
}

async function nextMessage(child: ReturnType<typeof fork>): Promise<ProxyAnswer> {
  const stop = new AbortController();
  try {
    const ended = once(child, 'exit', stop).then(() => Promise.reject(new Error('the latency proxy ended')));
    const [answer] = (await Promise.race([once(child, 'message', stop), ended])) as [ProxyAnswer];
    return answer;
  } finally {
    stop.abort();
  }
}

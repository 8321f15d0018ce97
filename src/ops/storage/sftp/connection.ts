import { spawn } from 'node:child_process';
import { number, PacketReader, STATUS, text, TYPE } from './packet.ts';

/** The connection ended before an answer came; `said` is what the program said on its standard error. */
export class ConnectionLost extends Error {
  readonly said: string;

  constructor(message: string, said: string) {
    super(message);
    this.name = 'ConnectionLost';
    this.said = said;
  }
}

/** The other side answered that it did not do what was asked. */
export class SftpRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'SftpRefusal';
    this.status = status;
  }
}

export const isNotThere = (thrown: unknown): boolean => thrown instanceof SftpRefusal && thrown.status === STATUS.noSuchFile;

/** A program that speaks the protocol on its standard input and output: ssh, or a server itself. */
export interface SftpProgram {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Longest time without a byte while an answer is awaited. */
  readonly silenceMs: number;
}

export interface SftpConnection {
  /** Names of the extensions the server has. */
  readonly extensions: ReadonlySet<string>;
  /** One request and its answer of this kind. Fails with SftpRefusal or ConnectionLost. */
  ask(type: number, body: readonly Buffer[], answer: number): Promise<PacketReader>;
  readonly lost: () => boolean;
  close(): Promise<void>;
}

interface Waiting {
  readonly answer: number;
  readonly resolve: (reader: PacketReader) => void;
  readonly reject: (error: Error) => void;
}

/** A packet larger than this is none: servers send 256 KiB at most. */
const LARGEST = 1 << 20;

/** Starts the program and agrees on version 3. Fails with ConnectionLost. */
export async function connect({ file, args, environment, silenceMs }: SftpProgram): Promise<SftpConnection> {
  const child = spawn(file, args, { env: environment, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  const waiting = new Map<number, Waiting>();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let [said, nextId, failure] = ['', 0, undefined as Error | undefined];
  let greet: Waiting | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pending: Buffer = Buffer.alloc(0);

  child.stderr.setEncoding('utf8').on('data', (part: string) => (said = (said + part).slice(-4_000)));
  child.stdin.on('error', () => {});
  child.once('error', (error: NodeJS.ErrnoException) => lose(`${file} cannot be run: ${error.code ?? error.message}`));
  child.once('close', () => lose('the connection ended'));
  child.stdout.on('data', (chunk: Buffer) => {
    watch();
    try {
      take(chunk);
    } catch (thrown) {
      lose(`it does not speak the protocol: ${(thrown as Error).message}`);
    }
  });

  function take(chunk: Buffer): void {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 4) {
      const length = pending.readUInt32BE();
      if (length > LARGEST) throw new RangeError(`a packet of ${length} bytes`);
      if (pending.length < 4 + length) return;
      answered(pending.subarray(4, 4 + length));
      pending = pending.subarray(4 + length);
    }
  }

  function answered(packet: Buffer): void {
    const reader = new PacketReader(packet);
    const type = reader.byte();
    if (type === TYPE.version) return greet?.resolve(reader);
    const id = reader.number();
    const asked = waiting.get(id);
    if (asked === undefined) throw new RangeError('an answer to nothing');
    waiting.delete(id);
    rest();
    if (type === asked.answer && type !== TYPE.status) return asked.resolve(reader);
    if (type !== TYPE.status) return asked.reject(new Error(`it answers with a packet of type ${type}`));
    const status = reader.number();
    if (status === STATUS.ok && asked.answer === TYPE.status) return asked.resolve(reader);
    asked.reject(new SftpRefusal(status, reader.atEnd ? `status ${status}` : reader.text()));
  }

  /** While an answer is awaited the process waits for it; an idle connection does not keep it alive. */
  function watch(): void {
    clearTimeout(timer);
    if (failure === undefined) timer = setTimeout(() => lose(`no answer came for ${silenceMs / 1_000} s`), silenceMs);
  }
  function rest(): void {
    if (waiting.size > 0) return;
    clearTimeout(timer);
    hold(false);
  }
  let held = true;
  // Whoever closes waits for the end, also when the answer to an older request comes meanwhile.
  let closing = false;
  function hold(wanted: boolean): void {
    if (held === wanted || failure !== undefined || (closing && !wanted)) return;
    held = wanted;
    for (const part of [child, child.stdin, child.stdout, child.stderr] as { ref?(): void; unref?(): void }[])
      if (wanted) part.ref?.();
      else part.unref?.();
  }

  function lose(why: string): void {
    clearTimeout(timer);
    failure ??= new ConnectionLost(why, said);
    for (const one of [greet, ...waiting.values()]) one?.reject(failure);
    waiting.clear();
    child.kill('SIGKILL');
  }

  function send(type: number, body: readonly Buffer[]): void {
    const length = body.reduce((sum, part) => sum + part.length, 1);
    child.stdin.write(Buffer.concat([number(length), Buffer.from([type]), ...body]));
  }

  const extensions = new Set<string>();
  watch();
  const greeting = await new Promise<PacketReader>((resolve, reject) => {
    greet = { answer: TYPE.version, resolve, reject };
    send(TYPE.init, [number(3)]);
  });
  if (greeting.number() < 3) lose('it speaks an older protocol than version 3');
  while (!greeting.atEnd) {
    extensions.add(greeting.text());
    greeting.text();
  }
  rest();

  return {
    extensions,
    lost: () => failure !== undefined,
    ask: (type, body, answer) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        const id = (nextId = (nextId + 1) >>> 0);
        waiting.set(id, { answer, resolve, reject });
        hold(true);
        watch();
        send(type, [number(id), ...body]);
      }),
    close: async () => {
      clearTimeout(timer);
      closing = true;
      hold(true);
      child.stdin.end();
      const kill = setTimeout(() => child.kill('SIGKILL'), 2_000);
      await ended;
      clearTimeout(kill);
    },
  };
}

export const extended = (name: string, ...body: readonly Buffer[]): Buffer[] => [text(name), ...body];

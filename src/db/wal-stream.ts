import { lsnText, lsnNumber } from '../core/lsn.ts';
import { ident } from './ident.ts';

export interface StreamRequest {
  /** Null: nothing holds the log for us while we are away. */
  readonly slot: string | null;
  readonly timeline: number;
  readonly start: bigint;
  readonly clock: () => Date;
}

/** A piece of the log. */
export interface WalData {
  readonly position: bigint;
  readonly bytes: Buffer;
}

/** Where the log goes on, when a timeline has ended. */
export interface NextTimeline {
  readonly timeline: number;
  readonly start: bigint;
}

interface Connection {
  query(text: string): void;
  sendCopyFromChunk(bytes: Buffer): void;
  endCopyFrom(): void;
  on(event: 'copyDone', listener: () => void): void;
  readonly stream: { pause(): void; resume(): void; destroy(error?: Error): void };
}

/** First bytes of the messages inside the copy (protocol-replication, START_REPLICATION). */
const KIND = { data: 0x77, keepalive: 0x6b, status: 0x72 } as const;
const DATA_HEADER = 25;

/** More than this waiting makes the server wait; half of it lets it go on. */
const WAITING_BYTES = 8 << 20;

/** wal_sender_timeout is a minute unless changed, and ends whoever has not been heard of for so long. */
const REPORT_EVERY_MS = 10_000;

/** A server that lives answers a question at once; its machine may be gone without a word. */
const SILENCE_MS = 60_000;

/** Microseconds of 2000-01-01, in which the protocol counts, after 1970-01-01. */
const EPOCH_2000_MS = 946_684_800_000;

/**
 * The log as the server sends it (START_REPLICATION … PHYSICAL), to be taken piece by piece with `next`. What is not taken makes the server
 * wait. Reports go out by themselves every ten seconds, so that a slow reader is not taken for a dead one.
 */
export class WalStream {
  readonly #request: StreamRequest;
  #connection: Connection | undefined;
  #waiting: WalData[] = [];
  #waitingBytes = 0;
  #standing = false;
  #wake: () => void = () => {};
  #state: 'streaming' | 'ending' | 'copy ended' | 'over' = 'streaming';
  #failure: Error | undefined;
  #next: NextTimeline | null = null;
  #reported: { readonly written: bigint; readonly flushed: bigint };
  #heardAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  /** The server wants to know what is safe, before it shuts down for one. */
  reportWanted = false;
  /** Up to where the server has sent, or could send. */
  serverEnd: bigint;
  callback: unknown = () => {};

  constructor(request: StreamRequest) {
    this.#request = request;
    this.#reported = { written: 0n, flushed: 0n };
    this.serverEnd = request.start;
  }

  /** Everything that has come, after at most `waitMs`; null when the timeline has ended. Fails where the connection was lost. */
  async next(waitMs: number, signal: AbortSignal): Promise<WalData[] | null> {
    if (this.#waiting.length === 0 && this.#state === 'streaming' && this.#failure === undefined && !this.reportWanted)
      await this.#somethingHappens(waitMs, signal);
    const taken = this.#waiting;
    [this.#waiting, this.#waitingBytes] = [[], 0];
    this.#goOn();
    if (taken.length > 0) return taken;
    if (this.#failure !== undefined) throw this.#failure;
    return this.#state === 'streaming' ? [] : null;
  }

  /** Says what is safe here: the server may throw away, or tell a waiting commit, what is before `flushed`. */
  report(written: bigint, flushed: bigint): void {
    this.#reported = { written, flushed };
    this.reportWanted = false;
    this.#send(false);
  }

  /** Ends the stream in order; where the timeline had ended, says where the log goes on. */
  async end(): Promise<NextTimeline | null> {
    if (this.#state !== 'over' && this.#failure === undefined) {
      // Whoever has said so sends nothing any more.
      this.#state = 'ending';
      this.#connection?.endCopyFrom();
    }
    while (this.#state !== 'over' && this.#failure === undefined) {
      await this.#somethingHappens(REPORT_EVERY_MS, new AbortController().signal);
      this.#waiting = [];
      this.#goOn();
    }
    this.#stop();
    if (this.#failure !== undefined) throw this.#failure;
    return this.#next;
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    const { slot, timeline, start } = this.#request;
    connection.on('copyDone', () => {
      if (this.#state === 'streaming') this.#state = 'copy ended';
      this.#wake();
    });
    this.#timer = setInterval(() => this.#beat(), REPORT_EVERY_MS);
    connection.query(
      `START_REPLICATION ${slot === null ? '' : `SLOT ${ident(slot)} `}PHYSICAL ${lsnText(start)} TIMELINE ${timeline}`,
    );
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.#heardAt = performance.now();
    if (chunk[0] === KIND.keepalive) {
      this.serverEnd = chunk.readBigUInt64BE(1);
      if (chunk[17] === 1) this.reportWanted = true;
    } else if (chunk[0] === KIND.data) {
      this.serverEnd = chunk.readBigUInt64BE(9);
      // pg uses its buffer again for the next message.
      this.#take({ position: chunk.readBigUInt64BE(1), bytes: Buffer.from(chunk.subarray(DATA_HEADER)) });
    }
    this.#wake();
  }

  #take(data: WalData): void {
    this.#waiting.push(data);
    this.#waitingBytes += data.bytes.length;
    // Messages that came in the same packet are still handed over while the stream stands.
    if (this.#waitingBytes < WAITING_BYTES || this.#standing) return;
    this.#standing = true;
    this.#connection?.stream.pause();
  }

  #goOn(): void {
    if (!this.#standing) return;
    this.#standing = false;
    this.#heardAt = performance.now();
    this.#connection?.stream.resume();
  }

  /** The two answers after a timeline's end: where the next one begins, then that the command is complete. */
  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const [timeline, start] = fields;
    if (typeof timeline === 'string' && typeof start === 'string')
      this.#next = { timeline: Number(timeline), start: lsnNumber(start) };
  }

  handleRowDescription(): void {}

  handleCommandComplete(): void {}

  handleCopyInResponse(): void {}

  handlePortalSuspended(): void {}

  handleEmptyQuery(): void {}

  handleError(error: Error): void {
    this.#failure ??= error;
    this.#stop();
  }

  handleReadyForQuery(): void {
    this.#state = 'over';
    this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#wake();
  }

  #beat(): void {
    const silent = performance.now() - this.#heardAt;
    if (!this.#standing && silent > SILENCE_MS) {
      // A walsender that lives would have answered five questions by now.
      this.#failure ??= new Error(`the server has not answered for ${Math.round(silent / 1000)} s`);
      this.#connection?.stream.destroy();
      return this.#stop();
    }
    this.#send(!this.#standing && silent > REPORT_EVERY_MS / 2);
  }

  #send(answerWanted: boolean): void {
    if (this.#state !== 'streaming' || this.#failure !== undefined) return;
    const message = Buffer.alloc(34);
    message.writeUInt8(KIND.status, 0);
    message.writeBigUInt64BE(this.#reported.written, 1);
    message.writeBigUInt64BE(this.#reported.flushed, 9);
    // Nothing is replayed here: 0 stands for unknown.
    message.writeBigUInt64BE(0n, 17);
    message.writeBigInt64BE(BigInt(this.#request.clock().getTime() - EPOCH_2000_MS) * 1000n, 25);
    message.writeUInt8(answerWanted ? 1 : 0, 33);
    this.#connection?.sendCopyFromChunk(message);
  }

  async #somethingHappens(waitMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#wake(), waitMs);
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = () => {};
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted) wake();
    });
  }
}

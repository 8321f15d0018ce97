import type { Socket } from 'node:net';
import type pg from 'pg';
import { giveBackBytes, takeBytes } from '../runtime/connection/bulk-read.ts';
import { CopyOutFrames } from './copy-out-frames.ts';

/** Where the content of a COPY goes. */
export interface CopySink {
  /** Called with one piece at a time, in their order; when it resolves, the memory of the piece is used again. */
  write(bytes: Buffer): Promise<void>;
}

/**
 * Runs COPY … TO STDOUT and returns the number of rows. The server waits while the sink does: some megabytes are in memory, however large the table.
 * Fails with what the server says, and with what the sink throws; `stop` is then called, since the server would send the rest.
 */
export function copyOut(client: pg.Client, sql: string, sink: CopySink, stop: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    client.query(new CopyOutQuery(sql, sink, { resolve, reject, stop }) as unknown as pg.Submittable);
  });
}

interface Connection {
  query(text: string): void;
  readonly stream: Socket;
}

interface Ends {
  readonly resolve: (rows: number) => void;
  readonly reject: (error: Error) => void;
  readonly stop: () => void;
}

const READY_FOR_QUERY = 0x5a;

/** A piece for the sink. Larger ones were no faster. */
const PIECE = 1 << 18;

/** Pieces the sink has not taken yet; with more of them the server waits. */
const WAITING = 4;

/** What pg calls while the rows come. */
class CopyOutQuery {
  readonly #sql: string;
  readonly #sink: CopySink;
  readonly #ends: Ends;
  readonly #free: Buffer[] = [];
  #filling: Buffer = Buffer.allocUnsafeSlow(PIECE);
  #filled = 0;
  #waiting = 0;
  #written: Promise<void> = Promise.resolve();
  #failed = false;
  #rows = 0;
  #stream: Socket | undefined;
  callback: unknown = () => {};

  constructor(sql: string, sink: CopySink, ends: Ends) {
    [this.#sql, this.#sink, this.#ends] = [sql, sink, ends];
  }

  submit(connection: Connection): void {
    const { stream } = connection;
    this.#stream = stream;
    const frames = new CopyOutFrames({
      content: (bytes, start, end) => this.#take(bytes, start, end),
      message: (message) => {
        // Nothing comes behind it that was not asked for, and the next question may be asked at once.
        if (message[0] === READY_FOR_QUERY) giveBackBytes(stream);
        stream.emit('data', message);
      },
    });
    takeBytes(stream, (bytes) => {
      try {
        frames.take(bytes);
      } catch (thrown) {
        this.#fail(thrown as Error);
      }
    });
    connection.query(this.#sql);
  }

  /** Over TLS the content comes this way. */
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.#take(chunk, 0, chunk.length);
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.#failed) return;
    for (let at = start; at < end;) {
      const copied = bytes.copy(this.#filling, this.#filled, at, end);
      at += copied;
      this.#filled += copied;
      if (this.#filled === PIECE) this.#pass();
    }
  }

  #pass(): void {
    const piece = this.#filling;
    const full = piece.subarray(0, this.#filled);
    [this.#filling, this.#filled] = [this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE), 0];
    this.#waiting += 1;
    if (this.#waiting >= WAITING) this.#stream?.pause();
    this.#written = this.#write(this.#written, piece, full);
    this.#written.catch((thrown: Error) => this.#fail(thrown));
  }

  async #write(before: Promise<void>, piece: Buffer, full: Buffer): Promise<void> {
    await before;
    if (this.#failed) return;
    await this.#sink.write(full);
    this.#free.push(piece);
    this.#waiting -= 1;
    if (this.#waiting < WAITING) this.#stream?.resume();
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#stream?.resume();
    this.#ends.reject(error);
    this.#ends.stop();
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#rows = Number(/^COPY (\d+)$/.exec(text)?.[1] ?? Number.NaN);
  }

  handleReadyForQuery(): void {
    if (this.#filled > 0) this.#pass();
    void this.#end();
  }

  /** Whoever waits has been told where the sink failed. */
  async #end(): Promise<void> {
    await this.#written.catch(() => {});
    if (!this.#failed) this.#ends.resolve(this.#rows);
  }

  handleError(error: Error): void {
    this.#failed = true;
    this.#stream?.resume();
    this.#ends.reject(error);
  }

  handleCopyInResponse(): void {}

  handleRowDescription(): void {}

  handleDataRow(): void {}

  handlePortalSuspended(): void {}

  handleEmptyQuery(): void {}
}

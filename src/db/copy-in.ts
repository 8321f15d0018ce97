import type { Socket } from 'node:net';
import type pg from 'pg';

/**
 * Runs COPY … FROM STDIN with these bytes and returns the number of rows; the memory of a piece is free when the next one is asked for. Fails with what the server says, and with what the source throws: the
 * rows are then not there.
 */
export function copyIn(client: pg.Client, sql: string, source: AsyncIterable<Buffer>): Promise<number> {
  return new Promise((resolve, reject) => {
    client.query(new CopyInQuery(sql, source, resolve, reject) as unknown as pg.Submittable);
  });
}

const COPY_DATA = 0x64;

interface Connection {
  query(text: string): void;
  sendCopyFail(message: string): void;
  endCopyFrom(): void;
  readonly stream: Socket;
}

/** Past pg, which would copy it: when this resolves, the system has the bytes, and their memory is free. */
function sent(stream: Socket, chunk: Buffer): Promise<void> {
  const head = Buffer.allocUnsafe(5);
  head[0] = COPY_DATA;
  head.writeInt32BE(chunk.length + 4, 1);
  stream.cork();
  stream.write(head);
  const written = new Promise<void>((resolve, reject) => {
    stream.write(chunk, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
  stream.uncork();
  return written;
}

/** What pg calls while the rows go up. */
class CopyInQuery {
  readonly #sql: string;
  readonly #source: AsyncIterable<Buffer>;
  readonly #resolve: (rows: number) => void;
  readonly #reject: (error: Error) => void;
  #refused: Error | undefined;
  #failure: Error | undefined;
  #sending: Promise<void> = Promise.resolve();
  #rows = 0;
  callback: unknown = () => {};

  constructor(sql: string, source: AsyncIterable<Buffer>, resolve: (rows: number) => void, reject: (error: Error) => void) {
    [this.#sql, this.#source, this.#resolve, this.#reject] = [sql, source, resolve, reject];
  }

  submit(connection: Connection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: Connection): void {
    this.#sending = this.#send(connection).catch((thrown: Error) => {
      this.#failure = thrown;
      if (this.#refused === undefined) connection.sendCopyFail('what is to be copied cannot be read');
    });
  }

  async #send(connection: Connection): Promise<void> {
    for await (const chunk of this.#source) {
      if (this.#refused !== undefined) return;
      if (chunk.length > 0) await sent(connection.stream, chunk);
    }
    if (this.#refused === undefined) connection.endCopyFrom();
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#rows = Number(/^COPY (\d+)$/.exec(text)?.[1] ?? Number.NaN);
  }

  /** The source is left only when it has noticed: whoever gave it may then take it away. */
  handleError(error: Error): void {
    this.#refused = error;
    void this.#leave(error);
  }

  async #leave(error: Error): Promise<void> {
    await this.#sending;
    this.#reject(this.#failure ?? error);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#rows);
  }

  handleCopyData(): void {}

  handleRowDescription(): void {}

  handleDataRow(): void {}

  handlePortalSuspended(): void {}

  handleEmptyQuery(): void {}
}

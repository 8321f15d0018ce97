import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type pg from 'pg';

/**
 * Gives the server the backup_manifest of the backup before (UPLOAD_MANIFEST, PostgreSQL 17 and later); the BASE_BACKUP that follows on this
 * connection may then be incremental to it. Fails with what the server says, and with the error of a file that cannot be read.
 */
export function uploadManifest(client: pg.Client, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.query(new UploadQuery(path, resolve, reject) as unknown as pg.Submittable);
  });
}

interface Connection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  sendCopyFail(message: string): void;
  endCopyFrom(): void;
  readonly stream: Socket;
}

/** What pg calls while the manifest goes up. */
class UploadQuery {
  readonly #path: string;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #failure: Error | undefined;
  callback: unknown = () => {};

  constructor(path: string, resolve: () => void, reject: (error: Error) => void) {
    [this.#path, this.#resolve, this.#reject] = [path, resolve, reject];
  }

  submit(connection: Connection): void {
    connection.query('UPLOAD_MANIFEST');
  }

  handleCopyInResponse(connection: Connection): void {
    void this.#send(connection).catch((thrown: Error) => {
      this.#failure = thrown;
      connection.sendCopyFail('the manifest cannot be read');
    });
  }

  async #send(connection: Connection): Promise<void> {
    for await (const chunk of createReadStream(this.#path, { highWaterMark: 256 << 10 })) {
      connection.sendCopyFromChunk(chunk as Buffer);
      if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain');
    }
    connection.endCopyFrom();
  }

  handleRowDescription(): void {}

  handleDataRow(): void {}

  handleCopyData(): void {}

  handleCommandComplete(): void {}

  handlePortalSuspended(): void {}

  handleEmptyQuery(): void {}

  handleError(error: Error): void {
    this.#reject(this.#failure ?? error);
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }
}

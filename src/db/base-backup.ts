import type { Socket } from 'node:net';
import type pg from 'pg';
import { connect } from '../runtime/connection/connect.ts';
import { connectionFacts } from '../runtime/connection/facts.ts';
import { takeBytes } from '../runtime/connection/bulk-read.ts';
import type { ConnectionTarget } from '../runtime/connection/target.ts';
import { CopyFrames } from './copy-frames.ts';
import { sqlError } from './sql-error.ts';
import { uploadManifest } from './upload-manifest.ts';

/** What a base backup brings, in this order: archives one after the other, then the manifest. */
export interface BaseBackupReceiver {
  /** A tar archive begins: `base.tar`, or `<oid>.tar` of the tablespace at `path`. */
  archive(name: string, path: string | null): void;
  /**
   * Bytes of the archive, or of the manifest; pg writes over them when this returns. False: the stream stands still until `drained`; what has
   * arrived with it still comes.
   */
  data(chunk: Buffer): boolean;
  /** Resolves when more can be taken, rejects when nothing ever will. */
  drained(): Promise<void>;
  /** The manifest begins. */
  manifest(): void;
}

export interface BaseBackupRequest {
  readonly label: string;
  /** Path of the backup_manifest of the backup before, of which only changes are wanted; null: everything. */
  readonly incrementalTo: string | null;
}

/**
 * Takes a base backup over the replication protocol (BASE_BACKUP, PostgreSQL 15 and later; incremental since 17), with the WAL it needs to
 * start. Fails with db.denied where the role may not, with sql.failed when a page of the server has a wrong checksum (XX001, after all data
 * has come) or it cannot tell what changed since, with db.unreachable when the connection breaks, with what the receiver throws.
 */
export async function receiveBaseBackup(
  target: ConnectionTarget,
  request: BaseBackupRequest,
  receiver: BaseBackupReceiver,
  signal: AbortSignal,
): Promise<void> {
  const client = await connect(target, { applicationName: 'dbctl backup', replication: true, bulk: true, signal });
  const stop = () => void client.end();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (request.incrementalTo !== null) await uploadManifest(client, request.incrementalTo);
    await new Promise<void>((resolve, reject) => {
      client.on('error', reject);
      client.query(new BaseBackupQuery(request, receiver, resolve, reject) as unknown as pg.Submittable);
    });
  } catch (thrown) {
    throw sqlError(thrown, undefined, connectionFacts(client)?.lost);
  } finally {
    signal.removeEventListener('abort', stop);
    await client.end().catch(() => {});
  }
}

interface Connection {
  query(text: string): void;
  readonly stream: Socket;
}

/** First bytes of the messages of a base backup (protocol-replication, BASE_BACKUP). */
const KIND = { archive: 0x6e, manifest: 0x6d, data: 0x64 } as const;

/**
 * TABLESPACE_MAP as pg_basebackup asks for it in tar format: links to tablespaces stand in a file instead of the archive. WAIT false: the
 * WAL comes with the backup, and a server whose archiving fails would let us wait for ever.
 */
const OPTIONS = "CHECKPOINT 'fast', WAL true, WAIT false, MANIFEST 'yes', TABLESPACE_MAP true, VERIFY_CHECKSUMS true";

/** What pg calls while the answer comes: result sets as rows of text, which nobody needs, and the backup itself as copy data. */
class BaseBackupQuery {
  readonly #request: BaseBackupRequest;
  readonly #receiver: BaseBackupReceiver;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #failure: Error | undefined;
  #standing = false;
  callback: unknown = () => {};

  constructor(request: BaseBackupRequest, receiver: BaseBackupReceiver, resolve: () => void, reject: (error: Error) => void) {
    [this.#request, this.#receiver, this.#resolve, this.#reject] = [request, receiver, resolve, reject];
  }

  submit(connection: Connection): void {
    this.#takeContent(connection);
    const label = this.#request.label.replaceAll("'", "''");
    connection.query(`BASE_BACKUP (LABEL '${label}', ${OPTIONS}${this.#request.incrementalTo === null ? '' : ', INCREMENTAL'})`);
  }

  /** The content goes past pg, which would copy it; the rest of the answer comes through it. Over TLS everything does. */
  #takeContent(connection: Connection): void {
    const { stream } = connection;
    const frames = new CopyFrames(KIND.data, {
      content: (piece) => this.#attempt(() => this.#data(piece, connection)),
      // Now, also while the stream stands: what comes behind it is of the next archive.
      message: (message) => stream.emit('data', message),
    });
    takeBytes(stream, (bytes) => this.#attempt(() => frames.take(bytes)));
  }

  handleRowDescription(): void {}

  handleDataRow(): void {}

  handleCopyData({ chunk }: { chunk: Buffer }, connection: Connection): void {
    this.#attempt(() => this.#take(chunk, connection));
  }

  #attempt(act: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      act();
    } catch (thrown) {
      this.#stop(thrown as Error);
    }
  }

  /** The rest of the backup is not waited for: the connection is ended next. */
  #stop(failure: Error): void {
    this.#failure = failure;
    this.#reject(failure);
  }

  #take(chunk: Buffer, connection: Connection): void {
    switch (chunk[0]) {
      case KIND.archive: {
        const [name = '', path = ''] = chunk.toString('utf8', 1).split('\0');
        this.#receiver.archive(name, path === '' ? null : path);
        break;
      }
      case KIND.manifest:
        this.#receiver.manifest();
        break;
      case KIND.data:
        this.#data(chunk.subarray(1), connection);
        break;
      default:
    }
  }

  #data(piece: Buffer, connection: Connection): void {
    const goOn = this.#receiver.data(piece);
    // Messages that came in the same packet are still handed over while the stream stands.
    if (goOn || this.#standing) return;
    this.#standing = true;
    connection.stream.pause();
    void this.#goOnLater(connection).catch((thrown: Error) => this.#stop(thrown));
  }

  async #goOnLater(connection: Connection): Promise<void> {
    await this.#receiver.drained();
    this.#standing = false;
    connection.stream.resume();
  }

  handleCommandComplete(): void {}

  handleCopyInResponse(): void {}

  handlePortalSuspended(): void {}

  handleEmptyQuery(): void {}

  handleError(error: Error): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }
}

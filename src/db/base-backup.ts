import type pg from 'pg';
import { connect } from '../runtime/connection/connect.ts';
import { connectionFacts } from '../runtime/connection/facts.ts';
import type { ConnectionTarget } from '../runtime/connection/target.ts';
import { sqlError } from './sql-error.ts';

/** What a base backup brings, in this order: archives one after the other, then the manifest. */
export interface BaseBackupReceiver {
  /** A tar archive begins: `base.tar`, or `<oid>.tar` of the tablespace at `path`. */
  archive(name: string, path: string | null): void;
  /** Bytes of the archive, or of the manifest. False: call again after `drained`; the stream stands still until then. */
  data(chunk: Buffer): boolean;
  drained(): Promise<void>;
  /** The manifest begins. */
  manifest(): void;
}

export interface BaseBackupResult {
  readonly startLsn: string;
  readonly endLsn: string;
  readonly timeline: number;
  readonly tablespaces: readonly { readonly oid: string; readonly path: string }[];
}

/**
 * Takes a base backup over the replication protocol (BASE_BACKUP, PostgreSQL 15 and later), with the WAL it needs to start.
 * Fails with db.denied where the role may not, with sql.failed when a page of the server has a wrong checksum (XX001, after all data has
 * come), with db.unreachable when the connection breaks.
 */
export async function receiveBaseBackup(
  target: ConnectionTarget,
  label: string,
  receiver: BaseBackupReceiver,
  signal: AbortSignal,
): Promise<BaseBackupResult> {
  const client = await connect(target, { applicationName: 'dbctl backup', replication: true, signal });
  const stop = () => void client.end();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      client.on('error', reject);
      client.query(new BaseBackupQuery(label, receiver, resolve, reject) as unknown as pg.Submittable);
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
  readonly stream: { pause(): void; resume(): void };
}

/** First bytes of the messages of a base backup (protocol-replication, BASE_BACKUP). */
const KIND = { archive: 0x6e, manifest: 0x6d, data: 0x64 } as const;

/** What pg calls while the answer comes: result sets as rows of text, the backup itself as copy data. */
class BaseBackupQuery {
  readonly #label: string;
  readonly #receiver: BaseBackupReceiver;
  readonly #resolve: (result: BaseBackupResult) => void;
  readonly #reject: (error: Error) => void;
  readonly #sets: (string | null)[][][] = [];
  #failure: Error | undefined;
  #standing = false;
  callback: unknown = () => {};

  constructor(
    label: string,
    receiver: BaseBackupReceiver,
    resolve: (result: BaseBackupResult) => void,
    reject: (error: Error) => void,
  ) {
    [this.#label, this.#receiver, this.#resolve, this.#reject] = [label, receiver, resolve, reject];
  }

  submit(connection: Connection): void {
    const label = this.#label.replaceAll("'", "''");
    connection.query(`BASE_BACKUP (LABEL '${label}', CHECKPOINT 'fast', WAL true, MANIFEST 'yes', VERIFY_CHECKSUMS true)`);
  }

  handleRowDescription(): void {
    this.#sets.push([]);
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    this.#sets.at(-1)?.push(fields);
  }

  handleCopyData({ chunk }: { chunk: Buffer }, connection: Connection): void {
    if (this.#failure !== undefined) return;
    try {
      this.#take(chunk, connection);
    } catch (thrown) {
      this.#failure = thrown as Error;
    }
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
      case KIND.data: {
        // pg uses its buffer again for the next message.
        const goOn = this.#receiver.data(Buffer.from(chunk.subarray(1)));
        // Messages that came in the same packet are still handed over while the stream stands.
        if (goOn || this.#standing) break;
        this.#standing = true;
        connection.stream.pause();
        void this.#goOnLater(connection);
        break;
      }
      default:
    }
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
    const [start, tablespaces = [], end] = this.#sets;
    if (this.#failure !== undefined) return this.#reject(this.#failure);
    this.#resolve({
      startLsn: start?.[0]?.[0] ?? '',
      timeline: Number(start?.[0]?.[1] ?? 0),
      // The data folder itself is the one without an oid.
      tablespaces: tablespaces.flatMap(([oid, path]) => (oid === null || oid === undefined ? [] : [{ oid, path: path ?? '' }])),
      endLsn: end?.[0]?.[0] ?? '',
    });
  }
}

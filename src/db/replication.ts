import type pg from 'pg';
import { fail } from '../core/errors.ts';
import { lsnNumber } from '../core/lsn.ts';
import { connect } from '../runtime/connection/connect.ts';
import { connectionFacts } from '../runtime/connection/facts.ts';
import type { ConnectionTarget, HostAddress } from '../runtime/connection/target.ts';
import { ident } from './ident.ts';
import { sqlError } from './sql-error.ts';
import { WalStream, type StreamRequest } from './wal-stream.ts';

/** What IDENTIFY_SYSTEM says. */
export interface SystemIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Up to where the log is on the server's disk. */
  readonly flushLsn: bigint;
}

/** A connection that speaks the replication protocol. Everything on it fails with DbctlError, as a session does. */
export interface Replication {
  /** The host of the target it came to, for a session beside it. */
  readonly address: HostAddress;
  identify(): Promise<SystemIdentity>;
  segmentBytes(): Promise<number>;
  /** The file `0000000N.history`, as the server has it. Fails with sql.failed where it has none. */
  timelineHistory(timeline: number): Promise<string>;
  /** A physical slot that holds the log from now on. */
  createSlot(name: string): Promise<void>;
  /** Fails where somebody uses it. */
  dropSlot(name: string): Promise<void>;
  /** Nothing else can be asked until the stream has ended. */
  stream(request: StreamRequest): WalStream;
}

/**
 * Opens a replication connection for the length of `use`. Fails with db.unreachable or db.denied where none can be had: the role needs
 * REPLICATION, pg_hba.conf a line for it.
 */
export async function withReplication<T>(
  target: ConnectionTarget,
  options: { readonly applicationName: string; readonly signal: AbortSignal },
  use: (replication: Replication) => Promise<T>,
): Promise<T> {
  const client = await connect(target, { ...options, replication: true });
  try {
    return await use(replicationOn(client));
  } catch (thrown) {
    throw sqlError(thrown, undefined, connectionFacts(client)?.lost);
  } finally {
    await client.end().catch(() => {});
  }
}

function replicationOn(client: pg.Client): Replication {
  return {
    address: connectionFacts(client)?.address ?? { host: client.host, port: client.port },
    async identify() {
      const [systemIdentifier = '', timeline = '', lsn = ''] = await row(client, 'IDENTIFY_SYSTEM');
      return { systemIdentifier, timeline: Number(timeline), flushLsn: lsnNumber(lsn) };
    },
    async segmentBytes() {
      const [size = ''] = await row(client, 'SHOW wal_segment_size');
      return sizeOfSetting(size);
    },
    async timelineHistory(timeline) {
      const [, content = ''] = await row(client, `TIMELINE_HISTORY ${timeline}`);
      return content;
    },
    async createSlot(name) {
      await row(client, `CREATE_REPLICATION_SLOT ${ident(name)} PHYSICAL RESERVE_WAL`);
    },
    async dropSlot(name) {
      await row(client, `DROP_REPLICATION_SLOT ${ident(name)}`);
    },
    stream(request) {
      const stream = new WalStream(request);
      client.query(stream as unknown as pg.Submittable);
      return stream;
    },
  };
}

/** Values as the server wrote them: no type of ours stands between. */
const asWritten = { getTypeParser: () => (text: string) => text };

async function row(client: pg.Client, command: string): Promise<string[]> {
  const result = await client.query<(string | null)[]>({
    text: command,
    rowMode: 'array',
    types: asWritten,
  });
  return (result.rows[0] ?? []).map((value) => value ?? '');
}

/** `16MB`, `1GB`: SHOW writes the largest unit that leaves a whole number. */
function sizeOfSetting(text: string): number {
  const [, number = '', unit = ''] = /^(\d+)(kB|MB|GB)$/.exec(text) ?? [];
  const power = { kB: 1, MB: 2, GB: 3 }[unit];
  if (power === undefined) return fail('db.version', `the server has segments of ${text}`, { hint: 'Update dbctl.' });
  return Number(number) * 1024 ** power;
}

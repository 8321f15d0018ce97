import type { DbctlError } from '../../core/errors.ts';
import { withDevSession } from './session.ts';
import type { LocalAddress } from './target.ts';

/** What a server says of itself. */
export interface ServerFacts {
  readonly systemIdentifier: string;
  readonly dataDirectory: string;
  readonly pid: number;
  /** `18.2`, without what a distribution adds. */
  readonly version: string;
  readonly uptimeSeconds: number;
}

export type Probe =
  | { readonly kind: 'answers'; readonly facts: ServerFacts }
  /** Something is there and refuses: SQLSTATE 57P03 while it starts or stops, 28P01 for the password. */
  | { readonly kind: 'refuses'; readonly sqlstate: string; readonly message: string }
  /** Nobody, or something that does not speak PostgreSQL's protocol. */
  | { readonly kind: 'silent'; readonly message: string };

/** Connects and asks who is there. Fails only when aborted. */
export async function probeServer(address: LocalAddress, signal: AbortSignal | undefined): Promise<Probe> {
  try {
    const [row] = await withDevSession(address, signal, (session) => session.rows<FactsRow>(FACTS));
    return row === undefined ? { kind: 'silent', message: 'no row' } : { kind: 'answers', facts: toFacts(row) };
  } catch (thrown) {
    signal?.throwIfAborted();
    const { sqlstate, message } = thrown as DbctlError;
    return sqlstate === undefined ? { kind: 'silent', message } : { kind: 'refuses', sqlstate, message };
  }
}

interface FactsRow {
  system_identifier: string;
  data_directory: string;
  postmaster_pid: string;
  version: string;
  uptime_seconds: string;
}

/** The server's own postmaster.pid, read by the server: its first line is the process id of the one that answers. */
const FACTS = /* sql */ `
select (select c.system_identifier::text from pg_catalog.pg_control_system() c) as system_identifier,
       pg_catalog.current_setting('data_directory') as data_directory,
       pg_catalog.split_part(pg_catalog.pg_read_file('postmaster.pid'), E'\\n', 1) as postmaster_pid,
       pg_catalog.current_setting('server_version') as version,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - pg_catalog.pg_postmaster_start_time())::text as uptime_seconds`;

function toFacts(row: FactsRow): ServerFacts {
  return {
    systemIdentifier: row.system_identifier,
    dataDirectory: row.data_directory,
    pid: Number(row.postmaster_pid),
    version: row.version.split(' ')[0] ?? row.version,
    uptimeSeconds: Math.floor(Number(row.uptime_seconds)),
  };
}

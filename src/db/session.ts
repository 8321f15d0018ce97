import type pg from 'pg';
import { connectionFacts } from '../runtime/connection/facts.ts';
import { connect } from '../runtime/connection/connect.ts';
import type { Peer } from '../runtime/connection/peer.ts';
import type { ConnectionTarget } from '../runtime/connection/target.ts';
import { cancelRunning } from './cancel.ts';
import { copyIn } from './copy-in.ts';
import { copyOut, type CopySink } from './copy-out.ts';
import { sqlError, type SqlSource } from './sql-error.ts';

export interface SessionOptions {
  /** `read`: the server itself refuses every write (default_transaction_read_only). */
  readonly access: 'read' | 'write';
  /** Longest a statement may run, in milliseconds; 0 is no limit. */
  readonly statementTimeoutMs?: number;
  /** Longest a statement may wait for a lock, in milliseconds; 0 is no limit. */
  readonly lockTimeoutMs?: number;
  /** Longest a transaction may sit idle, in milliseconds; 0 is no limit. */
  readonly idleInTransactionTimeoutMs?: number;
  /** What `pg_stat_activity.application_name` shows; default `dbctl`. */
  readonly applicationName?: string;
  /** Further settings of the session, by name, as `set` would take them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** It will bring gigabytes by {@link Session.copyOut}. */
  readonly bulk?: boolean;
  readonly signal?: AbortSignal;
}

/** One connection with known settings, held by one caller. */
export interface Session {
  /** The backend's process id, as pg_stat_activity and lock reports name it. */
  readonly pid: number;
  /** `server_version_num`: 180002 for 18.2. */
  readonly serverVersion: number;
  /** The server's own words: `18.2 (Debian 18.2-1)`. */
  readonly serverVersionText: string;
  /** The cluster's identity for life, as pg_controldata shows it; null where the role may not read it. */
  readonly systemIdentifier: string | null;
  readonly host: string;
  readonly port: number;
  /** By TLS. */
  readonly encrypted: boolean;
  /** It leaves this machine: neither a Unix socket nor the loopback, where tunnels begin. */
  readonly crossesNetwork: boolean;
  /** How the server has proved who it is; null where that is not known. */
  readonly peer: Peer | null;
  readonly database: string;
  readonly user: string;
  /** Messages sent so far that the server had to answer. */
  readonly roundTrips: number;
  /**
   * One statement with bound values; its rows.
   * Fails with DbctlError: lock.held, db.denied, db.read-only, db.resources, db.unreachable or sql.failed, by SQLSTATE.
   */
  rows<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /**
   * A script in one message (simple protocol); the results of its statements in order. With `source`, an error names the place in the
   * file the text came from. Fails like `rows`.
   */
  script(sql: string, source?: SqlSource): Promise<pg.QueryResult[]>;
  /** COPY … TO STDOUT; the number of rows. Fails like `rows`, and with what the sink throws: the session is then of no use any more. */
  copyOut(sql: string, sink: CopySink): Promise<number>;
  /** COPY … FROM STDIN; the number of rows. Fails like `rows`, and with what the source throws. */
  copyIn(sql: string, source: AsyncIterable<Buffer>): Promise<number>;
}

/** The server's defaults are no limit at all; these are what an operator's tool may take from a busy server. */
const DEFAULTS = {
  /** A reading command that takes longer has met something unusual. */
  statementTimeoutMs: 60_000,
  /** Long enough for a busy moment, short enough not to queue a whole application behind us. */
  lockTimeoutMs: 2_000,
  idleInTransactionTimeoutMs: 60_000,
} as const;

/**
 * Opens one session, gives it to `use`, and closes it whatever happens. An abort cancels the running statement on the
 * server, so that it rolls back.
 * Fails with db.unreachable or db.denied when no session can be had, else with what `use` throws.
 */
export async function withSession<T>(
  target: ConnectionTarget,
  options: SessionOptions,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const client = await connect(target, {
    applicationName: options.applicationName ?? 'dbctl',
    startupOptions: startupOptions(options),
    bulk: options.bulk === true,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const stop = () => void cancelRunning(client);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    return await use(await openSession(client));
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await client.end().catch(() => {});
  }
}

function startupOptions(options: SessionOptions): Record<string, string> {
  const limits = { ...DEFAULTS, ...options };
  return {
    statement_timeout: String(limits.statementTimeoutMs),
    lock_timeout: String(limits.lockTimeoutMs),
    idle_in_transaction_session_timeout: String(limits.idleInTransactionTimeoutMs),
    // Names the server answers with are compared with names of ours; a role or database may have set this otherwise.
    quote_all_identifiers: 'off',
    ...(options.access === 'read' ? { default_transaction_read_only: 'on' } : {}),
    ...options.settings,
  };
}

async function openSession(client: pg.Client): Promise<Session> {
  let roundTrips = 0;
  const send = async <R>(act: () => Promise<R>, source?: SqlSource): Promise<R> => {
    roundTrips += 1;
    try {
      return await act();
    } catch (thrown) {
      throw sqlError(thrown, source, connectionFacts(client)?.lost);
    }
  };
  const who = await send(() => readIdentity(client));
  return {
    pid: who.pid,
    serverVersion: who.version,
    serverVersionText: who.version_text,
    systemIdentifier: who.system_identifier,
    host: client.host,
    port: client.port,
    encrypted: connectionFacts(client)?.encrypted ?? false,
    crossesNetwork: crossesNetwork(client),
    peer: connectionFacts(client)?.peer ?? null,
    database: who.database,
    user: who.user,
    get roundTrips() {
      return roundTrips;
    },
    rows: async <Row>(sql: string, values: readonly unknown[] = []) =>
      (await send(() => client.query(sql, [...values]))).rows as Row[],
    script: async (sql, source) => {
      const results = (await send(() => client.query(sql), source)) as pg.QueryResult | pg.QueryResult[];
      return Array.isArray(results) ? results : [results];
    },
    copyOut: (sql, sink) => send(() => copyOut(client, sql, sink, () => void cancelRunning(client))),
    copyIn: (sql, source) => send(() => copyIn(client, sql, source)),
  };
}

function crossesNetwork(client: pg.Client): boolean {
  const remote = connectionFacts(client)?.remote;
  return remote === undefined || ('ip' in remote && !/^(?:::ffff:)?127\.|^::1$/.test(remote.ip));
}

interface Identity {
  pid: number;
  version: number;
  version_text: string;
  system_identifier: string | null;
  database: string;
  user: string;
}

/** pg_control_system() is open to PUBLIC by default, but a hardened server may have revoked it. */
async function readIdentity(client: pg.Client): Promise<Identity> {
  const read = async (systemIdentifier: string) => {
    const result = await client.query<Identity>(identityQuery(systemIdentifier));
    return result.rows[0] as Identity;
  };
  return read('(select c.system_identifier::text from pg_catalog.pg_control_system() c)').catch((thrown: unknown) => {
    if (sqlError(thrown).sqlstate !== '42501') throw thrown;
    return read('null::text');
  });
}

/**
 * Limits that a database or a role may set for its applications would end a session of ours that waits for a program. With the question that is
 * asked anyway: at the start of a connection a server that does not know them (the first came with 14, the second with 17) would refuse it.
 */
const unlimited = (parameter: string): string =>
  `case when pg_catalog.current_setting('${parameter}', true) <> '0' then pg_catalog.set_config('${parameter}', '0', false) end`;

const identityQuery = (systemIdentifier: string): string => /* sql */ `
select pg_catalog.pg_backend_pid() as pid,
       pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as version,
       pg_catalog.current_setting('server_version') as version_text,
       ${systemIdentifier} as system_identifier,
       pg_catalog.current_database() as database,
       session_user as user,
       ${unlimited('idle_session_timeout')} as idle,
       ${unlimited('transaction_timeout')} as transaction`;

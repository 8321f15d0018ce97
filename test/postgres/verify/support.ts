import pg from 'pg';
import { sqlError } from '../../../src/db/sql-error.ts';
import { copyIn } from '../../../src/db/copy-in.ts';
import { copyOut } from '../../../src/db/copy-out.ts';
import type { Json } from '../../../src/core/json.ts';
import type { Session } from '../../../src/db/session.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import type { CheckCase } from '../../../src/ops/verify/cases/case-file.ts';
import type { Fact, Facts } from '../../../src/ops/verify/facts.ts';
import type { GuardPolicy } from '../../../src/ops/verify/guard-policy.ts';
import { policyFrom, type Policy } from '../../../src/ops/verify/policy.ts';
import type { RunInputs } from '../../../src/ops/verify/run.ts';
import { GUARDS } from './guarded.ts';

/**
 * The servers of test/checks: `plain` has GOOD_SETTINGS and nothing preloaded, `odd` its ODD_SETTINGS, `guarded` append-only tables, see
 * guarded.ts, and `tls` encrypts.
 */
export const SERVERS = ['plain', 'odd', 'guarded', 'tls'] as const;

/** A server that is set well, where PostgreSQL's own defaults are not what checks ask for. */
export const GOOD_SETTINGS = {
  unix_socket_permissions: '0770',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  logging_collector: 'on',
  log_connections: 'on',
  log_disconnections: 'on',
  log_line_prefix: '%m [%p] %q%10u@%d %a %h ',
  log_statement: 'ddl',
  log_min_duration_statement: '250ms',
  log_parameter_max_length: '0',
  log_replication_commands: 'on',
  log_lock_waits: 'on',
  archive_mode: 'on',
  archive_command: 'true',
} as const;

/** A server that encrypts; its certificate is in place before it starts. */
export const TLS_SETTINGS = {
  ssl: 'on',
  ssl_cert_file: 'server.crt',
  ssl_key_file: 'server.key',
  ssl_min_protocol_version: 'TLSv1.3',
  ssl_ciphers: 'HIGH:!aNULL',
  password_encryption: 'scram-sha-256',
  shared_preload_libraries: '$libdir/passwordcheck',
  scram_iterations: '10000',
} as const;

/** A server where everything the group checks is set in another way; for durability that of every throw-away server. */
export const ODD_SETTINGS = {
  unix_socket_permissions: '0777',
  superuser_reserved_connections: '0',
  ssl_min_protocol_version: 'TLSv1',
  ssl_ciphers: 'ALL:!CAMELLIA:DES-CBC3-SHA:@SECLEVEL=0',
  password_encryption: 'md5',
  scram_iterations: '1024',
  authentication_timeout: '5min',
  timezone: 'Europe/Berlin',
  log_timezone: 'America/New_York',
  datestyle: 'German',
  timezone_abbreviations: 'India',
  lc_monetary: 'POSIX',
  shared_preload_libraries: 'pg_stat_statements, "$libdir/unaccent"',
  lo_compat_privileges: 'on',
  zero_damaged_pages: 'on',
  log_destination: 'csvlog, syslog',
  syslog_sequence_numbers: 'off',
  syslog_split_messages: 'off',
  log_connections: 'Authentication, setup_durations',
  log_line_prefix: '100%%u %-12d',
  log_min_messages: 'fatal',
  log_min_error_statement: 'fatal',
  logging_collector: 'on',
  log_file_mode: '0644',
  log_rotation_age: '0',
  log_rotation_size: '0',
  debug_print_rewritten: 'on',
  log_hostname: 'on',
  log_min_duration_statement: '250ms',
  log_parameter_max_length_on_error: '16',
  log_checkpoints: 'off',
  log_autovacuum_min_duration: '30min',
  autovacuum: 'off',
  track_counts: 'off',
  max_prepared_transactions: '2',
  archive_mode: 'on',
  archive_command: 'false',
} as const;

/** What no setting at the start makes: a change that waits for a restart, and what was forgotten in the middle. */
export async function makeOdd(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('alter system set max_locks_per_transaction = 65');
    await client.query('select pg_catalog.pg_reload_conf()');
    await client.query(`begin; select pg_catalog.pg_current_xact_id(); prepare transaction 'order''s 7'`);
    await client.query(`select pg_catalog.pg_create_physical_replication_slot('gone_standby', true)`);
    await client.query('select pg_catalog.pg_switch_wal()');
    // The server rereads its files and archives in its own time.
    await until(client, 'select 1 from pg_catalog.pg_settings where pending_restart');
    await until(client, 'select 1 from pg_catalog.pg_stat_archiver where failed_count > 0');
    // After the last reload: with a mistake in its files a server takes nothing from them.
    await client.query(`copy (values ('no_such_setting = 1')) to program 'cat >> postgresql.conf'`);
  });
}

async function until(client: pg.Client, query: string): Promise<void> {
  while ((await client.query(query)).rowCount === 0) await client.query('select pg_catalog.pg_sleep(0.01)');
}

export const POLICY: Policy = policyFrom({
  postgres: {
    version: '18.0',
    extensions: { required: ['pgcrypto'], allowed: ['pg_stat_statements'], schema: 'extensions' },
    timezone: 'UTC',
    locale: { provider: 'builtin', name: 'C.UTF-8', encoding: 'UTF8' },
  },
});

/** A session as withSession gives it, over a client of the tests, and without settings of its own. */
export async function sessionOver(client: pg.Client): Promise<Session> {
  let roundTrips = 0;
  const send = async <T>(act: () => Promise<T>): Promise<T> => {
    roundTrips += 1;
    return act().catch((thrown: unknown) => {
      throw sqlError(thrown);
    });
  };
  const { rows } = await client.query<{ number: string; text: string }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as text`,
  );
  return {
    pid: 0,
    serverVersion: Number(rows[0]?.number),
    serverVersionText: rows[0]?.text ?? '',
    systemIdentifier: null,
    encrypted: false,
    crossesNetwork: false,
    peer: null,
    host: client.host,
    port: client.port,
    database: client.database ?? '',
    user: client.user ?? '',
    get roundTrips() {
      return roundTrips;
    },
    rows: async <Row>(sql: string, values: readonly unknown[] = []) =>
      (await send(() => client.query(sql, [...values]))).rows as Row[],
    script: async (sql) => {
      const results = (await send(() => client.query(sql))) as pg.QueryResult | pg.QueryResult[];
      return Array.isArray(results) ? results : [results];
    },
    copyOut: (sql, sink) => send(() => copyOut(client, sql, sink, () => {})),
    copyIn: (sql, source) => send(() => copyIn(client, sql, source)),
  };
}

export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Policy, advisories and clock of a case. */
export function inputsOf({ server, policy: { guards, ...policy }, advisories: table, facts, now }: CheckCase): RunInputs {
  return {
    // The checks of guards are skipped on the other servers: nothing is declared there.
    policy: { ...POLICY, ...policy, guards: server === 'guarded' ? { ...GUARDS, ...(guards as Partial<GuardPolicy>) } : null },
    advisories: { ...advisories, ...table },
    facts: Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, toFact(value)])) as Facts,
    clock: () => (now === null ? new Date() : new Date(now)),
  };
}

function toFact(value: unknown): Fact {
  if (typeof value === 'object' && value !== null && 'unseen' in value) {
    const { unseen: reason, fix } = value as { unseen: string; fix?: string };
    return { kind: 'unseen', reason, fix: fix ?? '' };
  }
  return { kind: 'seen', value: value as Json };
}

/** Server settings by name, as `initdb --set` takes them. */
export type ServerSettings = Readonly<Record<string, string>>;

/**
 * What a development server is set to beyond PostgreSQL's defaults. Everything that keeps data safe stays on (fsync,
 * full_page_writes, synchronous_commit, checksums): people keep work in it, and a crash must behave as in production.
 */
export function developmentSettings(name: string, logs: string): ServerSettings {
  return {
    cluster_name: name,
    listen_addresses: '127.0.0.1',
    // An application's pool, a test runner and an editor at once pass the default of 100; a slot costs a few kB.
    max_connections: '200',
    // `verify` wants it, `slow` reads it, and only a restart can add it later.
    shared_preload_libraries: 'pg_stat_statements',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Lets `explain (buffers)` and pg_stat_io say where the time goes; reading the clock is cheap on machines people develop on.
    track_io_timing: 'on',
    logging_collector: 'on',
    log_directory: logs,
    log_filename: 'postgresql-%Y%m%d-%H%M%S.log',
    // Size alone rotates: a quiet server makes no empty files, and `dev up` keeps only the newest ones.
    log_rotation_age: '0',
    log_rotation_size: '10MB',
    log_line_prefix: '%m [%p] %q%u@%d %a %h ',
    // As `verify` wants it of production. `on` is a word of every major; since 18 it means receipt, authentication and authorization.
    log_connections: 'on',
    log_disconnections: 'on',
    log_statement: 'ddl',
    log_replication_commands: 'on',
    log_lock_waits: 'on',
    // Bound values are people's data and passwords.
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
  };
}

/** For throw-away servers: nothing waits for the disk, and a crash of the machine loses everything. */
export const THROW_AWAY_SETTINGS: ServerSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

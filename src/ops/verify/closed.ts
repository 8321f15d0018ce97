/**
 * What a plain login does not see on a server nobody has changed; everything else in pg_catalog is open to PUBLIC. Read on 18.2, which a test
 * compares it with, and on 17.
 */

/** Relations of pg_catalog, and why one would not want to grant them; null: there is no such reason. */
export const CLOSED_RELATIONS: Readonly<Record<string, string | null>> = {
  pg_aios: null,
  pg_authid: 'it holds the password verifiers of all roles, which can be guessed against offline',
  pg_backend_memory_contexts: null,
  pg_config: null,
  pg_file_settings: null,
  pg_hba_file_rules: null,
  pg_ident_file_mappings: null,
  pg_largeobject: 'it holds the data of all large objects',
  pg_replication_origin_status: null,
  pg_shadow: 'it shows the password verifiers of all roles, which can be guessed against offline',
  pg_shmem_allocations: null,
  pg_shmem_allocations_numa: null,
  pg_statistic: 'it holds values of all tables',
  pg_statistic_ext_data: 'it holds values of all tables',
  pg_subscription: 'it holds the connection strings of subscriptions, with their passwords',
  pg_user_mapping: 'it holds the options of user mappings, with their passwords',
};

/** What is granted for a reason, and shows more than that. */
export const SHOWS_MORE: Readonly<Record<string, string>> = {
  pg_hba_file_rules: 'its options show the bind password of LDAP and the secrets of RADIUS, where pg_hba.conf has any',
  pg_file_settings: 'it shows primary_conninfo, with a password where one stands in it',
  pg_read_all_settings: 'it shows primary_conninfo, with a password where one stands in it',
};

/** Functions of pg_catalog, by name, that PUBLIC may not call. */
export const CLOSED_FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'lo_export lo_import pg_backup_start pg_backup_stop pg_config pg_create_restore_point pg_current_logfile pg_get_aios ' +
    'pg_get_backend_memory_contexts pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_hba_file_rules pg_ident_file_mappings ' +
    'pg_log_backend_memory_contexts pg_log_standby_snapshot pg_ls_archive_statusdir pg_ls_dir pg_ls_logdir pg_ls_logicalmapdir ' +
    'pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_ls_tmpdir pg_ls_waldir pg_promote pg_read_binary_file pg_read_file ' +
    'pg_reload_conf pg_replication_origin_advance pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_oid ' +
    'pg_replication_origin_progress pg_replication_origin_session_is_setup pg_replication_origin_session_progress ' +
    'pg_replication_origin_session_reset pg_replication_origin_session_setup pg_replication_origin_xact_reset ' +
    'pg_replication_origin_xact_setup pg_rotate_logfile pg_show_all_file_settings pg_show_replication_origin_status pg_stat_file ' +
    'pg_stat_have_stats pg_stat_reset pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_shared ' +
    'pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters pg_stat_reset_slru pg_stat_reset_subscription_stats ' +
    'pg_switch_wal pg_wal_replay_pause pg_wal_replay_resume'
  ).split(' '),
);

/** Settings only superusers and pg_read_all_settings see, in lower case. */
export const HIDDEN_SETTINGS: ReadonlySet<string> = new Set(
  (
    'config_file data_directory dynamic_library_path extension_control_path external_pid_file hba_file ident_file jit_provider ' +
    'krb_server_keyfile log_directory log_filename oauth_validator_libraries primary_conninfo session_preload_libraries ' +
    'shared_preload_libraries ssl_ciphers ssl_dh_params_file ssl_ecdh_curve ssl_groups ssl_max_protocol_version ' +
    'ssl_min_protocol_version ssl_passphrase_command ssl_tls13_ciphers unix_socket_directories'
  ).split(' '),
);

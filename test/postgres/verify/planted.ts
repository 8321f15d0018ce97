import type { ServerSettings } from '../../../src/ops/dev/settings.ts';

/** Faults that are made before the server starts, by the check that has to find them. */
export const PLANTED_SETTINGS: Readonly<Record<string, ServerSettings>> = {
  'auth-password-encryption': { password_encryption: 'md5' },
  'auth-timeout': { authentication_timeout: '5min' },
  'bak-archiving': { archive_mode: 'on', archive_command: 'false' },
  'dur-fsync-fpw': { fsync: 'off' },
  'dur-sync-commit': { synchronous_commit: 'off' },
  'ext-preload': { shared_preload_libraries: 'pg_stat_statements, "$libdir/unaccent"' },
  'log-connections': { log_connections: '' },
  'log-debug-off': { debug_print_plan: 'on' },
  'log-destination': { log_destination: 'stderr', logging_collector: 'off' },
  'log-disconnections': { log_disconnections: 'off' },
  'log-levels': { log_min_messages: 'fatal' },
  'log-line-prefix': { log_line_prefix: '%p ' },
  'log-lock-waits': { log_lock_waits: 'off', log_checkpoints: 'off' },
  'log-replication': { log_replication_commands: 'off' },
  'log-secrets': { log_min_duration_statement: '1ms', log_parameter_max_length: '-1' },
  'log-statement': { log_statement: 'none' },
  'ops-autovacuum': { autovacuum: 'off' },
  'conn-listen': { unix_socket_permissions: '0777' },
  'conn-reserved': { superuser_reserved_connections: '0', reserved_connections: '0' },
  'log-pgaudit': {},
  'set-dangerous': { lo_compat_privileges: 'on' },
  'time-log-utc': { log_timezone: 'America/New_York' },
  'time-sanity': { datestyle: 'German' },
  'tls-min-version': { ssl_min_protocol_version: 'TLSv1' },
  'tls-ciphers': { ssl_ciphers: 'ALL:DES-CBC3-SHA:@SECLEVEL=0' },
  'time-server-utc': { timezone: 'Europe/Berlin' },
};

/** Faults that a hand makes on the running server, as a superuser of the database with the reference project, in this order. */
export const PLANTED: Readonly<Record<string, readonly string[]>> = {
  // The server itself: it is of the pin, and the pin is old.
  'version-known-regression': [],
  'version-security-outdated': [],
  'ext-cve-exposed': [],

  'ext-forbidden': ['create extension dblink'],
  'ext-required': ['drop extension if exists pg_trgm cascade'],
  'ext-schema': ['create extension hstore schema public'],
  'ext-trusted-surface': ['grant create on database lab to public'],
  'ext-untrusted-language': ['create language handmade handler plpgsql_call_handler'],
  'ext-update-pending': [`create extension citext schema extensions version '1.4'`],
  'ext-version-orphan': [
    'create extension unaccent',
    `update pg_catalog.pg_extension set extversion = '0.9' where extname = 'unaccent'`,
  ],

  'loc-encoding': [`create database raw template template0 encoding 'SQL_ASCII' locale_provider libc locale 'C'`],
  'loc-provider': [`create database libc template template0 locale_provider libc locale 'C'`],
  'loc-collation-version': [
    `create collation shop (provider = icu, locale = 'de')`,
    `update pg_catalog.pg_collation set collversion = '0.1' where collname = 'shop'`,
  ],
  'loc-affected-indexes': ['create table public.sorted (name text collate shop unique)'],
  'loc-db-version': [
    `create database german template template0 locale_provider icu icu_locale 'de' locale 'C'`,
    `update pg_catalog.pg_database set datcollversion = '0.1' where datname = 'german'`,
  ],
  'loc-templates': [
    `update pg_catalog.pg_database set datallowconn = true where datname = 'template0'`,
    'alter database template1 rename to template1_old',
    `create database template1 template template0 is_template true encoding 'SQL_ASCII' locale_provider libc locale 'C'`,
  ],
  'loc-unversioned': [
    `create collation bytes (provider = libc, locale = 'C.UTF-8')`,
    'create table public.unversioned (name text collate bytes unique)',
  ],

  'loc-lc-settings': [`alter role verify set lc_messages = 'POSIX'`],
  'time-overrides': [`alter role verify set timezone = 'Asia/Tokyo'`],
  'set-overrides-unsafe': ['alter database lab set row_security = off'],
  'set-pending': ['alter system set max_connections = 101', 'select pg_catalog.pg_reload_conf()'],
  'set-timeouts': ['create role forgetful login'],
  'rep-role': ['create role copier login replication createrole'],
  'rep-slots': [`select pg_catalog.pg_create_physical_replication_slot('gone_standby', true)`],
  'ops-wraparound': [
    `update pg_catalog.pg_database set datfrozenxid = ((pg_catalog.pg_current_xact_id()::text::int8 + 4294967296 - 1500000000) % 4294967296)::text::xid where datname = 'libc'`,
  ],

  'auth-md5-verifiers': [
    `set password_encryption = md5`,
    `create role old_one login password 'secret'`,
    'reset password_encryption',
  ],
  'priv-superusers': ['create role second_root superuser login'],
  'priv-attributes': ['create role maker createdb createrole'],
  'priv-server-roles': ['create role job login', 'grant pg_execute_server_program to job'],
  'priv-public-schema': ['grant create on schema public to public'],
  'priv-public-objects': ['create table public.leak (id bigint primary key)', 'grant select on public.leak to public'],
  'priv-public-database': ['grant temp on database lab to public'],
  'priv-secdef-path': [`create function public.loose() returns int language sql security definer as 'select 1'`],
  'priv-secdef-public': [],
  'priv-app-owner': [
    'create table public.of_the_app (id bigint primary key)',
    'alter table public.of_the_app owner to web_app_1',
  ],
  'priv-conn-limit': ['create role unlimited login'],
  'priv-fdw-mapping': [
    'create foreign data wrapper remote',
    'create server elsewhere foreign data wrapper remote',
    `create user mapping for public server elsewhere options (user 'x', password 'y')`,
  ],
  'priv-fdw-password': [],
  'sch-primary-key': ['create table public.keyless (id int)'],
  'sch-timestamp': ['create table public.zoneless (id bigint primary key, at timestamp)'],
  'sch-types': ['create table public.priced (id bigint primary key, price money, code char(3))'],
  'sch-naming': ['create table public."Order" (id bigint primary key)'],
  'sch-unlogged': ['create unlogged table public.fleeting (id bigint primary key)'],
  'sch-not-valid': ['alter table public.priced add constraint positive check (id > 0) not valid'],
  'sch-fk-type': ['create table public.child (id bigint primary key, parent int references public.priced (id))'],
  'sch-int-pk': [
    'create table public.counted (id int generated always as identity primary key)',
    `select pg_catalog.setval('public.counted_id_seq', 2000000000)`,
  ],
  'idx-fk-missing': ['create table public.unindexed (id bigint primary key, child bigint references public.child)'],
  'idx-duplicate': ['create index on public.child (parent)', 'create index on public.child (parent)'],
  'idx-invalid': [
    'create index broken on public.child (parent, id)',
    `update pg_catalog.pg_index set indisvalid = false where indexrelid = 'public.broken'::regclass`,
  ],

  'imm-event-trigger': ['alter event trigger dbctl_4_refuse_drop disable'],
  'imm-guard': ['alter table audit.audit_log disable trigger dbctl_guard_row'],
  'imm-grant': ['grant truncate on table audit.audit_log to web_app'],
  'imm-member': ['grant pg_write_server_files to web_jobs'],
  'imm-setting': ['grant set on parameter session_replication_role to web_app_1'],
  'imm-table': ['alter table execution.proof_artifacts set unlogged'],
  'imm-registry': [
    'alter table content.lesson_versions rename to lesson_versions_old',
    'create table content.lesson_versions ()',
  ],
  'imm-function': [
    `create or replace function dbctl.refuse_row_change() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as 'begin return old; end'`,
  ],
  'imm-counter': ['delete from dbctl.violation_counter'],
  'imm-registry-access': ['grant insert on table dbctl.permit to web_app'],
  'imm-replication': ['create publication reports for table content.lab_versions where (id is not null)'],
  'imm-shape': ['alter table content.lab_versions alter config set default null'],
  'imm-unsafe-shape': [
    'alter table content.lab_versions add shout text generated always as (pg_catalog.upper(id::text)) virtual',
  ],
  'imm-interception': ['create rule lose as on insert to content.lab_versions do instead nothing'],
  'imm-owner': ['alter table content.lab_versions owner to web_app'],
  'imm-pages': ['create extension pageinspect'],
  'imm-definer': [
    `create function public.clean() returns void language sql security definer as 'select'`,
    'alter function public.clean() owner to dbctl_protected',
  ],
};

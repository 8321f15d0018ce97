import { SEEDED } from './workload.ts';

/** Something a login must not be able to do: what it sends, and how the server refuses it. */
export interface Forbidden {
  readonly login: string;
  readonly does: string;
  readonly sql: string;
  /** SQLSTATE; default: insufficient_privilege. */
  readonly code?: string;
  /** What the refusal names. */
  readonly names: string;
}

const forbidden = (login: string, does: string, sql: string, names: string, code?: string): Forbidden => ({
  login,
  does,
  sql,
  names,
  ...(code === undefined ? {} : { code }),
});

/** default_transaction_read_only is a setting that its login may change: what counts is the right behind it. */
const writable = (sql: string): string => `set transaction read write; ${sql}`;

const APPEND_ONLY: readonly Forbidden[] = [
  forbidden('web_app_1', 'changes the audit log', `update audit.audit_log set actor_id = 'x'`, 'table audit_log'),
  forbidden('web_app_1', 'deletes from the audit log', `delete from audit.audit_log`, 'table audit_log'),
  forbidden('web_app_2', 'empties the audit log', `truncate audit.audit_log`, 'table audit_log'),
  forbidden('web_app_1', 'reads the audit log', `select actor_id from audit.audit_log`, 'table audit_log'),
  forbidden('web_app_1', 'changes a lesson version', `update content.lesson_versions set title = 'x'`, 'table lesson_versions'),
  forbidden('web_app_1', 'deletes a lab version', `delete from content.lab_versions`, 'table lab_versions'),
  forbidden(
    'task_runner_1',
    'changes a verdict',
    `update execution.verification_attempts set result = 'PASS'`,
    'table verification_attempts',
  ),
  forbidden('task_runner_2', 'deletes a verdict', `delete from execution.verification_attempts`, 'table verification_attempts'),
  forbidden(
    'task_runner_1',
    'changes a proof',
    `update execution.proof_artifacts set sha256 = repeat('0', 64)`,
    'table proof_artifacts',
  ),
  forbidden('web_jobs_1', 'deletes a snapshot event', `delete from delivery.snapshot_events`, 'table snapshot_events'),
  forbidden(
    'web_app_1',
    'changes a delivery event',
    `update delivery.delivery_events set payload = '{}'`,
    'table delivery_events',
  ),
  forbidden('archiver', 'deletes what it archived', `delete from audit.audit_log`, 'table audit_log'),
  forbidden('auditor', 'deletes what it audits', writable(`delete from audit.audit_log`), 'table audit_log'),
  forbidden('task_runner_1', 'locks a row of it', `select id from execution.proof_artifacts for update`, 'table proof_artifacts'),
  forbidden(
    'web_app_1',
    'locks the log against its writers',
    `lock table audit.audit_log in access exclusive mode`,
    'table audit_log',
  ),
];

const FORGED: readonly Forbidden[] = [
  forbidden(
    'web_app_1',
    'dates an event back',
    `insert into audit.audit_log (actor_type, actor_id, action, entity_type, created_at) values ('user', 'x', 'a.b', 'x', '2020-01-01')`,
    'table audit_log',
  ),
  forbidden(
    'web_jobs_1',
    'writes an event as somebody else',
    `insert into audit.audit_log (actor_type, actor_id, action, entity_type, database_user) values ('user', 'x', 'a.b', 'x', 'postgres')`,
    'table audit_log',
  ),
  forbidden(
    'task_runner_1',
    'chooses the transaction of a verdict',
    `insert into execution.verification_attempts (lab_session_id, commit_sha, result, recorded_xid) values ('${SEEDED.verdictSession}', repeat('a', 40), 'PASS', '1')`,
    'table verification_attempts',
  ),
  forbidden(
    'web_app_1',
    'chooses the id of a version',
    `insert into content.lab_versions (id, lab_id, version_number, estimated_minutes, config) values (gen_random_uuid(), gen_random_uuid(), 9, 1, '{}')`,
    'table lab_versions',
  ),
  forbidden('web_app_1', 'sets the cost of a session', `update execution.lab_sessions set cost_amount = 0`, 'table lab_sessions'),
  forbidden(
    'task_runner_1',
    'begins a session earlier',
    `update execution.lab_sessions set started_at = '2020-01-01'`,
    'table lab_sessions',
  ),
  forbidden('web_app_1', 'passes an attempt', `update execution.lab_attempts set status = 'PASSED'`, 'table lab_attempts'),
  forbidden(
    'web_app_1',
    'gives a verdict',
    `insert into execution.verification_attempts (lab_session_id, commit_sha, result) values ('${SEEDED.verdictSession}', repeat('a', 40), 'PASS')`,
    'table verification_attempts',
  ),
  forbidden('web_app_1', 'makes labs cheaper', `update execution.compute_rates set rate_per_hour = 0`, 'table compute_rates'),
];

const SECRETS: readonly Forbidden[] = [
  forbidden('readonly', 'reads hashes of tokens', `select token_hash from identity.auth_sessions`, 'table auth_sessions'),
  forbidden(
    'readonly',
    'reads tokens of providers',
    `select access_token_ciphertext from identity.auth_identities`,
    'table auth_identities',
  ),
  forbidden('readonly', 'reads addresses', `select email from identity.users`, 'table users'),
  forbidden(
    'readonly',
    'reads answers kept for requests',
    `select response_body from delivery.idempotency_keys`,
    'table idempotency_keys',
  ),
  forbidden('web_jobs_1', 'reads hashes of tokens', `select token_hash from identity.auth_sessions`, 'table auth_sessions'),
  forbidden(
    'web_jobs_2',
    'reads answers kept for requests',
    `select response_body from delivery.idempotency_keys`,
    'table idempotency_keys',
  ),
  forbidden('task_runner_1', 'reads accounts', `select id from identity.users`, 'schema identity'),
  forbidden('daemon_1', 'reads accounts', `select id from identity.users`, 'schema identity'),
  forbidden('verify', 'reads accounts', `select id from identity.users`, 'schema identity'),
  forbidden('auditor', 'reads accounts', `select id from identity.users`, 'schema identity'),
  forbidden('archiver', 'reads sessions of learners', `select id from execution.lab_sessions`, 'table lab_sessions'),
  forbidden('readonly', 'reads verifiers of passwords', `select rolpassword from pg_catalog.pg_authid`, 'table pg_authid'),
  forbidden('web_app_1', 'reads verifiers of passwords', `select passwd from pg_catalog.pg_shadow`, 'view pg_shadow'),
  forbidden('auditor', 'reads pg_hba.conf', `select address from pg_catalog.pg_hba_file_rules`, 'view pg_hba_file_rules'),
  forbidden('web_app_1', 'reads a file of the server', `select pg_read_file('postgresql.conf')`, 'function pg_read_file'),
  forbidden('web_app_1', 'lists its folders', `select pg_ls_dir('.')`, 'function pg_ls_dir'),
  forbidden('web_app_1', 'reads a file as a large object', `select lo_import('/etc/passwd')`, 'function lo_import'),
  forbidden(
    'web_app_1',
    'runs a program',
    `copy admin.feature_flags (key) from program 'id'`,
    'COPY to or from an external program',
  ),
  forbidden('readonly', 'sends rows to a program', `copy (select 1) to program 'cat'`, 'COPY to or from an external program'),
  forbidden('readonly', 'writes a file of the server', `copy (select 1) to '/tmp/x'`, 'COPY to a file'),
  forbidden('web_app_1', 'reads a file into a table', `copy admin.feature_flags (key) from '/etc/passwd'`, 'COPY from a file'),
];

const OTHERS: readonly Forbidden[] = [
  forbidden('daemon_1', 'reads what jobs are about', `select payload from jobs.jobs`, 'table jobs'),
  forbidden('daemon_1', 'ends a job', writable(`update jobs.jobs set state = 'failed'`), 'table jobs'),
  forbidden('daemon_2', 'throws a switch', writable(`update admin.feature_flags set enabled = true`), 'table feature_flags'),
  forbidden('web_app_1', 'deletes jobs', `delete from jobs.jobs`, 'table jobs'),
  forbidden('web_app_1', 'deletes accounts', `delete from identity.users`, 'table users'),
  forbidden(
    'web_app_1',
    'takes commits from the queue',
    `select execution.claim_verification_jobs('x')`,
    'function claim_verification_jobs',
  ),
  forbidden(
    'web_jobs_1',
    'takes commits from the queue',
    `select execution.claim_verification_jobs('x')`,
    'function claim_verification_jobs',
  ),
  forbidden('web_jobs_1', 'reads verdicts', `select result from execution.verification_attempts`, 'table verification_attempts'),
  forbidden('task_runner_1', 'asks for jobs', `insert into jobs.jobs (name, job_key) values ('x', 'x')`, 'table jobs'),
  forbidden('task_runner_1', 'changes plans', `update billing.subscriptions set plan = 'PAID'`, 'schema billing'),
  forbidden('task_runner_2', 'throws a switch', `update admin.feature_flags set enabled = true`, 'schema admin'),
  forbidden('readonly', 'writes', writable(`update content.lessons set title = 'x'`), 'table lessons'),
  forbidden('backup', 'writes', writable(`update content.lessons set title = 'x'`), 'table lessons'),
  forbidden(
    'web_app_1',
    'reads the history of migrations',
    `select version from dbctl.schema_migrations`,
    'table schema_migrations',
  ),
  forbidden('lab_migrator', 'rewrites run records', `update dbctl.run set operator = 'x'`, 'table run'),
  forbidden(
    'web_app_1',
    'begins a session for another user',
    `select set_config('app.user_id', '${SEEDED.lin}', true);
     insert into execution.lab_sessions (user_id, lab_version_id) values ('01900000-0000-7000-8000-000000000103', '${SEEDED.labVersion}')`,
    'row-level security policy for table "lab_sessions"',
  ),
  forbidden(
    'web_app_1',
    'signs in without being the service',
    `insert into identity.users (email) values ('x@example.test')`,
    'row-level security policy for table "users"',
  ),
];

const DEFINITIONS: readonly Forbidden[] = [
  forbidden('web_app_1', 'makes a table', `create table jobs.mine (a int)`, 'schema jobs'),
  forbidden('web_app_1', 'makes a table in public', `create table public.mine (a int)`, 'schema public'),
  forbidden('web_app_1', 'makes a temporary table', `create temporary table mine (a int)`, 'temporary tables in database "lab"'),
  forbidden(
    'readonly',
    'makes a temporary table',
    writable(`create temporary table mine (a int)`),
    'temporary tables in database "lab"',
  ),
  forbidden('web_app_1', 'makes a schema', `create schema mine`, 'database lab'),
  forbidden(
    'web_app_1',
    'makes a function',
    `create function shared.mine() returns int language sql as 'select 1'`,
    'schema shared',
  ),
  forbidden('web_app_1', 'adds a column', `alter table identity.users add column mine text`, 'table users'),
  forbidden('web_app_1', 'drops a table', `drop table jobs.task_progress`, 'table task_progress'),
  forbidden('web_app_1', 'makes an index', `create index on jobs.tasks (name)`, 'table tasks'),
  forbidden('task_runner_1', 'empties a table', `truncate jobs.task_runs cascade`, 'table task_runs'),
  forbidden(
    'task_runner_1',
    'makes a trigger',
    `create trigger mine before insert on jobs.tasks execute function shared.set_updated_at()`,
    'table tasks',
  ),
  forbidden('web_app_1', 'disables triggers', `alter table execution.lab_sessions disable trigger all`, 'table lab_sessions'),
  forbidden('web_app_1', 'switches row security off', `alter table identity.users disable row level security`, 'table users'),
  forbidden('web_app_1', 'drops a policy', `drop policy users_select on identity.users`, 'relation users'),
  forbidden('web_app_1', 'opens a policy', `alter policy users_select on identity.users using (true)`, 'table users'),
  forbidden(
    'web_app_1',
    'reads past row security',
    `set local row_security = off; select id from identity.users`,
    'query would be affected by row-level security policy for table "users"',
  ),
  forbidden('web_app_1', 'brings an extension', `create extension citext`, 'permission denied to create extension "citext"'),
  forbidden('web_jobs_1', 'rebuilds an index', `reindex table jobs.jobs`, 'table jobs'),
  forbidden(
    'web_app_1',
    'changes what new tables are granted',
    `alter default privileges for role lab_owner grant all on tables to web_app_1`,
    'default privileges',
  ),
];

const ROLES: readonly Forbidden[] = [
  forbidden('web_app_1', 'becomes the owner', `set role lab_owner`, 'set role "lab_owner"'),
  forbidden('web_app_1', 'becomes its own group', `set role web_app`, 'set role "web_app"'),
  forbidden('web_app_1', 'becomes another app', `set role web_jobs_1`, 'set role "web_jobs_1"'),
  forbidden(
    'lab_migrator',
    'becomes who owns the append-only tables',
    `reset role; set role dbctl_protected`,
    'set role "dbctl_protected"',
  ),
  forbidden('lab_migrator', 'becomes an app', `reset role; set role web_app`, 'set role "web_app"'),
  forbidden('web_app_1', 'is a superuser', `set session authorization postgres`, 'session authorization "postgres"'),
  forbidden('web_app_1', 'makes a role', `create role mine login`, 'permission denied to create role'),
  forbidden('web_app_1', 'makes itself superuser', `alter role web_app_1 superuser`, 'permission denied to alter role'),
  forbidden('web_app_1', 'lifts its limit', `alter role web_app_1 connection limit -1`, 'permission denied to alter role'),
  forbidden(
    'web_app_1',
    'changes the password of another',
    `alter role web_app_2 password 'x'`,
    'permission denied to alter role',
  ),
  forbidden('web_app_1', 'lets itself past row security', `alter role web_app_1 bypassrls`, 'permission denied to alter role'),
  forbidden('web_app_1', 'takes another group', `grant web_jobs to web_app_1`, 'permission denied to grant role "web_jobs"'),
  forbidden('web_app_1', 'lends its own group', `grant web_app to readonly`, 'permission denied to grant role "web_app"'),
  forbidden(
    'web_app_1',
    'switches triggers off',
    `set local session_replication_role = replica`,
    'parameter "session_replication_role"',
  ),
  forbidden('web_app_1', 'hides from the log', `set local log_statement = 'none'`, 'parameter "log_statement"'),
  forbidden('web_app_1', 'reloads the configuration', `select pg_reload_conf()`, 'function pg_reload_conf'),
  forbidden(
    'web_app_1',
    'reads changes from the log',
    `select pg_create_logical_replication_slot('mine', 'pgoutput')`,
    'permission denied to use replication slots',
  ),
  forbidden(
    'web_app_1',
    'ends the session of another',
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'`,
    'permission denied to terminate process',
  ),
];

export const FORBIDDEN: readonly Forbidden[] = [...APPEND_ONLY, ...FORGED, ...SECRETS, ...OTHERS, ...DEFINITIONS, ...ROLES];

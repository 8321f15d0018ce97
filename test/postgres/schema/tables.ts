/** The tables the mission names, by schema, spelled out: a renamed or moved table must fail a test. */
const MISSION_TABLES = [
  'identity.users',
  'identity.auth_sessions',
  'identity.auth_identities',
  'identity.github_accounts',
  'content.lessons',
  'content.lesson_versions',
  'content.labs',
  'content.lab_versions',
  'execution.lab_sessions',
  'execution.lab_attempts',
  'execution.verification_jobs',
  'execution.verification_attempts',
  'execution.proof_artifacts',
  'execution.github_repo_mappings',
  'delivery.snapshots',
  'delivery.snapshot_events',
  'delivery.delivery_events',
  'delivery.idempotency_keys',
  'delivery.repo_session_bindings',
  'audit.audit_log',
  'admin.feature_flags',
  'billing.subscriptions',
  'jobs.jobs',
  'jobs.job_runs',
  'jobs.tasks',
  'jobs.task_runs',
  'jobs.task_progress',
];

/** Insert and delete only: what makes events of partitioned tables unique. */
export const KEY_TABLES = ['delivery.snapshot_event_keys', 'delivery.delivery_event_keys'];

/** All tables, partitions aside. Prices are not in the mission, but sessions cannot be costed without. */
export const ALL_TABLES = [...MISSION_TABLES, ...KEY_TABLES, 'execution.compute_rates'].sort();

/** Append-only, to be guarded by triggers. */
export const PROTECTED_TABLES = [
  'audit.audit_log',
  'content.lab_versions',
  'content.lesson_versions',
  'delivery.delivery_events',
  'delivery.snapshot_events',
  'execution.proof_artifacts',
  'execution.verification_attempts',
];

export const PARTITIONED_TABLES = ['audit.audit_log', 'delivery.delivery_events', 'delivery.snapshot_events', 'jobs.job_runs'];

/** Everything these migrations make is in one of them. */
export const SCHEMAS = ['admin', 'audit', 'billing', 'content', 'delivery', 'execution', 'identity', 'jobs', 'shared'];

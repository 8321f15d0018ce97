/** A learner of the demo, and a task run that does not exist. */
const someone = `'0190de00-0000-7000-8000-000010000007'`;

/** Tables of the demo with thousands of rows: the planner takes the index of its own accord. */
export const LARGE: readonly (readonly [index: string, query: string])[] = [
  [
    'lab_sessions_open_idx',
    `select id from execution.lab_sessions where status = 'IN_PROGRESS' and started_at < now() - interval '1 day'`,
  ],
  [
    'lab_sessions_cost_problem_idx',
    `select id from execution.lab_sessions where cost_status in ('RATE_MISSING', 'MIXED_CURRENCY')`,
  ],
  ['verification_attempts_commit_sha_idx', `select id from execution.verification_attempts where commit_sha = repeat('a', 40)`],
  ['proof_artifacts_sha256_idx', `select id from execution.proof_artifacts where sha256 = repeat('a', 64)`],
  [
    'proof_artifacts_created_at_idx',
    `select id from execution.proof_artifacts where created_at < now() - interval '1 year' order by created_at, id limit 100`,
  ],
  [
    'repo_session_bindings_repo_url_key',
    `select lab_session_id from delivery.repo_session_bindings where repo_url = 'https://github.com/a/b' and released_at is null`,
  ],
  [
    'github_repo_mappings_repo_url_idx',
    `select id from execution.github_repo_mappings where repo_url = 'https://github.com/a/b' order by id limit 1`,
  ],
  ['delivery_events_event_key', `select id from delivery.delivery_events where delivery_id = 'demo-delivery-7'`],
  ['snapshot_events_event_key', `select id from delivery.snapshot_events where snapshot_id = repeat('a', 64)`],
  [
    'audit_log_entity_idx',
    `select id from audit.audit_log where entity_type = 'content.lessons' and entity_id = 'x' order by created_at desc limit 50`,
  ],
  [
    'audit_log_actor_idx',
    `select id from audit.audit_log where actor_type = 'user' and actor_id = ${someone} order by created_at desc limit 50`,
  ],
  ['audit_log_context_idx', `select id from audit.audit_log where context @> '{"request_id": "demo-request-7"}'`],
  [
    'audit_log_created_at_idx',
    `select id, metadata from audit.audit_log where created_at >= now() - interval '20 days' and created_at < now() - interval '19 days'`,
  ],
  ['audit_log_recorded_xid_idx', `select id from audit.audit_log where recorded_xid >= '1' and recorded_xid < '2'`],
];

/**
 * Tables too small, or rows too few, for an index to be cheaper or a sort to be dearer: sequential scans and sorts are switched off to
 * see that the index can do without them.
 */
export const SMALL: readonly (readonly [index: string, query: string])[] = [
  ['users_email_key', `select id from identity.users where lower(email) = lower('Learner7@demo.example.test')`],
  ['users_email_trgm_idx', `select id from identity.users where email ilike '%earner7%'`],
  [
    'lab_sessions_user_id_idx',
    `select id from execution.lab_sessions where user_id = ${someone} order by started_at desc, id desc limit 20`,
  ],
  ['auth_sessions_token_hash_key', `select user_id from identity.auth_sessions where token_hash = sha256('x')`],
  [
    'auth_sessions_expires_at_idx',
    `select id from identity.auth_sessions where expires_at < now() order by expires_at limit 100`,
  ],
  [
    'auth_identities_provider_user_key',
    `select user_id from identity.auth_identities where provider = 'GITHUB' and provider_user_id = 'demo-2'`,
  ],
  [
    'lessons_catalogue_idx',
    `select id from content.lessons where status = 'PUBLISHED' and difficulty = 'BEGINNER' order by published_at desc, id desc limit 20`,
  ],
  ['labs_metadata_lab_id_idx', `select id from content.labs where metadata ->> 'lab_id' = 'DEMO-007'`],
  ['labs_metadata_idx', `select id from content.labs where metadata @> '{"tags": ["topic-7"]}'`],
  ['labs_config_runtime_idx', `select id from content.labs where config ->> 'runtime' = 'node20'`],
  [
    'verification_jobs_claim_idx',
    `select id from execution.verification_jobs where state = 'queued' and run_at <= now() order by run_at, id limit 10 for update skip locked`,
  ],
  [
    'verification_jobs_finished_at_idx',
    `select id from execution.verification_jobs where state in ('succeeded', 'dead') and finished_at < now() order by finished_at limit 100`,
  ],
  [
    'jobs_claim_idx',
    `select id from jobs.jobs where state = 'queued' and run_at <= now() order by run_at, id limit 10 for update skip locked`,
  ],
  ['task_progress_run_step_key', `select step from jobs.task_progress where task_run_id = ${someone}`],
  [
    'idempotency_keys_expires_at_idx',
    `select key from delivery.idempotency_keys where expires_at < now() order by expires_at limit 100`,
  ],
];

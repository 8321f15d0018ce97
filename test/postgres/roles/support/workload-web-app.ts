import { audited, id, SEEDED, type Act, type Workload } from './workload.ts';

/** The web application: what its pages, its API and its webhook receiver ask of the database. */
export const webApp: Workload = (n) => [
  ...signUp(n),
  ...signIn(n),
  ...administration(n),
  ...authoring(n),
  ...labSession(n),
  ...webhooks(n),
  ...requests(n),
  ...plans(n),
  ...background(n),
];

const service = { as: 'service' } as const;
const user = (n: number): string => id(n, 1);
const email = (n: number): string => `Workload${n}@example.test`;

const signUp = (n: number): Act[] => [
  {
    ...service,
    does: 'sign up',
    sql: `insert into identity.users (id, email, display_name, auth_provider) values ($1, $2, 'W', 'GITHUB')
          on conflict (lower(email)) do nothing returning id`,
    values: [user(n), email(n)],
  },
  {
    ...service,
    does: 'link the provider',
    sql: `insert into identity.auth_identities (id, user_id, provider, provider_user_id, access_token_ciphertext, encryption_key_id)
          values ($1, $2, 'GITHUB', $3, '\\x00ff', 'key-1') returning id`,
    values: [id(n, 3), user(n), `gh-${n}`],
  },
  {
    as: user(n),
    does: 'link a GitHub account',
    sql: `insert into identity.github_accounts (user_id, github_id, username) values ($1, $2, $3)`,
    values: [user(n), 990_000 + n, `Workload-${n}`],
  },
];

const signIn = (n: number): Act[] => [
  {
    ...service,
    does: 'find the account by address',
    sql: `select id, disabled_at from identity.users where lower(email) = lower($1)`,
    values: [email(n)],
  },
  {
    ...service,
    does: 'find the account by provider',
    sql: `select user_id, encryption_key_id, access_token_ciphertext from identity.auth_identities where provider = 'GITHUB' and provider_user_id = $1`,
    values: [`gh-${n}`],
  },
  ...[1, 2].map((row) => ({
    ...service,
    does: `open session ${row}`,
    sql: `insert into identity.auth_sessions (id, user_id, token_hash, expires_at) values ($1, $2, sha256($3), now() + interval '1 day')`,
    values: [id(n, 2, row), user(n), Buffer.from(`token ${n} ${row}`)],
  })),
  {
    ...service,
    does: 'recognise a request',
    sql: `update identity.auth_sessions set last_seen_at = now() where token_hash = sha256($1) and expires_at > now() and revoked_at is null returning user_id`,
    values: [Buffer.from(`token ${n} 1`)],
  },
  {
    as: user(n),
    does: 'show the devices of the user',
    sql: `select id, last_seen_at from identity.auth_sessions where user_id = $1`,
    values: [user(n)],
    rows: 2,
  },
  {
    as: user(n),
    does: 'sign one device out',
    sql: `delete from identity.auth_sessions where id = $1`,
    values: [id(n, 2, 2)],
  },
  {
    as: user(n),
    does: 'sign out everywhere',
    sql: `update identity.auth_sessions set revoked_at = now() where user_id = $1`,
    values: [user(n)],
  },
  {
    as: user(n),
    does: 'change the profile',
    sql: `update identity.users set display_name = 'Workload' where id = $1`,
    values: [user(n)],
  },
  {
    as: user(n),
    does: 'new tokens',
    sql: `update identity.auth_identities set access_token_ciphertext = '\\x01' where user_id = $1`,
    values: [user(n)],
  },
  {
    as: user(n),
    does: 'a name changed at GitHub',
    sql: `update identity.github_accounts set username = $2 where user_id = $1`,
    values: [user(n), `Renamed-${n}`],
  },
];

const administration = (n: number): Act[] => [
  {
    ...service,
    does: 'list the staff',
    sql: `select id from identity.users where role = 'ADMIN' and role <> 'USER' order by id`,
  },
  {
    ...service,
    does: 'search accounts',
    sql: `select id from identity.users where email ilike '%' || $1 || '%'`,
    values: [`orkload${n}`],
  },
  {
    ...service,
    does: 'find a GitHub name',
    sql: `select user_id from identity.github_accounts where lower(username) = lower($1)`,
    values: [`renamed-${n}`],
  },
  {
    ...service,
    does: 'disable an account',
    sql: `update identity.users set disabled_at = now() where id = $1`,
    values: [user(n)],
  },
  { ...service, does: 'enable it', sql: `update identity.users set disabled_at = null where id = $1`, values: [user(n)] },
  { ...service, does: 'read a flag', sql: `select enabled, rules from admin.feature_flags where key = 'gpu-labs'` },
  {
    ...service,
    does: 'set a flag',
    sql: `insert into admin.feature_flags (key, enabled) values ($1, true) on conflict (key) do update set enabled = excluded.enabled`,
    values: [`workload-${n}`],
  },
  audited('admin.feature_flag.update', 'admin.feature_flags', service),
];

const authoring = (n: number): Act[] => [
  {
    does: 'write a lesson',
    sql: `insert into content.lessons (id, slug, title, difficulty, content) values ($1, $2, 'Workload', 'BEGINNER', '{"tags": ["w"]}')`,
    values: [id(n, 5), `workload-${n}`],
  },
  {
    does: 'publish it',
    sql: `update content.lessons set status = 'PUBLISHED', published_at = now() where id = $1`,
    values: [id(n, 5)],
  },
  {
    does: 'keep the version',
    sql: `insert into content.lesson_versions (lesson_id, version_number, title, content, published_by)
          select l.id, coalesce((select max(v.version_number) from content.lesson_versions v where v.lesson_id = l.id), 0) + 1, l.title, l.content, $2
          from content.lessons l where l.id = $1 returning version_number`,
    values: [id(n, 5), SEEDED.lin],
  },
  {
    does: 'show the catalogue',
    sql: `select id from content.lessons where status = 'PUBLISHED' and difficulty = 'BEGINNER' and slug = $1 order by published_at desc, id desc limit 20`,
    values: [`workload-${n}`],
  },
  {
    does: 'import a lab',
    sql: `insert into content.labs (id, slug, title, difficulty, estimated_minutes, metadata) values ($1, $2, 'W', 'BEGINNER', 30, '{"lab_id": "W"}')
          on conflict (slug) do update set title = excluded.title`,
    values: [id(n, 7), `workload-${n}`],
  },
  {
    does: 'keep its version',
    sql: `insert into content.lab_versions (lab_id, version_number, estimated_minutes, config, published_by) values ($1, 1, 30, '{}', $2) returning id`,
    values: [id(n, 7), SEEDED.lin],
  },
];

const labSession = (n: number): Act[] => [
  {
    as: user(n),
    does: 'begin a session',
    sql: `insert into execution.lab_sessions (id, user_id, lab_version_id, compute_tier, cost_metadata) values ($1, $2, $3, 1, '{"region": "eu-1"}') returning started_at`,
    values: [id(n, 10), user(n), SEEDED.labVersion],
  },
  {
    as: user(n),
    does: 'name the repository',
    sql: `insert into execution.github_repo_mappings (lab_session_id, repo_url) values ($1, $2) returning id`,
    values: [id(n, 10), `https://github.com/workload/repo-${n}`],
  },
  {
    as: user(n),
    does: 'bind it',
    sql: `select binding_id from delivery.bind_repo_session($1, $2) where newly_bound`,
    values: [`https://github.com/workload/repo-${n}`, id(n, 10)],
  },
  {
    as: user(n),
    does: 'submit an attempt',
    sql: `insert into execution.lab_attempts (id, lab_session_id, attempt_number, commit_sha, details) values ($1, $2, 1, $3, '{"hints": 0}')`,
    values: [id(n, 11), id(n, 10), commit(n)],
  },
  {
    as: user(n),
    does: 'take a hint',
    sql: `update execution.lab_attempts set details = details || '{"hints": 1}' where id = $1`,
    values: [id(n, 11)],
  },
  {
    as: user(n),
    does: 'another branch',
    sql: `update execution.github_repo_mappings set default_branch = 'trunk' where lab_session_id = $1`,
    values: [id(n, 10)],
  },
  {
    ...service,
    does: 'queue the commit',
    sql: `select id from execution.enqueue_verification($1, $2, '{"lab": "w"}') as id where id is not null`,
    values: [id(n, 10), commit(n)],
  },
  {
    as: user(n),
    does: 'show how far it is',
    sql: `select j.state, a.attempt_number from execution.lab_sessions s
          join execution.verification_jobs j on j.lab_session_id = s.id
          join execution.lab_attempts a on a.lab_session_id = s.id
          where s.id = $1 order by j.id desc`,
    values: [id(n, 10)],
  },
  {
    as: SEEDED.lin,
    does: 'show verdict and proof',
    sql: `select v.result, p.artifact_type, p.sha256 from execution.lab_sessions s
          join execution.verification_attempts v on v.lab_session_id = s.id
          join execution.proof_artifacts p on p.verification_attempt_id = v.id
          where s.id = $1 and p.artifact_type = 'LOG'`,
    values: [SEEDED.verdictSession],
  },
  {
    as: user(n),
    does: 'let the repository go',
    sql: `update delivery.repo_session_bindings set released_at = now() where lab_session_id = $1 and released_at is null returning repo_url`,
    values: [id(n, 10)],
  },
  {
    as: user(n),
    does: 'take the repository away',
    sql: `delete from execution.github_repo_mappings where lab_session_id = $1`,
    values: [id(n, 10)],
  },
  {
    as: user(n),
    does: 'give up',
    sql: `update execution.lab_sessions set status = 'FAILED', completed_at = now(), cost_metadata = cost_metadata || '{"node": "n1"}'
          where id = $1 returning cost_status`,
    values: [id(n, 10)],
  },
];

const commit = (n: number): string => `${n}`.repeat(40);

const webhooks = (n: number): Act[] => [
  {
    ...service,
    does: 'record a delivery',
    sql: `select 1 from delivery.record_delivery_event($1, 'github', 'push', '{"w": 1}', null) as fresh where fresh`,
    values: [`workload-${n}`],
  },
  {
    ...service,
    does: 'acknowledge it again',
    sql: `select 1 from delivery.record_delivery_event($1, 'github', 'push', '{"w": 1}', null) as fresh where not fresh`,
    values: [`workload-${n}`],
  },
  {
    ...service,
    does: 'who pushed',
    sql: `select user_id from identity.github_accounts where github_id = $1`,
    values: [990_000 + n],
  },
  {
    ...service,
    does: 'which session holds the repository',
    sql: `select lab_session_id from delivery.repo_session_bindings where repo_url = 'https://github.com/lin-dev/find-the-race' and released_at is null`,
  },
  { ...service, does: 'show snapshots', sql: `select id, size_bytes from delivery.snapshots where blob_location is not null` },
];

const requests = (n: number): Act[] => [
  {
    ...service,
    does: 'take an idempotency key',
    sql: `insert into delivery.idempotency_keys (scope, key, request_hash) values ('w', $1, repeat('a', 64)) on conflict (scope, key) do nothing`,
    values: [`k${n}`],
  },
  {
    ...service,
    does: 'keep the answer',
    sql: `update delivery.idempotency_keys set state = 'completed', response_status = 201, response_body = '{}' where scope = 'w' and key = $1 returning expires_at`,
    values: [`k${n}`],
  },
];

const plans = (n: number): Act[] => [
  {
    ...service,
    does: 'begin the free plan',
    sql: `insert into billing.subscriptions (id, user_id) values ($1, $2)`,
    values: [id(n, 18), user(n)],
  },
  {
    as: user(n),
    does: 'show the plan',
    sql: `select plan from billing.subscriptions where user_id = $1 and status <> 'CANCELED'`,
    values: [user(n)],
  },
  {
    ...service,
    does: 'upgrade when the payment came',
    sql: `update billing.subscriptions set plan = 'PAID', provider_reference = $2, current_period_end = now() + interval '30 days' where id = $1`,
    values: [id(n, 18), `sub_w_${n}`],
  },
];

const background = (n: number): Act[] => [
  {
    ...service,
    does: 'ask for a job',
    sql: `insert into jobs.jobs (id, name, job_key, payload, run_at, request_id) values ($1, 'email.welcome', $2, '{"w": 1}', now(), 'r')
          on conflict (name, job_key) do nothing returning id`,
    values: [id(n, 19), `workload-${n}`],
  },
  { ...service, does: 'ask how it stands', sql: `select state from jobs.jobs where id = $1`, values: [id(n, 19)] },
  {
    ...service,
    does: 'start a task by name',
    sql: `insert into jobs.task_runs (id, task_id, request_id) select $1, t.id, 'r' from jobs.tasks t where t.name = 'reindex-search'`,
    values: [id(n, 21)],
  },
  {
    ...service,
    does: 'show how far it is',
    sql: `select r.state, p.units_done from jobs.task_runs r left join jobs.task_progress p on p.task_run_id = r.id where r.id = $1`,
    values: [id(n, 21)],
  },
  { as: user(n), does: 'unlink GitHub', sql: `delete from identity.github_accounts where user_id = $1`, values: [user(n)] },
  { as: user(n), does: 'unlink the provider', sql: `delete from identity.auth_identities where user_id = $1`, values: [user(n)] },
];

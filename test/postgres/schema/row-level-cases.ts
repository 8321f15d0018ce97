/** How a table under row-level security is tried. `insert` and `give` take the user's id as $1; `may` is what a user may do to rows of his own. */
export interface Case {
  readonly table: string;
  /** Whose a row is, as SQL. */
  readonly owner: string;
  readonly insert: string;
  readonly give: string;
  readonly may: { readonly insert: boolean; readonly update: boolean; readonly delete: boolean };
}

const viaSession = `(select s.user_id from execution.lab_sessions s where s.id = lab_session_id)`;
const toSessionOf = `lab_session_id = md5($1::uuid || 'session')::uuid`;
const everything = { insert: true, update: true, delete: true };

export const CASES: readonly Case[] = [
  {
    table: 'identity.users',
    owner: 'id',
    insert: `(id, email) values ($1, gen_random_uuid() || '@x')`,
    give: 'id = $1',
    may: { insert: false, update: true, delete: false },
  },
  {
    table: 'identity.auth_sessions',
    owner: 'user_id',
    insert: `(user_id, token_hash, expires_at) values ($1, sha256(gen_random_uuid()::text::bytea), '2099-01-01')`,
    give: 'user_id = $1',
    may: everything,
  },
  {
    table: 'identity.auth_identities',
    owner: 'user_id',
    insert: `(user_id, provider, provider_user_id) values ($1, 'GITHUB', gen_random_uuid())`,
    give: 'user_id = $1',
    may: everything,
  },
  {
    table: 'identity.github_accounts',
    owner: 'user_id',
    insert: `(user_id, github_id, username) values ($1, (random() * 1e15)::bigint, 'name')`,
    give: 'user_id = $1',
    may: everything,
  },
  {
    table: 'execution.lab_sessions',
    owner: 'user_id',
    insert: `(user_id, lab_version_id) values ($1, md5('version')::uuid)`,
    give: 'user_id = $1',
    may: { insert: true, update: true, delete: false },
  },
  {
    table: 'execution.lab_attempts',
    owner: viaSession,
    insert: `(lab_session_id, attempt_number) values (md5($1::uuid || 'session')::uuid, (random() * 1e9)::integer + 1)`,
    give: toSessionOf,
    may: { insert: true, update: true, delete: false },
  },
  {
    table: 'execution.github_repo_mappings',
    owner: viaSession,
    insert: `(lab_session_id, repo_url) values (md5($1::uuid || 'session')::uuid, 'https://github.com/x/' || gen_random_uuid())`,
    give: toSessionOf,
    may: everything,
  },
  {
    table: 'billing.subscriptions',
    owner: 'user_id',
    insert: `(user_id, status, canceled_at) values ($1, 'CANCELED', now())`,
    give: 'user_id = $1',
    may: { insert: false, update: false, delete: false },
  },
];

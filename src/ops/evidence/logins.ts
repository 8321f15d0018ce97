import { DbctlError } from '../../core/errors.ts';
import { qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { PasswordDetail } from '../roles/escalation/details.ts';
import { readLogins, type LoginState } from '../roles/password/login-state.ts';

/** A role that may log in, and what is known of its use. The server keeps no time of a last login. */
export interface ReviewedLogin {
  readonly login: string;
  /** none, scram-sha-256, md5, other; null: not to be seen. Never the password. */
  readonly password: PasswordDetail['kind'] | null;
  readonly validUntil: string | null;
  /** When dbctl last changed its password; null: never, as far as it is recorded. */
  readonly rotatedAt: string | null;
  /** Its sessions at this moment, in any database, but for ours. */
  readonly sessions: number;
  /** Names its sessions give themselves. */
  readonly applications: readonly string[];
  /** Statements run as itself; what it did as another role counts there. Null: nothing counts them. */
  readonly statements: number | null;
}

/** What pg_stat_statements has counted. */
export type Usage =
  | { readonly state: 'counted'; readonly since: string | null; readonly calls: ReadonlyMap<string, number> }
  /** It is not there, or was not loaded. */
  | { readonly state: 'not counted' }
  | { readonly state: 'not seen'; readonly schema: string };

/**
 * Reads what was counted of each role in all databases. Outside of the transaction of the review: counters are no part of a snapshot, and a
 * refusal would end it.
 */
export async function readUsage(session: Session): Promise<Usage> {
  const [extension] = await session.rows<{ schema: string }>(EXTENSION);
  if (extension === undefined) return { state: 'not counted' };
  const { schema } = extension;
  const inSchema = (name: string): string => qualified(schema, name);
  try {
    const rows = await session.rows<{ login: string; calls: number }>(/* sql */ `
select r.rolname::text as login, pg_catalog.sum(s.calls)::pg_catalog.float8 as calls
from ${inSchema('pg_stat_statements')}(false) s
join pg_catalog.pg_roles r on r.oid = s.userid
group by r.rolname`);
    const [info] = await session.rows<{ since: Date }>(
      `select i.stats_reset as since from ${inSchema('pg_stat_statements_info')} i`,
    );
    return {
      state: 'counted',
      since: info?.since.toISOString() ?? null,
      calls: new Map(rows.map(({ login, calls }) => [login, calls])),
    };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError)) throw thrown;
    // 55000: the library was not loaded when the server started; 42501: the schema is closed.
    if (thrown.sqlstate !== '55000' && thrown.sqlstate !== '42501') throw thrown;
    return thrown.sqlstate === '55000' ? { state: 'not counted' } : { state: 'not seen', schema };
  }
}

const EXTENSION = /* sql */ `
select n.nspname::text as schema
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname = 'pg_stat_statements'`;

/** Every role that may log in, in the caller's transaction. `kinds`: of passwords, as the audit saw them. */
export async function readReviewedLogins(
  session: Session,
  usage: Usage,
  kinds: readonly PasswordDetail[] | null,
): Promise<ReviewedLogin[]> {
  const logins = await readLogins(session);
  const applications = await session.rows<{ login: string; name: string }>(APPLICATIONS);
  const kindOf = new Map((kinds ?? []).map(({ role, kind }) => [role, kind]));
  return logins.map(({ login, validUntil, rotatedAt, sessions, password }) => ({
    login,
    password: kindOf.get(login) ?? ownKind(password),
    validUntil,
    rotatedAt,
    sessions,
    applications: applications.filter((one) => one.login === login).map(({ name }) => name),
    statements: usage.state === 'counted' ? (usage.calls.get(login) ?? 0) : null,
  }));
}

function ownKind(password: LoginState['password']): ReviewedLogin['password'] {
  if (password === null) return null;
  return password.kind === 'scram' ? 'scram-sha-256' : password.kind;
}

const APPLICATIONS = /* sql */ `
select distinct a.usename::text as login, a.application_name as name
from pg_catalog.pg_stat_activity a
where a.usename is not null and a.pid <> pg_catalog.pg_backend_pid() and a.application_name <> ''
order by 1, 2`;

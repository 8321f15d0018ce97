import type { Session } from '../../../db/session.ts';
import { passwordKind, type PasswordKind } from './verifier.ts';

/** A role that logs in, with its password and who uses it. */
export interface LoginState {
  readonly login: string;
  readonly superuser: boolean;
  /** As the server shows it; null: for ever. */
  readonly validUntil: string | null;
  /** The server's clock is past it. */
  readonly expired: boolean;
  /** Its sessions in any database, but for ours. */
  readonly sessions: number;
  /** null: the caller may not look into pg_authid. */
  readonly password: PasswordKind | null;
  /** As pg_authid has it; null: none, or not to be seen. */
  readonly stored: string | null;
  /** When dbctl last changed it, by the records of its runs; null: never, or there are none to be read. */
  readonly rotatedAt: string | null;
}

/** Every role that may log in, by name. Fails like {@link Session.rows}. */
export async function readLogins(session: Session): Promise<LoginState[]> {
  const { passwords, runs } = await visibility(session);
  const rows = await session.rows<Omit<LoginState, 'password'>>(LOGINS(passwords, runs));
  return rows.map((row) => ({ ...row, password: passwords ? passwordKind(row.stored) : null }));
}

/** What lets the caller see the kinds of passwords; it shows the verifiers as well, and so is not for everybody. */
export const GRANT_PASSWORDS = (user: string): string =>
  `grant select (oid, rolpassword) on pg_catalog.pg_authid to ${user}; -- shows verifiers, from which weak passwords can be guessed`;

interface Visibility {
  readonly passwords: boolean;
  readonly runs: boolean;
}

async function visibility(session: Session): Promise<Visibility> {
  const [row] = await session.rows<Visibility>(VISIBILITY);
  return row ?? { passwords: false, runs: false };
}

const VISIBILITY = /* sql */ `
select pg_catalog.has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'SELECT')
       and pg_catalog.has_column_privilege('pg_catalog.pg_authid', 'oid', 'SELECT') as passwords,
       coalesce((select pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT')
                   from pg_catalog.pg_class c
                  where c.oid = pg_catalog.to_regclass('dbctl.run')), false) as runs`;

const STORED = /* sql */ `(select a.rolpassword from pg_catalog.pg_authid a where a.oid = r.oid)`;
const ROTATED = /* sql */ `
       (select pg_catalog.to_char(max(u.started_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
          from dbctl.run u
         where u.command in ('roles passwords rotate', 'roles passwords set') and u.summary ->> 'login' = r.rolname)`;

/** pg_stat_activity shows everybody whose session it is; the rest of a row is for its user alone. */
const LOGINS = (passwords: boolean, runs: boolean): string => /* sql */ `
select r.rolname::text as login, r.rolsuper as superuser, r.rolvaliduntil::text as "validUntil",
       coalesce(r.rolvaliduntil < pg_catalog.now(), false) as expired,
       (select count(*)::pg_catalog.int4 from pg_catalog.pg_stat_activity a
         where a.usesysid = r.oid and a.pid <> pg_catalog.pg_backend_pid()
           -- Without a database there are those that stream the log, and the server's own workers, which are the bootstrap superuser's.
           and (a.datid is not null or a.backend_type = 'walsender')) as sessions,
       ${passwords ? STORED : 'null::text'} as stored,
       ${runs ? ROTATED : 'null::text'} as "rotatedAt"
from pg_catalog.pg_roles r
where r.rolcanlogin
order by r.rolname`;

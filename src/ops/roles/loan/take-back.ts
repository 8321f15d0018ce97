import { DbctlError, fail } from '../../../core/errors.ts';
import { ident } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { Loan } from './loan.ts';

export interface TakenBack {
  readonly loan: Loan;
  /** Open sessions of the login that were ended. */
  readonly sessions: number;
}

/**
 * Takes a role back and records how the loan ended, in one transaction; then ends the open sessions of the login, since one that has SET the role
 * keeps it after the REVOKE. Another run that was faster is no failure: null. Fails with sql.failed or db.denied where the server refuses.
 */
export async function takeBack(session: Session, loan: Loan, operator: string): Promise<TakenBack | null> {
  const sessions = await inTransaction(session, 'read write', () => endLoan(session, loan, operator));
  if (sessions === null) return null;
  await session.rows(`select pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity a where ${OF_LOGIN}`, [
    loan.login,
  ]);
  return { loan, sessions };
}

const OF_LOGIN = 'a.usename = $1 and a.pid <> pg_catalog.pg_backend_pid()';

async function endLoan(session: Session, { id, role, login, state }: Loan, operator: string): Promise<number | null> {
  const [open] = await session.rows<{ sessions: number }>(
    `select count(*)::int as sessions from pg_catalog.pg_stat_activity a where ${OF_LOGIN}`,
    [login],
  );
  const sessions = open?.sessions ?? 0;
  const ended = await session.rows(
    `insert into dbctl.role_loan_end (loan, how, operator, sessions) values ($1, $2, $3, $4) on conflict (loan) do nothing returning loan`,
    [id, state === 'overdue' ? 'expired' : 'returned', operator, sessions],
  );
  if (ended.length === 0) return null;
  for (const grantor of await grantors(session, role, login)) await revokeOf(session, role, login, grantor);
  return sessions;
}

/** Fails with db.denied, saying who may, where another role granted it. */
async function revokeOf(session: Session, role: string, login: string, grantor: string): Promise<void> {
  try {
    await session.script(`revoke ${ident(role)} from ${ident(login)} granted by ${ident(grantor)}`);
  } catch (thrown) {
    if (!(thrown instanceof DbctlError && thrown.code === 'db.denied')) throw thrown;
    fail('db.denied', `${session.user} may not take ${role} back from ${login}, which ${grantor} granted: ${thrown.message}`, {
      hint: `Run it as ${grantor}, or as a superuser. Nothing was changed.`,
      cause: thrown,
    });
  }
}

/** A membership has a row of each grantor, and REVOKE takes one away. */
async function grantors(session: Session, role: string, login: string): Promise<readonly string[]> {
  const rows = await session.rows<{ grantor: string }>(
    `select g.rolname::text as grantor
     from pg_catalog.pg_auth_members m
     join pg_catalog.pg_roles r on r.oid = m.roleid and r.rolname = $1
     join pg_catalog.pg_roles l on l.oid = m.member and l.rolname = $2
     join pg_catalog.pg_roles g on g.oid = m.grantor
     order by 1`,
    [role, login],
  );
  return rows.map(({ grantor }) => grantor);
}

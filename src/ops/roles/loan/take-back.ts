import { DbctlError, fail } from '../../../core/errors.ts';
import type { Session } from '../../../db/session.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { endStatements, type MembershipRow, type MembershipStatement, type WantedMembership } from './end-membership.ts';
import { endSessions, type EndedSessions } from './end-sessions.ts';
import type { Loan } from './loan.ts';

export interface TakenBack {
  readonly loan: Loan;
  readonly sessions: EndedSessions;
  /** What roles.yaml wants the login to have, and it has; null: it is no member any more. */
  readonly kept: WantedMembership | null;
  /** Who had made it a member, where that was more than one. */
  readonly grantors: readonly string[];
  /** Others who are no members any more: the login, or somebody after it, had granted them the role. */
  readonly passedOn: readonly string[];
}

/** First key of the advisory lock: `loan` in ASCII; the second is the number of the loan. */
const ADVISORY_LOCK = 0x6c_6f_61_6e;

/**
 * Ends a loan in one transaction: the membership goes back to what is wanted, the open sessions of the login are ended, since one that has SET the
 * role keeps it after the REVOKE, and the end is recorded with how many of them were. Sessions that could not be ended are in the answer: the
 * membership is taken all the same. Another run that was faster is no failure: null. Fails with sql.failed or db.denied where the server refuses.
 */
export async function takeBack(
  session: Session,
  loan: Loan,
  { operator, wanted }: { readonly operator: string; readonly wanted: WantedMembership | null },
): Promise<TakenBack | null> {
  const taken = await inTransaction(session, 'read write', async () => {
    if (!(await isFirst(session, loan))) return null;
    const membership = await endMembership(session, loan, wanted);
    const sessions = await endSessions(session, loan.login);
    await session.rows('insert into dbctl.role_loan_end (loan, how, operator, sessions) values ($1, $2, $3, $4)', [
      loan.id,
      loan.state === 'overdue' ? 'expired' : 'returned',
      operator,
      sessions.ended,
    ]);
    return { ...membership, sessions };
  });
  if (taken === null) return null;
  return { loan, kept: wanted, ...taken, sessions: await endLate(session, loan.login, taken.sessions) };
}

/** Who logged in before the REVOKE was committed could still become the role. */
async function endLate(session: Session, login: string, before: EndedSessions): Promise<EndedSessions> {
  const late = await inTransaction(session, 'read write', () => endSessions(session, login));
  return { ended: before.ended + late.ended, remaining: late.remaining };
}

async function isFirst(session: Session, { id }: Loan): Promise<boolean> {
  await session.rows('select pg_catalog.pg_advisory_xact_lock($1, $2)', [ADVISORY_LOCK, id]);
  const ends = await session.rows('select e.loan from dbctl.role_loan_end e where e.loan = $1', [id]);
  return ends.length === 0;
}

async function endMembership(
  session: Session,
  loan: Loan,
  wanted: WantedMembership | null,
): Promise<Pick<TakenBack, 'grantors' | 'passedOn'>> {
  const { rows, others } = await readMembers(session, loan);
  for (const statement of endStatements(loan, rows, wanted?.options ?? null)) await runAs(session, loan, statement);
  const after = new Set((await readMembers(session, loan)).others);
  return {
    grantors: rows.length > 1 ? rows.map(({ grantor }) => grantor) : [],
    passedOn: others.filter((member) => !after.has(member)),
  };
}

/** Fails with db.denied, saying who may, where another role granted it. */
async function runAs(session: Session, { role, login }: Loan, { sql, grantor }: MembershipStatement): Promise<void> {
  try {
    await session.script(sql);
  } catch (thrown) {
    if (!(thrown instanceof DbctlError && thrown.code === 'db.denied')) throw thrown;
    const [what, who] =
      grantor === null
        ? [`may not let ${login} keep ${role}, which roles.yaml wants`, 'a role with ADMIN on it']
        : [`may not take ${role} back from ${login}, which ${grantor} granted`, grantor];
    fail('db.denied', `${session.user} ${what}: ${thrown.message}`, {
      hint: `Run it as ${who}, or as a superuser. Nothing was changed.`,
      cause: thrown,
    });
  }
}

/** The rows of the login, one of each grantor, and who else is a member of the role. */
async function readMembers(session: Session, { role, login }: Loan): Promise<{ rows: MembershipRow[]; others: string[] }> {
  const found = await session.rows<MembershipRow & { member: string }>(
    `select l.rolname::text as member, g.rolname::text as grantor, m.inherit_option as inherit, m.set_option as set, m.admin_option as admin
     from pg_catalog.pg_auth_members m
     join pg_catalog.pg_roles r on r.oid = m.roleid and r.rolname = $1
     join pg_catalog.pg_roles l on l.oid = m.member
     join pg_catalog.pg_roles g on g.oid = m.grantor
     order by l.rolname, g.rolname`,
    [role],
  );
  const others = found.filter(({ member }) => member !== login).map(({ member }) => member);
  return { rows: found.filter(({ member }) => member === login), others: [...new Set(others)] };
}

import { fail } from '../../../core/errors.ts';
import { ident } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { OWN_ROLES } from '../difference/inputs.ts';
import { readLoans, type Loan } from './loan.ts';

export interface LoanWish {
  readonly role: string;
  readonly login: string;
  readonly forMs: number;
  readonly reason: string;
  /** `user@machine`. */
  readonly operator: string;
  /** Also to be able to become the role, and not only to have its rights. */
  readonly set: boolean;
}

/**
 * Records the loan and makes the membership, in one transaction: neither is there without the other. Without `set` the rights are inherited
 * only, so that taking them back works in the middle of a session; a role that was SET would go on (measured on 18.2).
 * Fails with refused where it may not be lent, with db.denied where whoever runs it may not grant the role.
 */
export async function lend(session: Session, wish: LoanWish): Promise<Loan> {
  return inTransaction(session, 'read write', async () => {
    await refuseWrongLoan(session, wish);
    const { role, login, reason, operator, forMs } = wish;
    const [made] = await session.rows<{ id: number }>(
      `insert into dbctl.role_loan (role_name, login, reason, operator, until)
       values ($1, $2, $3, $4, pg_catalog.clock_timestamp() + $5 * interval '1 millisecond') returning id::int as id`,
      [role, login, reason, operator, forMs],
    );
    await session.script(`grant ${ident(role)} to ${ident(login)} with inherit true, set ${wish.set}, admin false`);
    const loan = (await readLoans(session))?.find(({ id }) => id === made?.id);
    return loan ?? fail('internal', `loan ${made?.id} was recorded and cannot be read`);
  });
}

interface Facts {
  readonly role: 'missing' | 'superuser' | 'plain';
  readonly login: 'missing' | 'group' | 'superuser' | 'plain';
  readonly member: boolean;
}

const FACTS = /* sql */ `
select coalesce((select case when r.rolsuper then 'superuser' else 'plain' end from pg_catalog.pg_roles r where r.rolname = $1), 'missing') as role,
       coalesce((select case when not r.rolcanlogin then 'group' when r.rolsuper then 'superuser' else 'plain' end
                 from pg_catalog.pg_roles r where r.rolname = $2), 'missing') as login,
       exists (select from pg_catalog.pg_auth_members m
               where m.roleid = (select r.oid from pg_catalog.pg_roles r where r.rolname = $1)
                 and m.member = (select r.oid from pg_catalog.pg_roles r where r.rolname = $2)) as member`;

/** Of dbctl's own roles those that only read, or append to the ledger. */
const LENDABLE_OWN = ['dbctl_auditor', 'dbctl_ledger'];

async function refuseWrongLoan(session: Session, { role, login }: LoanWish): Promise<void> {
  const [facts] = await session.rows<Facts>(FACTS, [role, login]);
  const problem = facts === undefined ? undefined : wrongLoan(role, login, facts);
  if (problem !== undefined) fail('refused', problem[0], { hint: problem[1] });
}

function wrongLoan(role: string, login: string, facts: Facts): readonly [problem: string, hint: string] | undefined {
  if (facts.role === 'missing') return [`there is no role ${role}`, 'Look at the names: dbctl roles audit.'];
  if (facts.login === 'missing') return [`there is no role ${login}`, 'A person needs a login of their own first.'];
  if (facts.login === 'group') return [`${login} cannot log in`, 'Lend it to the login of the person who needs it.'];
  if (facts.login === 'superuser') return [`${login} is superuser and may do everything already`, 'Nothing has to be lent.'];
  if (facts.role === 'superuser')
    return [
      `${role} is superuser, and nothing that is recorded in the database would bind it`,
      'Lend a role that may do what is needed.',
    ];
  if (OWN_ROLES.includes(role) && !LENDABLE_OWN.includes(role))
    return [`${role} is a role nobody may become`, 'Append-only tables: runbooks/emergency-unlock.md.'];
  if (facts.member)
    return [
      `${login} is a member of ${role} already`,
      'Look who made it one: dbctl roles audit. An open loan is in dbctl roles loans.',
    ];
  return undefined;
}

import type { Session } from '../../../db/session.ts';
import { utcText } from '../../../db/utc.ts';

/** A role that a login has for a time, with who gave it and why. PostgreSQL has no grants that end: somebody has to take it back. */
export interface Loan {
  readonly id: number;
  readonly role: string;
  readonly login: string;
  readonly reason: string;
  readonly operator: string;
  readonly givenBy: string;
  /** ISO 8601, UTC. */
  readonly givenAt: string;
  readonly until: string;
  /** `overdue`: its time is over by the clock of the server, and nobody has taken it back. */
  readonly state: 'open' | 'overdue' | 'ended';
  /** null: it has not. */
  readonly endedAt: string | null;
  readonly how: 'returned' | 'expired' | null;
}

const LOANS = /* sql */ `
select l.id::int as id, l.role_name as role, l.login, l.reason, l.operator, l.given_by as "givenBy",
       ${utcText('l.given_at')} as "givenAt", ${utcText('l.until')} as until,
       case when e.loan is not null then 'ended' when l.until <= pg_catalog.clock_timestamp() then 'overdue' else 'open' end as state,
       ${utcText('e.ended_at')} as "endedAt", e.how
from dbctl.role_loan l
left join dbctl.role_loan_end e on e.loan = l.id
order by l.id`;

/**
 * Every loan there was, oldest first; none where nothing was ever lent; null where this login may not see them. Asks the catalog first, so that a
 * transaction goes on where it may not.
 */
export async function readLoans(session: Session): Promise<readonly Loan[] | null> {
  const [table] = await session.rows<{ there: boolean; readable: boolean }>(THERE);
  if (table?.there !== true) return [];
  return table.readable ? session.rows<Loan>(LOANS) : null;
}

/** By the catalog: names in a schema that the login may not use cannot be resolved. */
const THERE = /* sql */ `
select count(*) = 2 as there,
       coalesce(bool_and(pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_schema_privilege(n.oid, 'usage')), false) as readable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname in ('role_loan', 'role_loan_end')`;

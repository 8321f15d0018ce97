import type { Session } from '../../db/session.ts';
import { utcText } from '../../db/utc.ts';
import { readViolations, VIOLATIONS, type Violations } from '../immutability/violations.ts';
import { readSection, type Section } from './section.ts';

/** An emergency unlock of an append-only table: asked for by one person, approved by another. */
export interface Unlock {
  readonly table: string;
  readonly reason: string;
  readonly requestedBy: string;
  readonly requestedAt: string;
  /** null: nobody has approved it. */
  readonly approvedBy: string | null;
  readonly approvedAt: string | null;
  /** null: it was not used. */
  readonly usedAt: string | null;
}

/** Permits to change guards, those of one purpose, person and reason together. */
export interface Permits {
  readonly purpose: string;
  readonly givenBy: string;
  readonly reason: string | null;
  readonly permits: number;
  readonly first: string;
  readonly last: string;
}

/** Refused attempts on one append-only table, counted since it was guarded; the last of them in the period. */
export interface Refused extends Omit<Violations, 'lastAt'> {
  readonly what: string;
  readonly lastAt: string;
}

/** Unlocks that were asked for, approved or used since then. */
export const readUnlocks = (session: Session, since: string): Promise<Section<Unlock>> =>
  readSection(session, ['unlock_request'], () => session.rows<Unlock>(UNLOCKS, [since]));

const UNLOCKS = /* sql */ `
select u.relation::text as table, u.reason, u.requested_by as "requestedBy", ${utcText('u.requested_at')} as "requestedAt",
       u.approved_by as "approvedBy", ${utcText('u.approved_at')} as "approvedAt", ${utcText('u.used_at')} as "usedAt"
from dbctl.unlock_request u
where greatest(u.requested_at, u.approved_at, u.used_at) >= $1::timestamptz
order by u.requested_at, u.id`;

/** Who was let through the guards since then, and why. Those of the self-test are taken back and left out. */
export const readPermits = (session: Session, since: string): Promise<Section<Permits>> =>
  readSection(session, ['permit'], () => session.rows<Permits>(PERMITS, [since]));

const PERMITS = /* sql */ `
select p.purpose, p.given_by as "givenBy", p.reason, count(*)::pg_catalog.int4 as permits,
       ${utcText('min(p.given_at)')} as first, ${utcText('max(p.given_at)')} as last
from dbctl.permit p
where p.given_at >= $1::timestamptz and p.purpose <> 'self-test'
group by p.purpose, p.given_by, p.reason
order by min(p.given_at), p.purpose, p.given_by, p.reason`;

/** Counters whose last attempt was since then. */
export async function readRefused(session: Session, since: string): Promise<Section<Refused>> {
  let readable = true;
  const section = await readSection(session, ['violation_counter', 'violations'], async () => {
    readable = (await session.rows<{ readable: boolean }>(SEQUENCES))[0]?.readable === true;
    return readable ? lastTried(await readViolations(session), since) : [];
  });
  return readable ? section : { state: 'not seen', rows: [], more: 0 };
}

const lastTried = (violations: readonly Violations[], since: string): Refused[] =>
  violations.flatMap(({ lastAt, ...one }) =>
    lastAt === null || Date.parse(lastAt) < Date.parse(since) ? [] : [{ ...one, what: VIOLATIONS[one.sqlstate], lastAt }],
  );

/** Of a sequence that may not be read the server says that it was never used. */
const SEQUENCES = /* sql */ `
select coalesce(bool_and(pg_catalog.has_sequence_privilege(c.attempts::pg_catalog.oid, 'select')
                     and pg_catalog.has_sequence_privilege(c.last_attempt::pg_catalog.oid, 'select')), true) as readable
from dbctl.violation_counter c`;

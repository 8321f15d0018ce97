/** What a review is about: from when on things that happened are in it. */
export interface Period {
  /** ISO 8601, UTC. */
  readonly since: string;
  /** The server's clock when it was read. */
  readonly until: string;
  /** Why it begins there, in words. */
  readonly why: string;
}

const DAY_MS = 86_400_000;

/** Access is reviewed each quarter, where nothing else is known. */
const USUAL_DAYS = 90;

/** What somebody asked for, or a day before the review before; else 90 days ago. Pure. */
export function periodStart(
  asked: Date | undefined,
  before: { readonly id: string; readonly period: Period } | null,
  now: Date,
): Omit<Period, 'until'> {
  if (asked !== undefined) return { since: asked.toISOString(), why: 'as it was asked for' };
  if (before === null) return { since: daysAfter(now, -USUAL_DAYS), why: `${USUAL_DAYS} days: there is no review before it` };
  // A transaction that was open then has committed since, with an earlier time in its rows: better twice than in none.
  const since = daysAfter(new Date(before.period.until), -1);
  return { since, why: `a day before the end of the review ${before.id}, for what had not been committed then` };
}

/** The day of the next review: as long after this one as this one looks back, 90 days at least. Pure. */
export function nextReviewDay({ since, until }: Pick<Period, 'since' | 'until'>): string {
  const days = Math.round((Date.parse(until) - Date.parse(since)) / DAY_MS);
  return daysAfter(new Date(until), Math.max(days, USUAL_DAYS)).slice(0, 10);
}

const daysAfter = (at: Date, days: number): string => new Date(at.getTime() + days * DAY_MS).toISOString();

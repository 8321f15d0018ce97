import { fail } from '../core/errors.ts';
import type { Period } from '../ops/evidence/period.ts';
import type { AccessReview } from '../ops/evidence/review.ts';
import type { Context } from './context.ts';
import type { Evidence } from './evidence-context.ts';

/** Where the period begins, and the last review of this environment that somebody did. Fails with usage where it would begin in the future. */
export async function startOf(
  asked: Date | undefined,
  { place, publicKeys }: Evidence,
  { clock, globals }: Context,
): Promise<{ readonly start: Omit<Period, 'until'>; readonly before: AccessReview | null }> {
  const now = clock();
  if (asked !== undefined && asked > now)
    fail('usage', `--since ${asked.toISOString()} is in the future`, { hint: 'Name a day that is over.' });
  const [{ newestReport }, { accessReviews }, { periodStart }] = await Promise.all([
    import('../ops/report-chain/report.ts'),
    import('../ops/evidence/review.ts'),
    import('../ops/evidence/period.ts'),
  ]);
  const reviewed = ({ environment, reviewers }: AccessReview): boolean => environment === globals.env && reviewers.length > 0;
  const before = await newestReport(place, accessReviews(globals.env), publicKeys, reviewed);
  return { start: periodStart(asked, before, now), before };
}

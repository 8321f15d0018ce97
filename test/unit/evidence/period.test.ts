import { describe, expect, it } from 'vitest';
import { nextReviewDay, periodStart } from '../../../src/ops/evidence/period.ts';
import { reviewedExceptions } from '../../../src/ops/evidence/exceptions.ts';
import { answerOf } from '../../../src/ops/evidence/review.ts';
import { roleChanges, type ReviewedRole } from '../../../src/ops/evidence/roles.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const before = {
  id: '000002-20260821T120000Z-prod',
  period: { since: '2026-05-21T00:00:00.000Z', until: '2026-08-21T12:00:00.000Z', why: '' },
};

describe('the period of a review', () => {
  it('begins as it was asked for, a day before the review before, or 90 days ago', () => {
    expect(periodStart(new Date('2026-11-01T00:00:00Z'), before, NOW)).toEqual({
      since: '2026-11-01T00:00:00.000Z',
      why: 'as it was asked for',
    });
    expect(periodStart(undefined, before, NOW)).toEqual({
      since: '2026-08-20T12:00:00.000Z',
      why: 'a day before the end of the review 000002-20260821T120000Z-prod, for what had not been committed then',
    });
    expect(periodStart(undefined, null, NOW)).toEqual({
      since: '2026-08-23T12:00:00.000Z',
      why: '90 days: there is no review before it',
    });
  });

  it('is as long as the next one will be, and that is 90 days at least', () => {
    expect(nextReviewDay({ since: '2026-11-20T00:00:00Z', until: '2026-11-21T12:00:00Z' })).toBe('2027-02-19');
    expect(nextReviewDay({ since: '2025-11-21T12:00:00Z', until: '2026-11-21T12:00:00Z' })).toBe('2027-11-21');
  });
});

describe('exceptions', () => {
  it('say whether they hold until the next review, those that end first in front', () => {
    const one = (id: string, expires: string) => ({
      id,
      role: 'app',
      accept: 'createrole',
      reason: 'why',
      owner: 'team',
      expires,
    });
    const found = reviewedExceptions(
      [one('C', '2027-03-01'), one('B', '2027-02-18'), one('A', '2026-11-20'), one('D', '2026-11-21')],
      {
        today: '2026-11-21',
        nextReview: '2027-02-19',
      },
    );
    expect(found.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'A ended',
      'D ends before the next review',
      'B ends before the next review',
      'C holds',
    ]);
    expect(found[0]?.allows).toBe('accept createrole');
  });
});

describe('the answer', () => {
  it('is no yes where something was not seen', () => {
    const unseen = [{ what: 'x', why: 'y', fix: null }];
    expect(answerOf({ counting: 0 }, [])).toBe('as declared');
    expect(answerOf({ counting: 0 }, unseen)).toBe('as declared, as far as was seen');
    expect(answerOf({ counting: 1 }, [])).toBe('differs');
  });
});

describe('what changed since the review before', () => {
  const role = (name: string, ...may: string[]): ReviewedRole => ({
    name,
    purpose: 'p',
    because: 'roles.yaml:1',
    there: true,
    facts: may.map((text) => ({ about: 'may', text })),
  });

  it('is told role by role, also of those that came and went', () => {
    expect(
      roleChanges(
        [role('a', 'read'), role('b', 'read'), role('gone', 'all')],
        [role('a', 'read'), role('b', 'write'), role('new')],
      ),
    ).toEqual([
      { role: 'b', gained: ['may: write'], lost: ['may: read'] },
      { role: 'gone', gained: [], lost: ['it is there', 'may: all'] },
      { role: 'new', gained: ['it is there'], lost: [] },
    ]);
  });
});

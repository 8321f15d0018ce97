import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PERIODS, type Period } from '../../../src/config/partitions.ts';
import { boundText, periodOf, periodsFrom, suffixOf } from '../../../src/ops/partitions/calendar.ts';

const iso = (moment: number) => new Date(moment).toISOString().slice(0, 19);

describe('a period of the calendar', () => {
  it.each<[Period, string, string, string, string]>([
    ['day', '2026-11-21T13:00:00Z', '2026-11-21T00:00:00', '2026-11-22T00:00:00', '_y2026m11d21'],
    ['day', '2024-02-29T23:59:59.999Z', '2024-02-29T00:00:00', '2024-03-01T00:00:00', '_y2024m02d29'],
    ['week', '2026-11-21T13:00:00Z', '2026-11-16T00:00:00', '2026-11-23T00:00:00', '_y2026m11d16'],
    ['week', '2026-11-22T23:59:59Z', '2026-11-16T00:00:00', '2026-11-23T00:00:00', '_y2026m11d16'],
    ['week', '2027-01-01T00:00:00Z', '2026-12-28T00:00:00', '2027-01-04T00:00:00', '_y2026m12d28'],
    ['month', '2026-12-31T23:59:59Z', '2026-12-01T00:00:00', '2027-01-01T00:00:00', '_y2026m12'],
    ['month', '2024-02-29T12:00:00Z', '2024-02-01T00:00:00', '2024-03-01T00:00:00', '_y2024m02'],
    ['year', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00', '2027-01-01T00:00:00', '_y2026'],
  ])('%s of %s', (every, moment, from, to, suffix) => {
    const period = periodOf(every, Date.parse(moment));
    expect([iso(period.from), iso(period.to), suffixOf(every, period.from)]).toEqual([from, to, suffix]);
  });

  it('has the moment in it, and the next begins where it ends, whatever the moment is', () => {
    const moments = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2200, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...PERIODS), moments, fc.integer({ min: 1, max: 30 }), (every, moment, ahead) => {
        const spans = periodsFrom(every, moment, ahead);
        expect(spans).toHaveLength(ahead + 1);
        expect(spans[0]?.from).toBeLessThanOrEqual(moment);
        expect(spans[0]?.to).toBeGreaterThan(moment);
        for (const [index, { from, to }] of spans.entries()) {
          expect(periodOf(every, from)).toEqual({ from, to });
          expect(periodOf(every, to - 1)).toEqual({ from, to });
          if (index > 0) expect(spans[index - 1]?.to).toBe(from);
        }
        expect(new Set(spans.map(({ from }) => suffixOf(every, from))).size).toBe(spans.length);
      }),
    );
  });

  it('is written as the key of the table reads it', () => {
    const moment = Date.UTC(2026, 10, 1);
    expect(boundText('date', moment)).toBe('2026-11-01');
    expect(boundText('timestamp', moment)).toBe('2026-11-01 00:00:00');
    expect(boundText('timestamptz', moment)).toBe('2026-11-01 00:00:00+00');
  });
});

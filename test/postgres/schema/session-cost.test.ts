import { describe, expect, it } from 'vitest';
import { COST, finish, OPEN, useCostDatabase } from './costs.ts';

const { play } = useCostDatabase();

const JANUARY = '1 0.08 USD [2026-01-01,2026-02-01)';
const FROM_FEBRUARY = '1 0.10 USD [2026-02-01,)';
const CHANGING = [JANUARY, FROM_FEBRUARY];
const OTHER_TIER = '2 9 EUR [2026-01-01,)';
const LATE_BY_A_MICROSECOND = '1 0.10 USD [2026-02-01 00:00:00.000001,)';
const EUROS = '1 0.10 EUR [2026-02-01,)';
const LATE_EUROS = '1 0.10 EUR [2026-02-01 00:10,)';
const FREE = '1 0 EUR [2026-01-01,)';
/** A second costs half a millionth. */
const HALF = '1 0.0018 USD [2026-01-01,)';
/** A second costs 0.4 millionths, in January and later: two halves that would both round to nothing. */
const SPLIT = ['1 0.00144 USD [2026-01-01,2026-02-01)', '1 0.00144 USD [2026-02-01,)'];
/** Less than the middle between two millionths by 1e-12/3600: a quotient cut to twelve places would lie on it, and go up. */
const BELOW_MIDDLE = '1 999999.999997 USD [2026-01-01,)';
const HIGHEST = '1 999999.999999 USD [2026-01-01,)';

describe('the cost of a session is rate times time', () => {
  it.each<[string, string[], string, string, string, number]>([
    ['one rate', [FROM_FEBRUARY], '2026-03-01 10:00', '2026-03-01 11:00', 'FINAL 0.100000 USD', 1],
    ['split where the rate changes', CHANGING, '2026-01-31 23:30', '2026-02-01 00:30', 'FINAL 0.090000 USD', 2],
    ['unequal parts', CHANGING, '2026-01-31 23:00', '2026-02-01 03:00', 'FINAL 0.380000 USD', 2],
    ['ends where the rate changes', CHANGING, '2026-01-31 23:00', '2026-02-01 00:00', 'FINAL 0.080000 USD', 1],
    ['starts where the rate changes', CHANGING, '2026-02-01 00:00', '2026-02-01 01:00', 'FINAL 0.100000 USD', 1],
    ['a rate of nothing', [FREE], '2026-03-01 10:00', '2026-03-01 11:00', 'FINAL 0.000000 EUR', 1],
    ['beside one of another tier', [FROM_FEBRUARY, OTHER_TIER], '2026-03-01 10:00', '2026-03-01 11:00', 'FINAL 0.100000 USD', 1],
    ['no rate at all', [], '2026-03-01 10:00', '2026-03-01 11:00', 'RATE_MISSING null null', 0],
    ['a rate of another tier only', [OTHER_TIER], '2026-03-01 10:00', '2026-03-01 11:00', 'RATE_MISSING null null', 0],
    ['a rate that ends midway', [JANUARY], '2026-01-31 23:30', '2026-02-01 00:30', 'RATE_MISSING null null', 1],
    ['a rate that begins midway', [FROM_FEBRUARY], '2026-01-31 23:30', '2026-02-01 00:30', 'RATE_MISSING null null', 1],
    ['a hole', [JANUARY, LATE_BY_A_MICROSECOND], '2026-01-31 23:30', '2026-02-01 00:30', 'RATE_MISSING null null', 2],
    ['two currencies', [JANUARY, EUROS], '2026-01-31 23:30', '2026-02-01 00:30', 'MIXED_CURRENCY null null', 2],
    ['two currencies and a hole', [JANUARY, LATE_EUROS], '2026-01-31 23:30', '2026-02-01 00:30', 'RATE_MISSING null null', 2],
    ['no length', [FROM_FEBRUARY], '2026-03-01 10:00', '2026-03-01 10:00', 'FINAL 0.000000 USD', 1],
    ['no length, at a change of currency', [JANUARY, EUROS], '2026-02-01 00:00', '2026-02-01 00:00', 'FINAL 0.000000 EUR', 1],
    ['no length and no rate', [], '2026-03-01 10:00', '2026-03-01 10:00', 'RATE_MISSING null null', 0],
    ['half a millionth rounds up', [HALF], '2026-03-01 10:00:00', '2026-03-01 10:00:01', 'FINAL 0.000001 USD', 1],
    ['a microsecond less rounds down', [HALF], '2026-03-01 10:00:00', '2026-03-01 10:00:00.999999', 'FINAL 0.000000 USD', 1],
    ['rounded once, not at each change', SPLIT, '2026-01-31 23:59:59', '2026-02-01 00:00:01', 'FINAL 0.000001 USD', 2],
    ['just below the middle', [BELOW_MIDDLE], '2026-03-01 10:00', '2026-03-01 10:47:46.666667', 'FINAL 796296.296386 USD', 1],
    ['a century, exact', [HIGHEST], '2026-01-01 00:00', '2126-01-01 00:00', 'FINAL 876575999999.123424 USD', 1],
  ])('%s', async (_what, rates, from, to, expected, segments) => {
    const insert = `insert into execution.lab_sessions (user_id, lab_version_id, status, started_at, completed_at)
                    select u.id, v.id, 'FAILED', '${from}', '${to}' from identity.users u, content.lab_versions v returning ${COST}`;
    const { status, amount, currency, metadata } = await play(rates, insert);
    expect(`${status} ${amount} ${currency}`).toBe(expected);
    expect(metadata.computed?.segments).toHaveLength(segments);
  });

  it('says how it came about', async () => {
    const earlier = OPEN.replace('2026-03-01 10:00', '2026-01-31 23:30');
    const { metadata } = await play([JANUARY], earlier, finish('2026-02-01 00:30'));
    expect(metadata.computed).toMatchObject({
      compute_tier: 1,
      seconds: 3600,
      unpriced_seconds: 1800,
      segments: [{ rate_per_hour: 0.08, currency: 'USD', seconds: 1800 }],
    });
  });
});

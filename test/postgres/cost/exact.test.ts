import { expect, it } from 'vitest';
import { decimal, decimalText, type Amount } from '../../../src/ops/cost/amount.ts';
import { costOfMove, putRequests } from '../../../src/ops/cost/move.ts';
import { costOver, monthlyCost } from '../../../src/ops/cost/storage.ts';
import { createTestDatabase } from '../../support/database.ts';
import { withSession } from '../../../src/db/session.ts';

/** The same arithmetic in the server's numeric, which is exact as well: whoever doubts a bill reckons it there. */
const MOVES = /* sql */ `
with given as (
  select m.*, m.hot_bytes / 1073741824::numeric as hot_gib, m.cold_bytes / 1073741824::numeric as cold_gib
  from jsonb_to_recordset($1::jsonb) m (n int, hot_bytes numeric, cold_bytes numeric, puts numeric, hot numeric, cold numeric, put numeric, restore numeric)
)
select round(hot_gib * hot, 6)::text as before, round(cold_gib * cold, 6)::text as after,
       round(hot_gib * hot - cold_gib * cold, 6)::text as saving, round(puts * put / 1000, 6)::text as put, round(cold_gib * restore, 6)::text as restore
from given order by n`;

const MONTHS = /* sql */ `
with given as (
  select p.n, p.bytes, p.prices, p.started, p.ended from jsonb_to_recordset($1::jsonb) p (n int, bytes numeric, prices jsonb, started timestamptz, ended timestamptz)
), prices as (
  select g.n, (p.value ->> 'from')::timestamptz as since, (p.value ->> 'price')::numeric as price,
         coalesce(lead((p.value ->> 'from')::timestamptz) over (partition by g.n order by p.place), 'infinity') as until
  from given g cross join jsonb_array_elements(g.prices) with ordinality p (value, place)
), months as (
  select g.n, m.month at time zone 'UTC' as month, (m.month + interval '1 month') at time zone 'UTC' as next
  from given g, generate_series(date_trunc('month', g.started at time zone 'UTC'), g.ended at time zone 'UTC', interval '1 month') m (month)
)
select g.n, round(sum(g.bytes * p.price * extract(epoch from least(g.ended, m.next, p.until) - greatest(g.started, m.month, p.since))
         / extract(epoch from m.next - m.month) / 1073741824)::numeric(60, 30), 6)::text as cost
from given g join months m using (n) join prices p using (n)
where least(g.ended, m.next, p.until) > greatest(g.started, m.month, p.since)
group by g.n order by g.n`;

it('agrees with numeric in the server, for a thousand moves and stretches of time', async () => {
  let state = 20_261_121;
  const below = (limit: number): number => (state = (state * 48_271) % 2_147_483_647) % limit;
  const price = (): string => `${below(50)}.${String(below(1e9)).padStart(9, '0')}`;
  const bytes = (): bigint => BigInt(below(1e9)) * BigInt(1 + below(1e5));
  const text = (amount: Amount | null): string | null => (amount === null ? null : decimalText(amount, 6));
  const moves = Array.from({ length: 600 }, (_, n) => ({
    n,
    hotBytes: bytes(),
    coldBytes: bytes(),
    hot: price(),
    cold: price(),
    put: price(),
    restore: price(),
  }));
  const start = Date.UTC(2024, 0, 1);
  const stretches = Array.from({ length: 400 }, (_, n) => {
    const days = Array.from({ length: below(6) }, () => 1 + below(1000)).toSorted((a, b) => a - b);
    const prices = [0, ...new Set(days)].map((day) => ({ from: start + day * 86_400_000, price: price() }));
    const from = start + below(1000) * 86_400_000 + below(86_400_000);
    return { n, bytes: bytes(), prices, from, to: from + 1 + below(400) * 86_400_000 };
  });

  const database = await createTestDatabase();
  try {
    await withSession(database.target, { access: 'read' }, async (session) => {
      const given = moves.map(({ n, hotBytes, coldBytes, hot, cold, put, restore }) => ({
        n,
        hot_bytes: String(hotBytes),
        cold_bytes: String(coldBytes),
        puts: String(putRequests(coldBytes)),
        hot,
        cold,
        put,
        restore,
      }));
      const reckoned = await session.rows<Record<string, string>>(MOVES, [JSON.stringify(given)]);
      expect(reckoned).toEqual(
        moves.map((one) => {
          const cold = { gibMonth: decimal(one.cold), thousandPuts: decimal(one.put), restoredGib: decimal(one.restore) };
          const { before, after, saving, put, restore } = costOfMove(one, decimal(one.hot), cold, 0);
          return { before: text(before), after: text(after), saving: text(saving), put: text(put), restore: text(restore) };
        }),
      );
      const spans = stretches.map(({ n, bytes: size, prices, from, to }) => ({
        n,
        bytes: String(size),
        started: new Date(from).toISOString(),
        ended: new Date(to).toISOString(),
        prices: prices.map(({ from: since, price: each }) => ({ from: new Date(since).toISOString(), price: each })),
      }));
      const costs = await session.rows<{ n: number; cost: string }>(MONTHS, [JSON.stringify(spans)]);
      expect(costs.map(({ cost }) => cost)).toEqual(
        stretches.map(({ bytes: size, prices, from, to }) =>
          text(
            costOver(
              size,
              prices.map(({ from: since, price: each }) => ({ from: since, price: decimal(each) })),
              from,
              to,
            ),
          ),
        ),
      );
      const [one] = await session.rows<{ cost: string }>(
        `select round(123456789012345::numeric / 1073741824 * 0.123456789012, 6)::text as cost`,
      );
      expect(text(monthlyCost(123_456_789_012_345n, decimal('0.123456789012')))).toBe(one?.cost);
    });
  } finally {
    await database.drop();
  }
});

import { describe, expect, it } from 'vitest';
import { decimal, decimalText, fraction, plus, times, NOTHING } from '../../../src/ops/cost/amount.ts';
import { COST, OPEN, useCostDatabase } from './costs.ts';
import { refusal, rolledBack, rowsOf, valueOf } from './support.ts';

const database = useCostDatabase();
const { addRates, play } = database;
const RATE = '1 0.10 USD [2016-01-01,)';
const sql = (text: string) => database.client.query(text);
const FORGED = `'FINAL', 0.01, 'EUR'`;

/** Ends a session of tier 1; times have their zone. */
const session = (from: string, to: string): string =>
  `insert into execution.lab_sessions (user_id, lab_version_id, status, started_at, completed_at)
   select u.id, v.id, 'FAILED', '${from}', '${to}' from identity.users u, content.lab_versions v returning ${COST}`;

describe('a rate that is no number', () => {
  it.each(['NaN', 'Infinity', '-Infinity', '-0.000001', '1000000'])('%s is refused', async (rate) => {
    const insert = `insert into execution.compute_rates (rate_per_hour, currency, valid_during) values ('${rate}', 'USD', '[2026-01-01,)')`;
    expect(await rolledBack(database.client, () => refusal(database.client, insert))).toMatch(
      /^(?:23514 compute_rates_rate_per_hour|22003)/,
    );
  });
});

describe('a cost cannot be forged on other ways in', () => {
  const one = `select * from execution.lab_sessions`;
  it.each<[string, string]>([
    [
      'insert on conflict',
      `insert into execution.lab_sessions (id, user_id, lab_version_id) select id, user_id, lab_version_id from (${one}) s
       on conflict (id) do update set (cost_status, cost_amount, cost_currency) = (${FORGED}), cost_metadata = '{"computed": 1}' returning ${COST}`,
    ],
    [
      'merge',
      `merge into execution.lab_sessions t using (${one}) s on t.id = s.id
       when matched then update set (cost_status, cost_amount, cost_currency) = (${FORGED}), cost_metadata = '{"computed": 1}'
       returning t.cost_status as status, t.cost_amount as amount, t.cost_currency as currency, t.cost_metadata as metadata`,
    ],
    [
      'update of a join',
      `update execution.lab_sessions t set cost_status = 'FINAL', cost_amount = 0.01, cost_currency = 'EUR', cost_metadata = '{"computed": 1}'
       from (${one}) s where s.id = t.id returning t.cost_status as status, t.cost_amount as amount, t.cost_currency as currency, t.cost_metadata as metadata`,
    ],
  ])('%s', async (_way, statement) => {
    expect(await play([RATE], OPEN, statement)).toEqual({ status: 'PENDING', amount: null, currency: null, metadata: {} });
  });

  it('copy', async () => {
    await rolledBack(database.client, async () => {
      await addRates([RATE]);
      const { u, v } = (
        await rowsOf<{ u: string; v: string }>(
          database.client,
          'select u.id as u, v.id as v from identity.users u, content.lab_versions v',
        )
      )[0] as { u: string; v: string };
      await sql(`copy execution.lab_sessions (user_id, lab_version_id, status, started_at, completed_at, cost_status, cost_amount, cost_currency)
        from program 'echo ${u},${v},FAILED,2026-03-01T10:00Z,2026-03-01T11:00Z,FINAL,0.01,EUR' with (format csv)`);
      expect(
        await rowsOf(database.client, `select cost_amount as amount, cost_currency as currency from execution.lab_sessions`),
      ).toEqual([{ amount: '0.100000', currency: 'USD' }]);
    });
  });

  it('the owner of the table, who is not superuser', async () => {
    await rolledBack(database.client, async () => {
      await addRates([RATE]);
      await sql(session('2026-03-01 10:00+00', '2026-03-01 12:00+00'));
      await sql(`create role cost_test_owner; grant usage on schema execution to cost_test_owner; grant select on execution.compute_rates to cost_test_owner;
        alter table execution.lab_sessions owner to cost_test_owner; set local role cost_test_owner; set local app.access = 'service'`);
      await sql(
        `update execution.lab_sessions set cost_amount = 0, cost_status = 'PENDING', cost_currency = null, cost_metadata = '{}'`,
      );
      expect(await valueOf(database.client, 'select cost_amount from execution.lab_sessions')).toBe('0.200000');
    });
  });
});

describe('time is what passed, whatever the clocks on the wall said', () => {
  it.each<[string, string, string, string, string]>([
    ['summer time begins', 'America/New_York', '2026-03-08 01:30-05', '2026-03-08 03:30-04', '0.100000'],
    ['summer time ends', 'Europe/Paris', '2026-10-25 02:30+02', '2026-10-25 02:30+01', '0.100000'],
    ['a day of 23 hours', 'Europe/Paris', '2026-03-29 00:00', '2026-03-30 00:00', '2.300000'],
    ['a day that was skipped', 'Pacific/Apia', '2011-12-29 23:00-10', '2011-12-31 01:00+14', '0.200000'],
    ['a leap second, which the server does not count', 'UTC', '2016-12-31 23:59:60+00', '2017-01-01 00:00:00+00', '0.000000'],
    ['a leap day', 'UTC', '2028-02-28 12:00+00', '2028-03-01 12:00+00', '4.800000'],
  ])('%s', async (_what, zone, from, to, expected) => {
    const rate = '1 0.10 USD [2011-01-01,)';
    expect(await play([rate], `set local timezone = '${zone}'`, session(from, to))).toMatchObject({
      status: 'FINAL',
      amount: expected,
    });
  });

  it('rates that hold for ever, and such as end at infinity', async () => {
    expect(await play(['1 0.10 USD (,)'], session('2026-03-01 10:00+00', '2026-03-01 11:00+00'))).toMatchObject({
      amount: '0.100000',
    });
    const both = ['1 0.10 USD [-infinity,2026-03-01 10:30+00)', '1 0.30 USD [2026-03-01 10:30+00,infinity)'];
    expect(await play(both, session('2026-03-01 10:00+00', '2026-03-01 11:00+00'))).toMatchObject({ amount: '0.200000' });
  });
});

describe('whatever the rates and moments', () => {
  it('is the exact sum of rate times time, rounded once', async () => {
    const random = mulberry32(20261121);
    const below = (limit: number): number => Math.floor(random() * limit);
    const start = Date.UTC(2026, 0, 1);
    for (let round = 0; round < 60; round += 1) {
      const cuts = Array.from({ length: below(5) }, () => below(86_400_000)).toSorted((a, b) => a - b);
      const ends = [-1, ...new Set(cuts), 86_400_000];
      const micro = (ms: number): string =>
        `${new Date(start + Math.max(0, ms)).toISOString().slice(0, 23)}${String(ms < 0 ? 0 : ms % 1000).padStart(3, '0')}+00`;
      const rates = ends
        .slice(1)
        .map((to, index) => ({ from: ends[index] ?? 0, to, rate: `${below(1000)}.${String(below(1e6)).padStart(6, '0')}` }));
      const moments = [below(86_400_000), below(86_400_000)].toSorted((a, b) => a - b);
      const [from = 0, to = 0] = moments;
      // As micro() writes them: microseconds since the beginning.
      const micros = (ms: number): bigint => BigInt(Math.max(0, ms)) * 1000n + BigInt(ms < 0 ? 0 : ms % 1000);
      let expected = NOTHING;
      for (const { from: a, to: b, rate } of rates) {
        const low = micros(a) > micros(from) ? micros(a) : micros(from);
        const high = micros(b) < micros(to) ? micros(b) : micros(to);
        if (high > low) expected = plus(expected, times(fraction(high - low, 3_600_000_000n), decimal(rate)));
      }
      const written = rates.map(({ from: a, to: b, rate }) => `1 ${rate} USD [${micro(a)},${micro(b)})`);
      const { status, amount } = await play(written, session(micro(from), micro(to)));
      expect(`${status} ${amount}`, JSON.stringify({ written, from: micro(from), to: micro(to) })).toBe(
        `FINAL ${decimalText(expected, 6)}`,
      );
    }
  });
});

/** The same numbers at each run. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

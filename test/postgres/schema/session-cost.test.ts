import { beforeAll, describe, expect, it } from 'vitest';
import { refusal, rolledBack, rowsOf, useSchemaDatabase, valueOf } from './support.ts';

const database = useSchemaDatabase();

interface Cost {
  readonly status: string;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly metadata: { readonly computed?: { readonly seconds: number; readonly unpriced_seconds: number; readonly segments: unknown[] } };
}

const COST = 'cost_status as status, cost_amount as amount, cost_currency as currency, cost_metadata as metadata';
const OPEN = `insert into execution.lab_sessions (user_id, lab_version_id, started_at) select u.id, v.id, '2026-03-01 10:00:00+00'
              from identity.users u, content.lab_versions v returning id`;
const finish = (until: string) => `update execution.lab_sessions set status = 'FAILED', completed_at = '${until}' returning ${COST}`;

beforeAll(async () => {
  await database.client.query(`
    insert into identity.users (email) values ('lin@example.test');
    insert into content.labs (slug, title, difficulty, estimated_minutes) values ('lab', 'Lab', 'BEGINNER', 30);
    insert into content.lab_versions (lab_id, version_number, estimated_minutes, config) select id, 1, 30, '{}' from content.labs;`);
});

async function addRates(rates: readonly string[]): Promise<void> {
  for (const rate of rates) {
    const [tier, price, currency, from, to] = rate.split(' ');
    await database.client.query(
      'insert into execution.compute_rates (compute_tier, rate_per_hour, currency, valid_during) values ($1, $2, $3, tstzrange($4, $5))',
      [tier, price, currency, utc(from), utc(to)],
    );
  }
}

/** `2026-03-01T10:00:00` is UTC whatever the machine's zone; `…` is no bound. */
const utc = (time?: string): string | null => (time === undefined || time === '…' ? null : `${time}+00`);

async function oneRow(sql: string): Promise<Cost> {
  const [row] = await rowsOf<Cost>(database.client, sql);
  if (row === undefined) throw new Error(`no row came back from ${sql}`);
  return row;
}

/** Runs statements in a transaction that is rolled back; what the last one returns. */
const play = (rates: readonly string[], ...statements: readonly string[]): Promise<Cost> =>
  rolledBack(database.client, async () => {
    await addRates(rates);
    for (const statement of statements.slice(0, -1)) await database.client.query(statement);
    return oneRow(statements.at(-1) ?? '');
  });

const always = '1 0.100000 USD 2026-01-01T00:00:00 …';
const changing = ['1 0.080000 USD 2026-01-01T00:00:00 2026-02-01T00:00:00', '1 0.100000 USD 2026-02-01T00:00:00 …'];

describe('the cost of a session is rate times time', () => {
  it.each<[string, string[], string, string, string, number]>([
    ['one rate', [always], '2026-03-01T10:00:00', '2026-03-01T11:00:00', 'FINAL 0.100000 USD', 1],
    ['split where the rate changes', changing, '2026-01-31T23:30:00', '2026-02-01T00:30:00', 'FINAL 0.090000 USD', 2],
    ['unequal halves', changing, '2026-01-31T23:00:00', '2026-02-01T03:00:00', 'FINAL 0.380000 USD', 2],
    ['ends where the rate changes', changing, '2026-01-31T23:00:00', '2026-02-01T00:00:00', 'FINAL 0.080000 USD', 1],
    ['starts where the rate changes', changing, '2026-02-01T00:00:00', '2026-02-01T01:00:00', 'FINAL 0.100000 USD', 1],
    ['a rate of nothing', ['1 0 EUR 2026-01-01T00:00:00 …'], '2026-03-01T10:00:00', '2026-03-01T11:00:00', 'FINAL 0.000000 EUR', 1],
    ['rates of another tier do not count', [always, '2 9 EUR 2026-01-01T00:00:00 …'], '2026-03-01T10:00:00', '2026-03-01T11:00:00', 'FINAL 0.100000 USD', 1],
    ['no rate at all', [], '2026-03-01T10:00:00', '2026-03-01T11:00:00', 'RATE_MISSING null null', 0],
    ['a rate of another tier only', ['2 9 EUR 2026-01-01T00:00:00 …'], '2026-03-01T10:00:00', '2026-03-01T11:00:00', 'RATE_MISSING null null', 0],
    ['a rate that ends midway', changing.slice(0, 1), '2026-01-31T23:30:00', '2026-02-01T00:30:00', 'RATE_MISSING null null', 1],
    ['a rate that begins midway', changing.slice(1), '2026-01-31T23:30:00', '2026-02-01T00:30:00', 'RATE_MISSING null null', 1],
    ['a hole of a microsecond', [changing[0] ?? '', '1 0.1 USD 2026-02-01T00:00:00.000001 …'], '2026-01-31T23:30:00', '2026-02-01T00:30:00', 'RATE_MISSING null null', 2],
    ['two currencies', [changing[0] ?? '', '1 0.1 EUR 2026-02-01T00:00:00 …'], '2026-01-31T23:30:00', '2026-02-01T00:30:00', 'MIXED_CURRENCY null null', 2],
    ['two currencies and a hole', [changing[0] ?? '', '1 0.1 EUR 2026-02-01T00:10:00 …'], '2026-01-31T23:30:00', '2026-02-01T00:30:00', 'RATE_MISSING null null', 2],
    ['no length', [always], '2026-03-01T10:00:00', '2026-03-01T10:00:00', 'FINAL 0.000000 USD', 1],
    ['no length, where the rate changes', changing, '2026-02-01T00:00:00', '2026-02-01T00:00:00', 'FINAL 0.000000 USD', 1],
    ['no length and no rate', [], '2026-03-01T10:00:00', '2026-03-01T10:00:00', 'RATE_MISSING null null', 0],
    ['half a millionth rounds up', ['1 0.001800 USD 2026-01-01T00:00:00 …'], '2026-03-01T10:00:00', '2026-03-01T10:00:01', 'FINAL 0.000001 USD', 1],
    ['a microsecond less rounds down', ['1 0.001800 USD 2026-01-01T00:00:00 …'], '2026-03-01T10:00:00', '2026-03-01T10:00:00.999999', 'FINAL 0.000000 USD', 1],
    ['rounded once, not at each change', ['1 0.001440 USD 2026-01-01T00:00:00 2026-02-01T00:00:00', '1 0.001440 USD 2026-02-01T00:00:00 …'], '2026-01-31T23:59:59', '2026-02-01T00:00:01', 'FINAL 0.000001 USD', 2],
    ['a century at the highest rate, exact', ['1 999999.999999 USD 2026-01-01T00:00:00 …'], '2026-01-01T00:00:00', '2126-01-01T00:00:00', 'FINAL 876575999999.123424 USD', 1],
  ])('%s', async (_what, rates, from, to, expected, segments) => {
    const insert = `insert into execution.lab_sessions (user_id, lab_version_id, status, started_at, completed_at)
                    select u.id, v.id, 'FAILED', '${utc(from)}', '${utc(to)}' from identity.users u, content.lab_versions v returning ${COST}`;
    const { status, amount, currency, metadata } = await play(rates, insert);
    expect(`${status} ${amount} ${currency}`).toBe(expected);
    expect(metadata.computed?.segments).toHaveLength(segments);
  });

  it('says how it came about', async () => {
    const { metadata } = await play(changing.slice(0, 1), OPEN.replace('2026-03-01 10:00:00', '2026-01-31 23:30:00'), finish('2026-02-01 00:30:00+00'));
    expect(metadata.computed).toMatchObject({
      compute_tier: 1,
      seconds: 3600,
      unpriced_seconds: 1800,
      segments: [{ rate_per_hour: 0.08, currency: 'USD', seconds: 1800 }],
    });
  });
});

describe('nobody can write a cost', () => {
  const forged = `cost_status = 'FINAL', cost_amount = 0.01, cost_currency = 'EUR', cost_metadata = '{"node": "n1", "computed": "forged"}'`;

  it('not while the session goes on', async () => {
    const cost = await play([always], OPEN, `update execution.lab_sessions set ${forged} returning ${COST}`);
    expect(cost).toEqual({ status: 'PENDING', amount: null, currency: null, metadata: { node: 'n1' } });
  });

  it('not with the update that finishes it', async () => {
    const cost = await play([always], OPEN, finish('2026-03-01 12:00:00+00').replace(' returning', `, ${forged} returning`));
    expect(cost).toMatchObject({ status: 'FINAL', amount: '0.200000', currency: 'USD', metadata: { node: 'n1', computed: { seconds: 7200 } } });
  });

  it('not afterwards', async () => {
    const update = `update execution.lab_sessions set ${forged} returning ${COST}`;
    const cost = await play([always], OPEN, finish('2026-03-01 12:00:00+00'), update);
    expect(cost).toMatchObject({ status: 'FINAL', amount: '0.200000', currency: 'USD', metadata: { node: 'n1', computed: { seconds: 7200 } } });
  });

  it('not with the insert', async () => {
    const insert = `insert into execution.lab_sessions (user_id, lab_version_id, cost_status, cost_amount, cost_currency)
                    select u.id, v.id, 'FINAL', 0.01, 'EUR' from identity.users u, content.lab_versions v returning ${COST}`;
    expect(await play([always], insert)).toEqual({ status: 'PENDING', amount: null, currency: null, metadata: {} });
  });
});

describe('a cost once known', () => {
  const done = finish('2026-03-01 12:00:00+00');

  it.each([
    ['is worked out again when the end moves', finish('2026-03-01 13:00:00+00'), 'FINAL 0.300000'],
    ['is worked out again when the start moves', `update execution.lab_sessions set started_at = '2026-03-01 11:30:00+00' returning ${COST}`, 'FINAL 0.050000'],
    ['is worked out again when the tier changes', `update execution.lab_sessions set compute_tier = 9 returning ${COST}`, 'RATE_MISSING null'],
    ['goes when the session is opened again', `update execution.lab_sessions set status = 'IN_PROGRESS', completed_at = null returning ${COST}`, 'PENDING null'],
    ['stays when anything else changes', `update execution.lab_sessions set status = 'VERIFIED_PASS' returning ${COST}`, 'FINAL 0.200000'],
  ])('%s', async (_what, change, expected) => {
    const { status, amount, metadata } = await play([always], OPEN, done, change);
    expect(`${status} ${amount}`).toBe(expected);
    expect(metadata.computed === undefined).toBe(status === 'PENDING');
  });

  it('is not reached by a later change of rates, unlike one that was missing', async () => {
    const raise = 'update execution.compute_rates set rate_per_hour = 5';
    const touch = `update execution.lab_sessions set updated_at = now() returning ${COST}`;
    expect(await play([always], OPEN, done, raise, touch)).toMatchObject({ status: 'FINAL', amount: '0.200000' });

    const repair = `insert into execution.compute_rates (rate_per_hour, currency, valid_during) values (0.5, 'EUR', '[2026-01-01,)')`;
    expect(await play([], OPEN, done, repair, touch)).toMatchObject({ status: 'FINAL', amount: '1.000000', currency: 'EUR' });
  });
});

describe('what is refused', () => {
  it.each([
    ['an end before the start', finish('2026-03-01 09:59:59+00'), '23514 lab_sessions_completed_at_check'],
    ['an end that never comes', finish('infinity'), '23514 lab_sessions_completed_at_check'],
    ['a start that never was', `update execution.lab_sessions set started_at = '-infinity'`, '23514 lab_sessions_started_at_check'],
    ['finished without an end', `update execution.lab_sessions set status = 'FAILED'`, '23514 lab_sessions_status_check'],
    ['two rates of a tier at once', `insert into execution.compute_rates (rate_per_hour, currency, valid_during) values (1, 'USD', '[2030-01-01,2031-01-01)')`, '23P01 compute_rates_one_at_a_time_excl'],
    ['a rate for no time', `insert into execution.compute_rates (rate_per_hour, currency, valid_during) values (1, 'USD', 'empty')`, '23514 compute_rates_valid_during_check'],
    ['a rate of another tier at the same time', `insert into execution.compute_rates (compute_tier, rate_per_hour, currency, valid_during) values (2, 1, 'USD', '[2030-01-01,2031-01-01)')`, 'done'],
  ])('%s', async (_what, statement, expected) => {
    const end = await rolledBack(database.client, async () => {
      await addRates([always]);
      await valueOf(database.client, OPEN);
      return refusal(database.client, statement);
    });
    expect(end).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { COST, finish, OPEN, useCostDatabase } from './costs.ts';
import { refusal, rolledBack } from './support.ts';

const database = useCostDatabase();
const { addRates, play } = database;
const RATE = '1 0.10 USD [2026-01-01,)';

describe('nobody can write a cost', () => {
  const forged = `cost_status = 'FINAL', cost_amount = 0.01, cost_currency = 'EUR', cost_metadata = '{"node": "n1", "computed": "forged"}'`;

  it('not while the session goes on', async () => {
    const cost = await play([RATE], OPEN, `update execution.lab_sessions set ${forged} returning ${COST}`);
    expect(cost).toEqual({ status: 'PENDING', amount: null, currency: null, metadata: { node: 'n1' } });
  });

  it('not with the update that finishes it', async () => {
    const cost = await play([RATE], OPEN, finish('2026-03-01 12:00').replace(' returning', `, ${forged} returning`));
    expect(cost).toMatchObject({
      status: 'FINAL',
      amount: '0.200000',
      currency: 'USD',
      metadata: { node: 'n1', computed: { seconds: 7200 } },
    });
  });

  it('not afterwards', async () => {
    const update = `update execution.lab_sessions set ${forged} returning ${COST}`;
    const cost = await play([RATE], OPEN, finish('2026-03-01 12:00'), update);
    expect(cost).toMatchObject({
      status: 'FINAL',
      amount: '0.200000',
      currency: 'USD',
      metadata: { node: 'n1', computed: { seconds: 7200 } },
    });
  });

  it('not with the insert', async () => {
    const insert = `insert into execution.lab_sessions (user_id, lab_version_id, cost_status, cost_amount, cost_currency)
                    select u.id, v.id, 'FINAL', 0.01, 'EUR' from identity.users u, content.lab_versions v returning ${COST}`;
    expect(await play([RATE], insert)).toEqual({ status: 'PENDING', amount: null, currency: null, metadata: {} });
  });
});

describe('a cost once known', () => {
  const done = finish('2026-03-01 12:00');

  it.each([
    ['is worked out again when the end moves', finish('2026-03-01 13:00'), 'FINAL 0.300000'],
    [
      'is worked out again when the start moves',
      `update execution.lab_sessions set started_at = '2026-03-01 11:30' returning ${COST}`,
      'FINAL 0.050000',
    ],
    [
      'is worked out again when the tier changes',
      `update execution.lab_sessions set compute_tier = 9 returning ${COST}`,
      'RATE_MISSING null',
    ],
    [
      'goes when the session is opened again',
      `update execution.lab_sessions set status = 'IN_PROGRESS', completed_at = null returning ${COST}`,
      'PENDING null',
    ],
    [
      'stays when anything else changes',
      `update execution.lab_sessions set status = 'VERIFIED_PASS' returning ${COST}`,
      'FINAL 0.200000',
    ],
  ])('%s', async (_what, change, expected) => {
    const { status, amount, metadata } = await play([RATE], OPEN, done, change);
    expect(`${status} ${amount}`).toBe(expected);
    expect(metadata.computed === undefined).toBe(status === 'PENDING');
  });

  it('is not reached by a later change of rates, unlike one that was missing', async () => {
    const raise = 'update execution.compute_rates set rate_per_hour = 5';
    const touch = `update execution.lab_sessions set updated_at = now() returning ${COST}`;
    expect(await play([RATE], OPEN, done, raise, touch)).toMatchObject({ status: 'FINAL', amount: '0.200000' });

    const repair = `insert into execution.compute_rates (rate_per_hour, currency, valid_during) values (0.5, 'EUR', '[2026-01-01,)')`;
    expect(await play([], OPEN, done, repair, touch)).toMatchObject({ status: 'FINAL', amount: '1.000000', currency: 'EUR' });
  });
});

describe('what is refused', () => {
  it.each([
    ['an end before the start', finish('2026-03-01 09:59:59'), '23514 lab_sessions_completed_at_check'],
    ['an end that never comes', finish('infinity'), '23514 lab_sessions_completed_at_check'],
    [
      'a start that never was',
      `update execution.lab_sessions set started_at = '-infinity'`,
      '23514 lab_sessions_started_at_check',
    ],
    ['finished without an end', `update execution.lab_sessions set status = 'FAILED'`, '23514 lab_sessions_status_check'],
    [
      'two rates of a tier at once',
      `insert into execution.compute_rates (rate_per_hour, currency, valid_during) values (1, 'USD', '[2030-01-01,2031-01-01)')`,
      '23P01 compute_rates_one_at_a_time_excl',
    ],
    [
      'a rate for no time',
      `insert into execution.compute_rates (rate_per_hour, currency, valid_during) values (1, 'USD', 'empty')`,
      '23514 compute_rates_valid_during_check',
    ],
    [
      'a rate of another tier at the same time',
      `insert into execution.compute_rates (compute_tier, rate_per_hour, currency, valid_during) values (2, 1, 'USD', '[2030-01-01,2031-01-01)')`,
      'done',
    ],
  ])('%s', async (_what, statement, expected) => {
    const end = await rolledBack(database.client, async () => {
      await addRates([RATE]);
      await database.client.query(OPEN);
      return refusal(database.client, statement);
    });
    expect(end).toBe(expected);
  });
});

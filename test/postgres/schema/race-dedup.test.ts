import { beforeAll, describe, expect, it } from 'vitest';
import { race } from './race.ts';
import { pidOf, refusal, rolledBack, rowsOf, untilBlocked, useSchemaDatabase, valueOf, withClients } from './support.ts';

const database = useSchemaDatabase();
const ROUNDS = 40;
const SNAPSHOT = 'a'.repeat(64);

beforeAll(() =>
  database.client.query(`insert into delivery.snapshots (id, size_bytes) values ('${SNAPSHOT}', 1);
                         insert into jobs.tasks (name) values ('task');
                         create table extensions.unguarded (key text)`),
);

interface Contest {
  readonly what: string;
  /** $1 is the key that all race for; returns true to a winner. */
  readonly act: string;
  /** How many rows a table holds afterwards. */
  readonly tables: readonly string[];
}

const CONTESTS: readonly Contest[] = [
  {
    what: 'a delivery',
    act: `select delivery.record_delivery_event($1, 'github', 'push', '{}') as won`,
    tables: ['delivery.delivery_events', 'delivery.delivery_event_keys'],
  },
  {
    what: 'an event of a snapshot',
    act: `select delivery.record_snapshot_event('${SNAPSHOT}', 'STORED', $1) as won`,
    tables: ['delivery.snapshot_events', 'delivery.snapshot_event_keys'],
  },
  {
    what: 'an idempotency key',
    act: `insert into delivery.idempotency_keys (scope, key, request_hash) values ('user:1', $1, '${SNAPSHOT}')
          on conflict (scope, key) do nothing returning true as won`,
    tables: ['delivery.idempotency_keys'],
  },
  {
    what: 'a job',
    act: `insert into jobs.jobs (name, job_key) values ('email', $1) on conflict (name, job_key) do nothing returning true as won`,
    tables: ['jobs.jobs'],
  },
  {
    what: 'a scheduled run of a task',
    act: `insert into jobs.task_runs (task_id, scheduled_for) select id, '2026-01-01'::timestamptz + make_interval(mins => $1::text::integer) from jobs.tasks
          on conflict (task_id, scheduled_for) do nothing returning true as won`,
    tables: ['jobs.task_runs'],
  },
];

/** Eight connections go through the same keys in the same order; who won each. */
async function contend(act: string): Promise<number[][]> {
  const winners: number[][] = Array.from({ length: ROUNDS }, () => []);
  await race(database.url, async (client, lane) => {
    for (const [key, won] of winners.entries()) {
      const [row] = await rowsOf<{ won: boolean }>(client, act, [String(key)]);
      if (row?.won === true) won.push(lane);
    }
  });
  return winners;
}

describe('once, though eight ask at once', () => {
  it.each(CONTESTS)('$what', async ({ act, tables }) => {
    const winners = await contend(act);
    expect(winners.map((won) => won.length)).toEqual(Array(ROUNDS).fill(1));
    for (const table of tables) expect(await valueOf(database.client, `select count(*)::integer from ${table}`)).toBe(ROUNDS);
  });

  // As when all of them began in the same microsecond: created_at is in a second unique index of the keys.
  it.each(CONTESTS.slice(0, 2))('$what, all of one moment', async ({ act, tables: [, keys = ''] }) => {
    await database.client.query(`alter table ${keys} alter created_at set default '2026-01-01T00:00:00Z'`);
    const winners = await contend(act.replace('$1', `'moment ' || $1`));
    expect(winners.map((won) => won.length)).toEqual(Array(ROUNDS).fill(1));
  });

  // The same race without a guard, to see that it would show a double.
  it('and the race is one: look first, then insert, lets several win', async () => {
    const act = `with looked as (select exists (select from extensions.unguarded where key = $1) as there, pg_sleep(0.002))
                 insert into extensions.unguarded select $1 from looked where not there returning true as won`;
    const winners = await contend(act);
    expect(Math.max(...winners.map((won) => won.length))).toBeGreaterThan(1);
  });
});

describe('a repetition while the first is still open', () => {
  const act = `select delivery.record_delivery_event($1, 'github', 'push', '{}') as won`;

  it.each([
    ['commit', false],
    ['rollback', true],
  ])('waits, and after its %s wins: %s', async (end, expected) => {
    const won = await withClients(database.url, 2, async ([first, second]) => {
      if (first === undefined || second === undefined) throw new Error('two connections are needed');
      await first.query('begin');
      expect(await valueOf(first, act, [`open-${end}`])).toBe(true);
      const pid = await pidOf(second);
      const later = valueOf<boolean>(second, act, [`open-${end}`]);
      await untilBlocked(database.client, pid);
      await first.query(end);
      return later;
    });
    expect(won).toBe(expected);
    expect(
      await valueOf(database.client, 'select count(*)::integer from delivery.delivery_events where delivery_id = $1', [
        `open-${end}`,
      ]),
    ).toBe(1);
  });
});

describe('a writer that goes past the functions', () => {
  const event = (time: string) =>
    `insert into delivery.delivery_events (delivery_id, source, event_type, created_at) values ('d', 'github', 'push', ${time})`;

  it.each([
    ['an event without a key', event('now()'), '23503 delivery_events_key_fkey'],
    [
      'a second event of a key at the same time',
      event('(select created_at from delivery.delivery_event_keys where delivery_id = $1)'),
      '23505',
    ],
    ['a second event of a key at another time', event(`now() + interval '1 microsecond'`), '23503 delivery_events_key_fkey'],
    [
      'a second key',
      `insert into delivery.delivery_event_keys (delivery_id, source, created_at) values ('d', 'github', '2001-01-01')`,
      '23505 delivery_event_keys_pkey',
    ],
    ['a key deleted before its event', `delete from delivery.delivery_event_keys`, '23503 delivery_events_key_fkey'],
    ['the same id from another sender', `select delivery.record_delivery_event('d', 'gitlab', 'push', '{}')`, 'done'],
  ])('is stopped: %s', async (what, sql, expected) => {
    const end = await rolledBack(database.client, async () => {
      if (what !== 'an event without a key')
        await database.client.query(`select delivery.record_delivery_event('d', 'github', 'push', '{}')`);
      return refusal(database.client, sql.replace('$1', `'d'`));
    });
    expect(end.startsWith(expected)).toBe(true);
  });
});

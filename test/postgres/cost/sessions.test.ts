import { beforeEach, describe, expect, it } from 'vitest';
import { costBench } from './support.ts';

/** `cost sessions` whole, in this process, on a server. */
const bench = costBench(`
  create schema app;
  create table app.plain (id int primary key, body text);
  create table app.sessions (id int primary key, ended timestamptz, cost numeric, unit text, state text, tier int, rough float8);
  create role teller login password 'x1'`);
const configure = (rest: string): void => bench.configure(rest);
const sql = (text: string) => bench.client.query(text);
const number = async (text: string): Promise<string> =>
  (await bench.client.query<{ n: string }>(`select (${text})::text as n`)).rows[0]?.n ?? '';

describe('cost sessions', () => {
  const SESSIONS = (more = '') => `cost:
  sessions:
    table: app.sessions
    at: ended
    amount: cost
    currency: unit
    status: state
    alarms: [RATE_MISSING, "MIXED 'CURRENCY'"]
    by: [{ name: tier, value: "tier" }, { name: half, value: "(select case when tier > 1 then 'upper' end)" }${more}]
`;
  const costs = async (...args: readonly string[]) => {
    const { status, items } = await bench.report(['cost', 'sessions', ...args]);
    return {
      status,
      rows: items.map(({ object, currency, amount, sessions, message, status: one }) =>
        one === 'pass' ? [object, currency, amount, sessions] : message,
      ),
    };
  };
  let months: string[];

  beforeEach(async () => {
    configure(SESSIONS());
    await sql(`truncate app.sessions; alter table app.sessions disable row level security;
      insert into app.sessions select n, date_trunc('month', now(), 'UTC') - interval '1 microsecond' * n, 0.1, 'EUR', 'FINAL', n % 3 from generate_series(1, 10) n;
      insert into app.sessions values (11, date_trunc('month', now(), 'UTC'), 12345678901234567890.123456, 'EUR', 'FINAL', 1), (12, null, null, null, 'PENDING', 1),
        (13, date_trunc('month', now(), 'UTC'), 1, 'USD', 'FINAL', 1), (14, '1999-01-01Z', 7, 'EUR', 'FINAL', 1)`);
    months = [
      await number(`to_char(now() at time zone 'UTC', 'YYYY-MM')`),
      await number(`to_char(date_trunc('month', now(), 'UTC') - interval '1 day', 'YYYY-MM')`),
    ];
  });

  it('sums months of UTC by currency, exactly', async () => {
    expect(await costs()).toEqual({
      status: 0,
      rows: [
        [months[0], 'EUR', '12345678901234567890.123456', 1],
        [months[0], 'USD', '1', 1],
        [months[1], 'EUR', '1.0', 10],
      ],
    });
    expect((await costs('--months', '1')).rows).toHaveLength(2);
  });

  it('tells them apart by an expression of dbctl.yaml', async () => {
    expect((await costs('--by', 'tier')).rows.slice(2)).toEqual([
      [`${months[1]} tier 1`, 'EUR', '0.4', 4],
      [`${months[1]} tier 0`, 'EUR', '0.3', 3],
      [`${months[1]} tier 2`, 'EUR', '0.3', 3],
    ]);
    expect((await costs('--by', 'half')).rows.slice(2)).toEqual([
      [`${months[1]} half none`, 'EUR', '0.7', 7],
      [`${months[1]} half upper`, 'EUR', '0.3', 3],
    ]);
  });

  it('alarms for those without a cost, however old', async () => {
    await sql(`insert into app.sessions values (20, '2001-02-03 04:05Z', null, null, 'RATE_MISSING', 1), (21, now(), null, null, 'RATE_MISSING', 1),
      (22, now(), null, null, 'MIXED ''CURRENCY''', 1)`);
    const { status, rows } = await costs('--months', '1');
    expect(status).toBe(1);
    expect(rows.slice(2)).toEqual([
      [months[0], null, null, 2],
      expect.stringMatching(/^1 session has no cost: MIXED 'CURRENCY', the oldest of \d{4}-/) as unknown,
      '2 sessions have no cost: RATE_MISSING, the oldest of 2001-02-03T04:05:00Z',
    ]);
    const { items } = await bench.report(['cost', 'sessions']);
    for (const { fix } of items) if (fix !== null) expect((await sql(fix)).rowCount).toBeGreaterThan(0);
    const { stdout } = await bench.dbctl(['cost', 'sessions', '--format', 'prometheus']);
    expect(stdout).toContain('dbctl_cost_sessions_without_cost{status="RATE_MISSING"} 2\n');
    expect(stdout).toContain('dbctl_cost_sessions_last_month{currency="EUR"} 1\n');
  });

  it('says which rights are missing, and refuses a sum of what policies leave', async () => {
    const teller = { as: 'teller' } as const;
    const { status, items } = await bench.report(['cost', 'sessions'], teller);
    expect([status, items]).toMatchObject([1, [{ id: 'unseen', status: 'unknown', message: 'teller may not read it' }]]);
    expect(items[0]?.fix).toBe(
      'grant usage on schema "app" to teller;\ngrant select ("ended", "cost", "unit", "state") on table "app"."sessions" to teller;',
    );
    await sql(String(items[0]?.fix));
    expect((await bench.report(['cost', 'sessions'], teller)).status).toBe(0);
    expect((await bench.report(['cost', 'sessions', '--by', 'tier'], teller)).items).toMatchObject([
      { id: 'unseen', message: 'permission denied for table sessions' },
    ]);
    await sql('alter table app.sessions enable row level security');
    const hidden = await bench.report(['cost', 'sessions'], teller);
    expect(hidden.items).toMatchObject([
      { id: 'unseen', status: 'unknown', message: 'row-level security may hide rows of app.sessions' },
    ]);
    await sql(String(hidden.items[0]?.fix));
    expect((await bench.report(['cost', 'sessions'], teller)).summary).toMatchObject({ sessions: 12 });
    await sql('alter role teller bypassrls; drop policy sessions_cost on app.sessions');
    expect((await bench.report(['cost', 'sessions'], teller)).status).toBe(0);
    await sql('alter role teller nobypassrls');
  });

  const SETTING = `current_setting('app.access', true) = 'service'`;
  const OWN = `tier = (select nullif(current_setting('app.tier', true), '')::int)`;
  const FUNCTION = `create or replace function app.yes() returns boolean stable language sql return true`;

  /** What is said is tried: where all rows are said to be seen the sum is that of a superuser, and the role, asked itself, sees as many. */
  it.each<[what: string, policies: string, problem: string | null]>([
    ['every row for the role', 'create policy p on app.sessions for select to teller using (true)', null],
    ['every row for all commands', 'create policy p on app.sessions using (true)', null],
    ['by a setting of the role, or of one row', `create policy p on app.sessions using ((select ${SETTING}) or ${OWN})`, null],
    ['the same the other way round', `create policy p on app.sessions using (${OWN} or tier = 7 or ${SETTING})`, null],
    [
      'two, one of which shows all',
      `create policy a on app.sessions using (${OWN}); create policy b on app.sessions using (current_user = 'teller')`,
      null,
    ],
    [
      'a restrictive one that hides nothing',
      `create policy p on app.sessions using (true); create policy r on app.sessions as restrictive using (${SETTING})`,
      null,
    ],
    ['none', '', 'row-level security'],
    ['for writing alone', 'create policy p on app.sessions for update using (true)', 'row-level security'],
    ['for somebody else', 'create policy p on app.sessions to other_teller using (true)', 'row-level security'],
    ['by what is in the row', `create policy p on app.sessions using (${OWN})`, 'policy p'],
    ['a null in the row', 'create policy p on app.sessions using (tier is null or unit is not null)', 'policy p'],
    [
      'a setting the role has not',
      `create policy p on app.sessions using (current_setting('app.access', true) = 'admin' or tier = 1)`,
      'policy p',
    ],
    ['both', `create policy p on app.sessions using (${SETTING} and tier = 1)`, 'policy p'],
    ['an or in quotes', `create policy p on app.sessions using (unit = ' OR ' or tier = 1)`, 'policy p'],
    ['by chance', 'create policy p on app.sessions using (random() < 2)', 'policy p'],
    ['by a function of somebody', `${FUNCTION}; create policy p on app.sessions using (app.yes())`, 'policy p'],
    ['by rows of another table', 'create policy p on app.sessions using (exists (select from app.other))', 'policy p'],
    [
      'a restrictive one that hides some',
      `create policy p on app.sessions using (true); create policy r on app.sessions as restrictive using (tier < 2)`,
      'policy r',
    ],
  ])('policies: %s', async (_what, policies, problem) => {
    const all = (await bench.report(['cost', 'sessions'])).items.map(({ object, amount, sessions }) => [
      object,
      amount,
      sessions,
    ]);
    await sql(`do $$ begin create role other_teller; exception when duplicate_object then end $$; drop table if exists app.other; create table app.other (id int);
      insert into app.other values (1); grant usage on schema app to teller; grant select on all tables in schema app to teller;
      alter role teller nobypassrls; alter role teller set app.access = 'service'; alter table app.sessions enable row level security, force row level security; ${policies}`);
    const { status, items } = await bench.report(['cost', 'sessions'], { as: 'teller' });
    await sql(
      'drop policy if exists p on app.sessions; drop policy if exists a on app.sessions; drop policy if exists b on app.sessions; drop policy if exists r on app.sessions; alter role teller reset app.access',
    );
    if (problem === null)
      expect([status, items.map(({ object, amount, sessions }) => [object, amount, sessions])]).toEqual([0, all]);
    else
      expect([status, items]).toMatchObject([1, [{ id: 'unseen', message: expect.stringContaining(`${problem} `) as string }]]);
  });

  it('an expression that looks into what policies hide, or nobody knows where, is not believed', async () => {
    configure(
      SESSIONS(
        `, { name: other, value: "(select o.id from app.other o)" }, { name: own, value: "app.yes()" }, { name: view, value: "(select 1 from app.seen)" }`,
      ),
    );
    await sql(`${FUNCTION}; drop table if exists app.other cascade; create table app.other (id int); insert into app.other values (1); create view app.seen as select 1;
      grant usage on schema app to teller; grant select on all tables in schema app to teller;
      alter table app.sessions enable row level security; create policy p on app.sessions to teller using (true)`);
    const asked = async (by: string) => {
      const { status, items } = await bench.report(['cost', 'sessions', '--by', by], { as: 'teller' });
      return [status, items[0]?.id === 'unseen' ? items[0].message : 'seen'];
    };
    expect(await asked('other')).toEqual([0, 'seen']);
    await sql('alter table app.other enable row level security');
    expect(await asked('other')).toEqual([1, 'row-level security may hide rows of app.other']);
    expect(await asked('own')).toEqual([1, 'what yes reads is not known']);
    expect(await asked('view')).toEqual([1, 'app.seen is no table, and what it reads is not known']);
    await sql('drop policy p on app.sessions');
  });

  it.each<[string, string, readonly string[], string]>([
    ['no table', '', [], 'dbctl.yaml names no table that knows what sessions cost'],
    [
      'a table that is not there',
      SESSIONS().replace('app.sessions', 'app.session'),
      [],
      'there is no table app.session, which cost.sessions names',
    ],
    [
      'a column that is not there',
      SESSIONS().replace('amount: cost', 'amount: costs'),
      [],
      'app.sessions has no column costs, did you mean cost',
    ],
    [
      'an amount that is not exact',
      SESSIONS().replace('amount: cost', 'amount: rough'),
      [],
      'app.sessions.rough is of type double precision, and has to be numeric: sums of others are not exact',
    ],
    [
      'a moment that is none',
      SESSIONS().replace('at: ended', 'at: tier'),
      [],
      'app.sessions.tier is of type integer, and has to be a timestamptz',
    ],
    ['a name that is none', SESSIONS(), ['--by', 'teir'], 'cost.sessions.by has no teir, did you mean tier'],
    [
      'an expression that is none',
      SESSIONS(', { name: bad, value: "tier +" }'),
      ['--by', 'bad'],
      'cost.sessions.by[2].value: is no SQL expression: syntax error at end of input',
    ],
    [
      'an expression that ends another',
      SESSIONS(', { name: bad, value: "1) from app.plain; drop table app.plain; --" }'),
      ['--by', 'bad'],
      'cost.sessions.by[2].value: is no SQL expression',
    ],
    [
      'an expression that writes',
      SESSIONS(', { name: bad, value: "(with x as (delete from app.plain returning 1) select 1)" }'),
      ['--by', 'bad'],
      'cost.sessions.by[2].value: writes: a condition only reads',
    ],
  ])('%s is told', async (_what, yaml, args, message) => {
    configure(yaml);
    const { status, error } = await bench.report(['cost', 'sessions', ...args]);
    expect(status).toBe(2);
    expect(error?.message).toContain(message);
  });
});

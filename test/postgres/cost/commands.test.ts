import pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { addCopy, costBench } from './support.ts';

/** `cost storage` and `cost archives` whole, in this process, on a server. Partitions are of the months before this one, whenever that is. */
const bench = costBench(`
  create schema app;
  create table app.events (at timestamptz not null, body text) partition by range (at);
  do $$
  declare m timestamptz := date_trunc('month', now(), 'UTC');
  begin
    for n in -4..1 loop
      execute format('create table app.events_%s partition of app.events for values from (%L) to (%L)', n + 4,
        m + make_interval(months => n), m + make_interval(months => n + 1));
    end loop;
  end $$;
  insert into app.events select date_trunc('month', now(), 'UTC') - interval '1 day' * d, repeat('x', 100) from generate_series(1, 120) d, generate_series(1, 200);
  create table app.plain (id int primary key, body text);
  insert into app.plain select n, repeat('y', 500) from generate_series(1, 2000) n;
  create role stranger login password 'x1';
  analyze`);
const configure = (rest: string): void => bench.configure(rest);
const sql = (text: string) => bench.client.query(text);
const number = async (text: string): Promise<string> =>
  (await bench.client.query<{ n: string }>(`select (${text})::text as n`)).rows[0]?.n ?? '';

const PRICES = `cost:
  currency: EUR
  hot: [{ from: 2020-01-01, gib_month: "1000" }, { from: 2020-02-01, gib_month: "0.5" }]
  cold:
    - { destination: cold, class: Cold HDD, minimum_days: 30, prices: [{ from: 2020-01-01, gib_month: "0.02", thousand_puts: "0.01", restored_gib: "0.09" }] }
`;
const GIB = 2 ** 30;

beforeEach(() => configure(PRICES));

describe('cost storage', () => {
  it('has what each table takes and costs, partitions added up, as the server reckons it', async () => {
    const { status, items, summary } = await bench.report(['cost', 'storage']);
    expect(status).toBe(0);
    const events = items.find(({ object }) => object === 'app.events');
    const bytes = await number(`select sum(pg_total_relation_size(relid)) from pg_partition_tree('app.events')`);
    expect(events).toMatchObject({
      partitions: 6,
      hotBytes: Number(bytes),
      coldBytes: 0,
      coldCost: '0.000000',
      copies: 0,
      currency: 'EUR',
    });
    expect(events?.['hotCost']).toBe(await number(`round(${bytes} / 1073741824::numeric * 0.5, 6)`));
    const all = await number(
      `select sum(pg_total_relation_size(oid)) from pg_class where relkind in ('r', 'm') and relnamespace::regnamespace::text in ('app', 'dbctl')`,
    );
    expect(summary).toMatchObject({
      hotBytes: Number(all),
      hotCost: await number(`round(${all} / 1073741824::numeric * 0.5, 6)`),
    });
  });

  it('measures growth on the full months before this one, and says what a year of it costs', async () => {
    const { items } = await bench.report(['cost', 'storage', '--months', '2']);
    const events = items.find(({ object }) => object === 'app.events');
    const grown = await number(`ceil((pg_total_relation_size('app.events_2') + pg_total_relation_size('app.events_3')) / 2.0)`);
    expect(events).toMatchObject({ growthBytes: Number(grown), growthMonths: 2 });
    expect(events?.['costInAYear']).toBe(
      await number(`round((${JSON.stringify(events?.['hotBytes'])} + 12 * ${grown}) / 1073741824::numeric * 0.5, 6)`),
    );
    expect(items.find(({ object }) => object === 'app.plain')).toMatchObject({
      growthBytes: null,
      growthMonths: null,
      costInAYear: null,
    });
  });

  it('shows partitions by themselves', async () => {
    const { items } = await bench.report(['cost', 'storage', '--partitions']);
    const names = items.map(({ object }) => object).filter((name) => name.startsWith('app.events'));
    expect(names.toSorted()).toEqual([0, 1, 2, 3, 4, 5].map((n) => `app.events_${n}`));
    expect(items.find(({ object }) => object === 'app.events_1')).toMatchObject({ growthBytes: null, partitions: 0 });
  });

  it('fits 80 columns, and says bytes where there is no price', async () => {
    configure('');
    const { status, stdout } = await bench.dbctl(['cost', 'storage']);
    expect(status).toBe(1);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toMatch(/app\.plain +\d+ kB +unknown/);
    expect(stdout).toContain('cost:\n        currency: EUR\n        hot: [{ from: ');
    configure(PRICES.replace(/2020/g, '2999'));
    const { items } = await bench.report(['cost', 'storage']);
    expect(items.find(({ id }) => id === 'no-price')).toMatchObject({
      object: 'cost.hot',
      status: 'unknown',
      message: 'dbctl.yaml has no price of what lies in the database before 2999-01-01: the cost is not known',
    });
  });

  it('a table that somebody holds locked is unknown, and the others are not', async () => {
    const other = new pg.Client({ connectionString: bench.server.url() });
    await other.connect();
    try {
      await other.query('begin; lock table app.plain in access exclusive mode');
      const { status, items } = await bench.report(['cost', 'storage']);
      expect(status).toBe(1);
      expect(items.filter((one) => one.status !== 'pass')).toMatchObject([
        { id: 'locked', object: 'app.plain', status: 'unknown', hotBytes: null, hotCost: null },
      ]);
      expect(items.find(({ object }) => object === 'app.events')).toMatchObject({
        status: 'pass',
        hotCost: expect.stringMatching(/^\d+\.\d{6}$/) as unknown,
      });
    } finally {
      await other.end();
    }
  });

  it('partitions that are detached and dropped all the while are counted once, or not at all', async () => {
    const end = { come: false };
    const churn = (async () => {
      for (let n = 0; !end.come; n += 1)
        await sql(`create table app.churn partition of app.events for values from ('2001-01-01Z') to ('2001-02-01Z')`)
          .then(() => sql(n % 2 === 0 ? 'alter table app.events detach partition app.churn' : 'select 1'))
          .then(() => sql('drop table app.churn'));
    })();
    try {
      for (let round = 0; round < 10; round += 1) {
        const { status, items } = await bench.report(['cost', 'storage']);
        expect(status).toBe(0);
        const names = items.map(({ object }) => object);
        expect(new Set(names).size).toBe(names.length);
        expect(items.find(({ object }) => object === 'app.events')?.['partitions']).toBeOneOf([6, 7]);
      }
    } finally {
      end.come = true;
      await churn;
    }
  });

  it('in an empty database there is nothing', async () => {
    await sql('create database empty template template0');
    const { status, items, summary } = await bench.report(['cost', 'storage'], { database: 'empty' });
    expect([status, items, summary['hotCost']]).toEqual([0, [], '0.000000']);
    expect((await bench.report(['cost', 'archives'], { database: 'empty' })).status).toBe(0);
    expect((await bench.dbctl(['cost', 'archives'], { database: 'empty' })).stdout).toContain(
      'No copy of a partition is recorded',
    );
  });

  it('needs no right on tables, and membership in dbctl_auditor for archives', async () => {
    const { status, items } = await bench.report(['cost', 'storage'], { as: 'stranger' });
    expect(status).toBe(1);
    expect(items.find(({ object }) => object === 'app.plain')).toMatchObject({
      hotCost: expect.any(String) as unknown,
      coldBytes: null,
      coldCost: null,
    });
    const unseen = items.filter((one) => one.status !== 'pass');
    expect(unseen).toMatchObject([{ id: 'no-archives', status: 'unknown', fix: 'grant dbctl_auditor to "stranger";' }]);
    await sql(String(unseen[0]?.fix));
    expect((await bench.report(['cost', 'storage'], { as: 'stranger' })).status).toBe(0);
    await sql('revoke dbctl_auditor from stranger');
  });

  it.each([
    [['--months', '0'], 'expected a number of months from 1 to 120, not 0'],
    [['--months', '121'], 'expected a number of months from 1 to 120, not 121'],
    [['--months', '1e2'], 'expected a number of months from 1 to 120, not 1e2'],
    [['--partition'], "unknown option '--partition'"],
  ])('%j is refused', async (args, message) => {
    const { status, error } = await bench.report(['cost', 'storage', ...args]);
    expect([status, error?.code]).toEqual([2, 'usage']);
    expect(error?.message).toContain(message);
  });
});

describe('cost archives', () => {
  const copy = { table: 'app.events', destination: 'cold', hotBytes: 60 * GIB, coldBytes: 10 * GIB };

  it('says for each copy what it saves, when it pays, and what a restore costs', async () => {
    await addCopy(bench.client, 'paid', {
      ...copy,
      partition: 'app.events_old',
      exportedAt: '2024-01-01Z',
      removedAt: '2024-01-01Z',
    });
    await addCopy(bench.client, 'there', { ...copy, partition: 'app.events_0', exportedAt: '2024-02-01Z' });
    const { status, items, summary } = await bench.report(['cost', 'archives']);
    expect(status).toBe(0);
    const cost = {
      hotCost: '30.000000',
      coldCost: '0.200000',
      saving: '29.800000',
      putCost: '0.006470',
      breakEvenDays: 1,
      restoreCost: '0.900000',
    };
    expect(items).toMatchObject([
      { object: 'app.events_old', ...cost, storageClass: 'Cold HDD', minimumDays: 30, removedAt: '2024-01-01T00:00:00.000Z' },
      { object: 'app.events_0', ...cost, removedAt: null },
    ]);
    const [paid, there] = items.map((one) => Number(one['savedSoFar']));
    expect(paid).toBeGreaterThan(29.8 * 22);
    expect(there).toBeLessThan(0);
    expect(summary).toMatchObject({ copies: 2, removed: 1 });
    const { stdout } = await bench.dbctl(['cost', 'archives']);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toMatch(/app\.events_old +60 GB +10 GB +29\.80 +1 d +\d+\.\d\d/);
  });

  it('adds them to what the table costs, and what left to how it grows', async () => {
    const month = await number(`to_char(date_trunc('month', now(), 'UTC') - interval '1 month', 'YYYY-MM-DD')`);
    const next = await number(`to_char(date_trunc('month', now(), 'UTC'), 'YYYY-MM-DD')`);
    await addCopy(bench.client, 'gone', {
      ...copy,
      table: 'app.gone',
      partition: 'app.gone_1',
      bound: `FOR VALUES FROM ('${month} 00:00:00+00') TO ('${next} 00:00:00+00')`,
      exportedAt: '2024-01-01Z',
      removedAt: '2024-01-02Z',
    });
    const { items } = await bench.report(['cost', 'storage']);
    expect(items.find(({ object }) => object === 'app.gone')).toMatchObject({
      hotBytes: 0,
      hotCost: '0.000000',
      coldBytes: 10 * GIB,
      coldCost: '0.200000',
      growthBytes: 60 * GIB,
      growthMonths: 1,
      costInAYear: '360.200000',
    });
    expect(items.find(({ object }) => object === 'app.events')).toMatchObject({
      copies: 2,
      coldBytes: 20 * GIB,
      coldCost: '0.400000',
    });
  });

  it('what came back costs twice while it is there, and is not stored again when it leaves', async () => {
    await addCopy(bench.client, 'lent', {
      ...copy,
      table: 'app.lent',
      partition: 'app.lent_1',
      exportedAt: '2025-01-01Z',
      removedAt: '2025-01-01Z',
    });
    await addCopy(bench.client, 'lent.back1', {
      ...copy,
      table: 'app.lent',
      partition: 'app.lent_1',
      coldBytes: 0,
      exportedAt: '2025-02-01Z',
    });
    await sql(`insert into dbctl.archive_return (segment, of_segment, until, reason, at)
      values ('segment-lent.back1', 'segment-lent', '2035-01-01Z', 'asked by a court', '2025-02-01Z')`);
    const { items } = await bench.report(['cost', 'archives', '--table', 'app.lent']);
    // 30.00 were saved in January, for 0.20 a month since.
    expect(items).toMatchObject([
      {
        returnedAt: '2025-02-01T00:00:00.000Z',
        message: '0.20 a month instead of 30.00, until it was brought back on 2025-02-01',
        savingNow: '-0.200000',
      },
      {
        returnOf: 'segment-lent',
        message: 'it came back from segment-lent; 30.00 a month are saved once it has left again',
        putCost: '0.000000',
        savingNow: '0.000000',
        savedSoFar: '0.000000',
      },
    ]);
    const months = Number(await number(`extract(epoch from now() - '2025-01-01Z') / 86400 / 365.25 * 12`));
    expect(Number(items[0]?.['savedSoFar'])).toBeCloseTo(30 - 0.2 * months, 0);
    await sql(`insert into dbctl.archive_event (segment, kind, at) values ('segment-lent.back1', 'removed', '2025-06-01Z')`);
    const { items: left } = await bench.report(['cost', 'archives', '--table', 'app.lent']);
    expect(left.map(({ savingNow }) => savingNow)).toEqual(['-0.200000', '30.000000']);
    await addCopy(bench.client, 'lent.back2', {
      ...copy,
      table: 'app.lent',
      partition: 'app.lent_1',
      coldBytes: 0,
      exportedAt: '2025-07-01Z',
    });
    await sql(`insert into dbctl.archive_return (segment, of_segment, until, reason, at)
      values ('segment-lent.back2', 'segment-lent', '2035-01-01Z', 'asked once more', '2025-07-01Z')`);
    const { items: again } = await bench.report(['cost', 'archives', '--table', 'app.lent']);
    expect(again.map(({ savingNow, savedSoFar }) => [savingNow, savedSoFar]).slice(1)).toEqual([
      ['0.000000', '30.000000'],
      ['0.000000', '0.000000'],
    ]);
    const { items: tables } = await bench.report(['cost', 'storage']);
    expect(tables.find(({ object }) => object === 'app.lent')).toMatchObject({ copies: 1, coldBytes: 10 * GIB });
  });

  it('blobs that moved are part of what their table costs, each file once', async () => {
    const blob = (table: string, bytes: number, uri: string): string =>
      `('copied', '${table}', '{}', 'file:x', repeat('0', 64), ${bytes}, 'cold', '${uri}')`;
    await sql(`insert into dbctl.blob_event (kind, table_name, row_key, location, sha256, bytes, destination, uri)
      values ${blob('app.proof', GIB, 'cold/a')}, ${blob('app.proof', 2 * GIB, 'cold/b')}, ${blob('app.proof', GIB, 'cold/a')}, ${blob('app.other', GIB, 'cold/a')}`);
    const { items } = await bench.report(['cost', 'storage']);
    expect(items.find(({ object }) => object === 'app.proof')).toMatchObject({
      coldBytes: 3 * GIB,
      coldCost: '0.060000',
      blobs: 2,
      copies: 0,
    });
    expect(items.find(({ object }) => object === 'app.other')).toBe(undefined);
  });

  it('a destination without prices, and a copy without a destination, are unknown', async () => {
    await addCopy(bench.client, 'glacier', {
      ...copy,
      table: 'app.plain',
      partition: 'app.plain',
      destination: 'glacier',
      exportedAt: '2024-03-01Z',
    });
    await addCopy(bench.client, 'nowhere', {
      table: 'app.plain',
      partition: 'app.plain',
      hotBytes: 1,
      coldBytes: 1,
      exportedAt: '2024-04-01Z',
    });
    const { status, items } = await bench.report(['cost', 'archives', '--table', 'app.plain']);
    expect(status).toBe(1);
    expect(items.map(({ id, status: one, message }) => [id, one, message])).toEqual([
      ['archive', 'unknown', '10 GB in glacier; no price of the day it was exported, 2024-03-01'],
      ['archive', 'unknown', '1 B in an unknown destination; no price of the day it was exported, 2024-04-01'],
      ['no-price', 'unknown', 'dbctl.yaml has no price of destination glacier: the cost is not known'],
      ['no-price', 'unknown', '1 archive of app.plain was recorded without the name of a destination'],
    ]);
    expect(items[0]).toMatchObject({
      hotCost: null,
      saving: null,
      breakEvenDays: null,
      restoreCost: null,
      savedSoFar: null,
      saves: 'unknown',
      pays: 'unknown',
    });
    const { items: tables } = await bench.report(['cost', 'storage']);
    expect(tables.find(({ object }) => object === 'app.plain')).toMatchObject({
      coldCost: null,
      coldBytes: 10 * GIB + 1,
      costInAYear: null,
    });
  });

  it('one that was exported before the first price is unknown, too', async () => {
    configure(PRICES.replaceAll('2020', '2025'));
    const { status, items } = await bench.report(['cost', 'archives', '--table', 'app.events']);
    expect([status, items.length]).toEqual([1, 2]);
    expect(items[0]).toMatchObject({
      status: 'unknown',
      message: '10 GB in cold; no price of the day it was exported, 2024-01-01',
      restoreCost: '0.900000',
    });
  });

  it('one that costs more than the partition did is an alarm', async () => {
    configure(PRICES.replace('gib_month: "0.02"', 'gib_month: "4"'));
    const { status, items } = await bench.report(['cost', 'archives', '--table', 'app.events']);
    expect(status).toBe(1);
    expect(items[0]).toMatchObject({
      id: 'dearer',
      status: 'fail',
      message: 'the archive costs more than the partition did: 40.00 a month instead of 30.00',
      breakEvenDays: null,
      pays: 'never',
    });
  });
});

describe('in every format', () => {
  const FORMATS = ['human', 'json', 'ndjson', 'markdown', 'junit', 'sarif', 'github', 'tap', 'prometheus'];

  it.each(['storage', 'archives'])('cost %s', async (name) => {
    for (const format of FORMATS) {
      const { status, stdout } = await bench.dbctl(['cost', name, '--format', format]);
      expect([status, stdout.length > 0], format).toEqual([1, true]);
      if (['human', 'json', 'ndjson', 'markdown', 'prometheus', 'tap'].includes(format))
        expect(stdout, format).toContain('app.events');
      else expect(stdout, format).toContain('cost.cold');
    }
  });

  it('the text exposition format has a family once, finite numbers, and names by its conventions', async () => {
    for (const name of ['storage', 'archives']) {
      const { stdout } = await bench.dbctl(['cost', name, '--format', 'prometheus']);
      const families = [...stdout.matchAll(/^# TYPE (\S+) gauge$/gm)].map(([, family]) => family ?? '');
      expect(new Set(families).size).toBe(families.length);
      const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      for (const line of lines) expect(line).toMatch(/^[a-z_]+(?:\{(?:[a-z_]+="[^"]*",?)*\})? -?\d+(?:\.\d+)?(?:e[+-]\d+)?$/);
      const own = families.filter((family) => family.startsWith('dbctl_cost_'));
      expect(own.filter((family) => /_(?:total|count|sum|bucket|gauge|days|hours|gib|kb)$/.test(family))).toEqual([]);
      expect(own.length).toBeGreaterThan(2);
    }
  });
});

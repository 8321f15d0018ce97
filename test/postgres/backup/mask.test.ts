import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runProgram } from '../../../src/ops/process/program.ts';
import { requireProgram, type ToolPlaces } from '../../../src/ops/tools/find.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** Dumps for developers: what must not be in them is planted everywhere, and looked for. */
let server: TestServer;
let tools: ToolPlaces;
const project = mkdtempSync(join(tmpdir(), 'dbctl-mask-'));
const CANARY = 'canary-7f3a';

async function report(...args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
    cwd: project,
    env: { SOURCE_URL: server.url('shop'), PATH: process.env['PATH'] },
    timeoutMs: 60_000,
  });
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}

const RULES = [
  '{ column: app.customers.email, as: email }',
  '{ column: app.customers.name, as: hash }',
  '{ column: app.customers.phone, as: nothing }',
  '{ column: app.customers.ssn, as: number }',
  `{ column: app.customers.note, as: constant, value: "it's (masked" }`,
  '{ column: app.customers.extra, as: constant, value: "{}" }',
  '{ column: app.customers.country, as: keep }',
  '{ column: app.customers.token, as: hash }',
  '{ column: app.customers.age, as: nothing }',
  '{ column: app.orders.customer_email, as: email }',
  '{ column: app.events.who, as: hash }',
  '{ column: app.events_special.who, as: constant, value: special }',
  '{ column: "app.Odd.text", as: hash }',
  '{ column: "app.Odd.Straße 2", as: hash }',
  '{ column: app.ranges.alias, as: hash }',
  '{ column: app.ranges.who, as: nothing }',
  '{ column: app.refs.alias, as: hash }',
  '{ column: app.parts.who, as: keep }',
];
function configure(rules: readonly string[] = RULES, withoutRows = 'app.secrets'): void {
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: masked
environments: { dev: { url: { variable: SOURCE_URL } } }
backup:
  masking:
    without_rows: [${withoutRows}]
    columns:
${rules.map((rule) => `      - ${rule}\n`).join('')}`,
  );
}
const files = (folder: string) =>
  readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(project, folder, name)).isFile(),
  );
async function rowsOf(database: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url(database) });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  [server, tools] = await Promise.all([startServer({ settings: { log_statement: 'all' } }), clientTools()]);
  await onServer(server.url(), 'create database shop', `create role shopkeeper login password '${CANARY}-role'`);
  await onServer(
    server.url('shop'),
    'create schema app',
    `create type app.mood as enum ('sad', 'ok')`,
    `create table app.customers (id int generated always as identity primary key, email text unique, name varchar(40), phone text, ssn text unique,
       note text not null, extra jsonb, country char(2), token uuid, age int, mood app.mood, born date, shout text generated always as (upper(name)) stored)`,
    `insert into app.customers (email, name, phone, ssn, note, extra, country, token, age, mood, born)
     select 'c' || n || '@${CANARY}.example', 'Ann ${CANARY} ' || n, '+1 ${CANARY}', '${CANARY}-' || n, E'line\\n${CANARY}', jsonb_build_object('x', '${CANARY}'),
       'DE', md5('${CANARY}' || n)::uuid, 40, 'ok', '1980-01-01' from generate_series(1, 50) n`,
    "insert into app.customers (note) values ('all null')",
    'create table app.orders (id int primary key, customer_email text references app.customers (email), total numeric)',
    `insert into app.orders select n, 'c' || n || '@${CANARY}.example', n * 1.5 from generate_series(1, 20) n`,
    'create table app.events (at date, who text) partition by range (at)',
    `create table app.events_old partition of app.events for values from ('2020-01-01') to ('2026-01-01')`,
    `create table app.events_special partition of app.events for values from ('2026-01-01') to ('2027-01-01')`,
    `insert into app.events values ('2021-01-01', '${CANARY} a'), ('2026-01-01', '${CANARY} b')`,
    `create table app."Odd" ("text" text, "select" int, "Straße 2" text)`,
    `insert into app."Odd" values ('${CANARY}', 1, '${CANARY}')`,
    `create type app.spans as range (subtype = text)`,
    `create table app.ranges (id int unique, alias text unique, who app.spans)`,
    `insert into app.ranges values (1, '${CANARY}', app.spans('${CANARY}', null))`,
    `create table app.parts (who text) partition by list (who)`,
    `create table app.parts_kept partition of app.parts for values in ('known')`,
    `create table app.refs (alias varchar(40) references app.ranges (alias), id int references app.ranges (id))`,
    `insert into app.refs values ('${CANARY}', 1)`,
    'create table app.secrets (key text)',
    `insert into app.secrets values ('${CANARY}')`,
    'create materialized view app.names as select name from app.customers',
    "create function app.refuse() returns trigger language plpgsql as $$begin raise exception 'no'; end$$",
    'create trigger refuse before insert on app.orders for each row execute function app.refuse()',
    'create foreign data wrapper nothing',
    'create server elsewhere foreign data wrapper nothing',
    `create user mapping for postgres server elsewhere options (password '${CANARY}-mapping')`,
    `create subscription copies connection 'host=x password=${CANARY}' publication p with (connect = false, enabled = false, create_slot = false, slot_name = none)`,
    `select lo_from_bytea(0, convert_to('${CANARY}', 'UTF8'))`,
    'alter table app.customers owner to shopkeeper',
    'alter table app.orders enable row level security',
    'create policy own on app.orders to shopkeeper using (true)',
    'create policy everybody on app.orders using (total > 0)',
    `alter database shop set app.secret = '${CANARY}'`,
    'analyze',
  );
  configure();
}, 180_000);
afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

describe('backup mask', () => {
  it('says first what it would mask', async () => {
    const planned = await report('backup', 'mask', 'dump', '--dry-run');
    expect(planned).toMatchObject({ status: 0, summary: { tables: 8, empty: 1, masked: 16 } });
    expect(planned.items.find(({ object }) => object === 'app.customers')?.message).toBe(
      'email as email, name as hash, phone as nothing, ssn as number, note as constant, extra as constant, token as hash, age as nothing',
    );
    expect(readdirSync(project)).not.toContain('dump');
  });

  it('writes nothing of what is masked, no password, no statistics, no large object', async () => {
    expect(await report('backup', 'mask', 'dump')).toMatchObject({ status: 0 });
    const found = files('dump');
    expect(found.toSorted()).toEqual([
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `data/000${n}.copy`),
      'load.sql',
      'masked.json',
      'post-data.sql',
      'pre-data.sql',
    ]);
    for (const name of found) {
      const path = join(project, 'dump', name);
      const text = readFileSync(path, 'utf8');
      for (const word of [CANARY, CANARY.toUpperCase(), 'shopkeeper', 'statistics', 'PASSWORD', 'SUBSCRIPTION', 'USER MAPPING']) {
        expect(text.includes(word), `${word} in ${name}`).toBe(false);
      }
      expect(statSync(path).mode & 0o777, name).toBe(0o600);
    }
    expect(readdirSync(project).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('can be loaded: keys hold, triggers do not fire, sequences go on', async () => {
    await onServer(server.url(), 'create database developer');
    const psql = await requireProgram('psql', tools, 18);
    const { hostname, port, password } = new URL(server.url());
    writeFileSync(join(project, 'pass'), `*:*:*:*:${decodeURIComponent(password)}\n`, { mode: 0o600 });
    const ended = await runProgram({
      file: '/bin/sh',
      args: ['-c', `cd "$1" && exec "$2" -X -1 -q -f load.sql`, 'sh', join(project, 'dump'), psql.path],
      variables: {
        PGHOST: hostname,
        PGPORT: port,
        PGUSER: 'postgres',
        PGDATABASE: 'developer',
        PGPASSFILE: join(project, 'pass'),
      },
    });
    expect([ended.status, ended.stderr]).toEqual([0, '']);
    const [first] = await rowsOf('developer', 'select * from app.customers order by id limit 1');
    expect(first).toMatchObject({ phone: null, note: "it's (masked", extra: {}, country: 'DE', age: null, mood: 'ok' });
    expect(first?.['email']).toMatch(/^user-[0-9a-f]{20}@example\.org$/);
    expect(first?.['name']).toMatch(/^[0-9a-f]{32}$/);
    expect(first?.['shout']).toBe(String(first?.['name']).toUpperCase());
    expect(await rowsOf('developer', `select email, name, ssn from app.customers where id = 51`)).toEqual([
      { email: null, name: null, ssn: null },
    ]);
    expect(
      await rowsOf(
        'developer',
        'select count(*)::int as n, count(distinct ssn)::int as ssn from app.customers join app.orders on email = customer_email',
      ),
    ).toEqual([{ n: 20, ssn: 20 }]);
    expect(
      await rowsOf('developer', 'select who, count(*)::int as n from app.events where at > $$2025-01-01$$ group by who'),
    ).toEqual([{ who: 'special', n: 1 }]);
    expect(await rowsOf('developer', `insert into app.customers (note) values ('new') returning id`)).toEqual([{ id: 52 }]);
    expect(await rowsOf('developer', 'select count(*)::int as n from app.refs join app.ranges using (id, alias)')).toEqual([
      { n: 1 },
    ]);
    expect(await rowsOf('developer', `select polname from pg_policy`)).toEqual([{ polname: 'everybody' }]);
    expect(await rowsOf('developer', 'select count(*)::int as n from app.secrets')).toEqual([{ n: 0 }]);
    await expect(rowsOf('developer', `insert into app.orders values (99, null, 1)`)).rejects.toThrow('no');
  });

  it('hashes otherwise in each dump, so that two cannot be joined, nor names be tried', async () => {
    expect(await report('backup', 'mask', 'second')).toMatchObject({ status: 0 });
    const first = (folder: string) =>
      readFileSync(join(project, folder, 'data/0002.copy'), 'utf8')
        .split('\n')[0]
        ?.split('\t');
    expect(first('second')?.[0]).toBe(first('dump')?.[0]);
    expect(first('second')?.[1]).not.toBe(first('dump')?.[1]);
  });

  it('tells the salt to nobody, though the server writes every statement into its log', async () => {
    const [row] = await rowsOf('shop', `select email from app.customers where id = 1`);
    const masked = readFileSync(join(project, 'dump/data/0002.copy'), 'utf8').split('\n')[0]?.split('\t')[1] ?? '';
    const log = readFileSync(server.log, 'utf8');
    expect(log).toContain('masking_salt');
    const tried = [...new Set([...log.matchAll(/'([^']{16,200})'/g)].map(([, text = '']) => text))].flatMap((salt) => {
      const digest = createHash('sha256')
        .update(salt + String(row?.['email']))
        .digest('hex');
      return masked.startsWith(`user-${digest.slice(0, 12)}`) ? [salt] : [];
    });
    expect(tried).toEqual([]);
  });
});

describe('nothing is written', () => {
  const without = (column: string) => RULES.filter((rule) => !rule.includes(column));
  it.each<[string, () => void, RegExp]>([
    [
      'of a text column nobody decided about',
      () => configure(without('app.customers.email')),
      /: app\.customers\.email \(text\) is neither masked nor kept$/,
    ],
    [
      'of a json column',
      () => configure(without('app.customers.extra')),
      /: app\.customers\.extra \(jsonb\) is neither masked nor kept$/,
    ],
    [
      'of partitions nobody decided about',
      () => configure(RULES.filter((rule) => !rule.includes('app.events'))),
      /app\.events_old\.who \(text\) is neither masked nor kept; app\.events_special\.who/,
    ],
    ['of a table nobody decided about', () => configure(RULES, ''), /: app\.secrets\.key \(text\) is neither masked nor kept$/],
    [
      'with a rule for a column that is gone',
      () => configure([...RULES, '{ column: app.customers.fax, as: nothing }']),
      /: there is no column app\.customers\.fax$/,
    ],
    ['with a table that is gone', () => configure(RULES, 'app.secrets, app.gone'), /: there is no table app\.gone$/],
    [
      'where null is not allowed',
      () => configure([...without('customers.note'), '{ column: app.customers.note, as: nothing }']),
      /: app\.customers\.note may not be null, so it cannot be masked as nothing$/,
    ],
    [
      'where a number would be a hash',
      () => configure([...RULES, '{ column: app.orders.total, as: hash }']),
      /: app\.orders\.total is of type numeric, and a hash is text$/,
    ],
    [
      'of a range of texts nobody decided about',
      () => configure(without('app.ranges.who')),
      /: app\.ranges\.who \(app\.spans\) is neither masked nor kept$/,
    ],
    [
      'where a constant would have to be unique',
      () => configure([...without('app.ranges.alias'), '{ column: app.ranges.alias, as: constant, value: x }']),
      /: app\.ranges\.alias is unique, and a constant is not; app\.refs\.alias refers to/,
    ],
    [
      'where what refers would find nothing',
      () => configure([...without('app.refs.alias'), '{ column: app.refs.alias, as: email }']),
      /: app\.refs\.alias refers to app\.ranges\.alias, and email of the one is not hash of the other$/,
    ],
    [
      'where a number would refer to another row',
      () => configure([...RULES, '{ column: app.refs.id, as: number }', '{ column: app.ranges.id, as: number }']),
      /: app\.refs\.id refers to app\.ranges\.id, and number of the one is not number of the other$/,
    ],
    [
      'where what is referred to has no rows',
      () => configure(RULES, 'app.secrets, app.ranges'),
      /: app\.refs\.alias refers to app\.ranges\.alias, whose table comes without rows; app\.refs\.id refers to app\.ranges\.id, whose/,
    ],
    [
      'where a row would be in another partition',
      () => configure([...without('app.parts.who'), '{ column: app.parts.who, as: hash }']),
      /: app\.parts_kept\.who says into which partition a row goes: it can only be kept$/,
    ],
  ])('%s', async (_name, change, message) => {
    change();
    const refused = await report('backup', 'mask', 'refused');
    configure();
    expect(refused).toMatchObject({ status: 5, error: { code: 'refused' } });
    expect(refused.error?.message).toMatch(message);
    expect(readdirSync(project).filter((name) => name.includes('refused'))).toEqual([]);
  });

  it('where something is', async () => {
    mkdirSync(join(project, 'full'));
    writeFileSync(join(project, 'full', 'mine'), '');
    expect((await report('backup', 'mask', 'full')).error?.message).toMatch(/full is not empty$/);
    expect(readdirSync(join(project, 'full'))).toEqual(['mine']);
  });

  it('when the server refuses a value half-way, and the value is not told', async () => {
    configure([
      ...RULES.filter((rule) => !rule.includes('customers.extra')),
      '{ column: app.customers.extra, as: constant, value: "no json" }',
    ]);
    const failed = await report('backup', 'mask', 'half');
    configure();
    expect(failed).toMatchObject({
      status: 4,
      error: { code: 'backup.failed', message: 'psql: invalid input syntax for type json' },
    });
    expect(JSON.stringify(failed)).not.toContain(CANARY);
    expect(readdirSync(project).filter((name) => name.includes('half'))).toEqual([]);
  });
});

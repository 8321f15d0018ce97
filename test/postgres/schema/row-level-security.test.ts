import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CASES, type Case } from './row-level-cases.ts';
import { columnOf, refusal, rolledBack, rowsOf, useSchemaDatabase, valueOf } from './support.ts';

const LIN = '01900000-0000-7000-8000-00000000000a';
const MAX = '01900000-0000-7000-8000-00000000000b';
const role = `rls_${process.pid}_${randomBytes(4).toString('hex')}`;

const database = useSchemaDatabase();
/** A connection of a plain role with every right on the tables but no exemption. */
let app: pg.Client;

const TABLES = CASES.map(({ table }) => table);

beforeAll(async () => {
  const { client } = database;
  app = new pg.Client({ connectionString: database.url, statement_timeout: 20_000 });
  await app.connect();
  await client.query(`create role ${role} nosuperuser nobypassrls`);
  await client.query(`
    insert into content.labs (id, slug, title, difficulty, estimated_minutes) values (md5('lab')::uuid, 'lab', 'Lab', 'BEGINNER', 30);
    insert into content.lab_versions (id, lab_id, version_number, estimated_minutes, config) values (md5('version')::uuid, md5('lab')::uuid, 1, 30, '{}');
    grant usage on schema identity, execution, billing, content to ${role};
    grant select on execution.compute_rates to ${role};
    grant select, insert, update, delete on ${TABLES.join(', ')} to ${role};`);
  for (const user of [LIN, MAX]) {
    for (const { table, insert } of CASES) {
      await client.query(`insert into ${table} ${insert}`, [user]);
      if (table === 'execution.lab_sessions')
        await client.query(`update ${table} set id = md5($1::uuid || 'session')::uuid where user_id = $1`, [user]);
    }
  }
  await app.query(`set session authorization ${role}`);
});

afterAll(async () => {
  await app.end();
  await database.client.query(`drop owned by ${role}; drop role ${role}`);
});

type Setting = readonly [name: 'app.user_id' | 'app.access', value: string];

/** One transaction of the app, with settings made for it alone, rolled back. */
const asApp = <T>(settings: readonly Setting[], use: () => Promise<T>): Promise<T> =>
  rolledBack(app, async () => {
    for (const [name, value] of settings) await app.query('select set_config($1, $2, true)', [name, value]);
    return use();
  });

const owners = ({ table, owner }: Case) => columnOf<string>(app, `select ${owner} from ${table} order by 1`);
const changed = async (sql: string, values: readonly unknown[] = []) => (await app.query(sql, [...values])).rowCount;
const lin = [['app.user_id', LIN]] as const;

describe('row-level security', () => {
  it('is on, and forced, on exactly the eight tables with one owner a row, with a policy for every command', async () => {
    const rows = await rowsOf(
      database.client,
      `select c.oid::regclass::text as name, c.relforcerowsecurity as forced,
              (select string_agg(p.polcmd::text, '' order by p.polcmd) from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polpermissive) as commands
       from pg_catalog.pg_class c where c.relrowsecurity order by 1`,
    );
    expect(rows).toEqual([...TABLES].sort().map((name) => ({ name, forced: true, commands: 'adrw' })));
  });

  it.each(CASES)('without a setting shows nothing and takes nothing: $table', async (item) => {
    const all = await columnOf(database.client, `select ${item.owner} from ${item.table} order by 1`);
    expect(all).toEqual([LIN, MAX]);
    await asApp([], async () => {
      expect(await owners(item)).toEqual([]);
      expect(await changed(`update ${item.table} set created_at = now()`)).toBe(0);
      expect(await changed(`delete from ${item.table}`)).toBe(0);
      expect(await refusal(app, `insert into ${item.table} ${item.insert}`, [LIN])).toBe('42501');
    });
  });

  it.each(CASES)('shows a user his own rows, to change where he may: $table', async (item) => {
    await asApp(lin, async () => {
      expect(await owners(item)).toEqual([LIN]);
      expect(await refusal(app, `insert into ${item.table} ${item.insert}`, [LIN])).toBe(item.may.insert ? 'done' : '42501');
      expect(await changed(`update ${item.table} set created_at = now()`)).toBe(item.may.update ? 1 : 0);
      expect(await changed(`delete from ${item.table}`)).toBe(item.may.delete ? 1 : 0);
    });
  });

  it.each(CASES)('keeps a user from the rows of others: $table', async (item) => {
    await asApp(lin, async () => {
      const theirs = `${item.owner} = $1`;
      expect(await columnOf(app, `select 1 from ${item.table} where ${theirs}`, [MAX])).toEqual([]);
      expect(await changed(`update ${item.table} set created_at = now() where ${theirs}`, [MAX])).toBe(0);
      expect(await changed(`delete from ${item.table} where ${theirs}`, [MAX])).toBe(0);
      expect(await refusal(app, `insert into ${item.table} ${item.insert}`, [MAX])).toBe('42501');
    });
  });

  it.each(CASES.filter(({ may }) => may.update))('lets nobody give a row away: $table', async (item) => {
    await asApp(lin, async () => {
      expect(await refusal(app, `update ${item.table} set ${item.give}`, [MAX])).toBe('42501');
      expect(await refusal(app, `update ${item.table} set ${item.give}`, [LIN])).toBe('done');
    });
  });

  it.each(CASES)('lets the service at everything: $table', async (item) => {
    await asApp([['app.access', 'service']], async () => {
      expect(await owners(item)).toEqual([LIN, MAX]);
      expect(await changed(`update ${item.table} set created_at = now()`)).toBe(2);
      const isUsers = item.table === 'identity.users';
      const someone = isUsers ? randomUUID() : MAX;
      expect(await changed(`insert into ${item.table} ${item.insert}`, [someone])).toBe(1);
      expect(await changed(`delete from ${item.table} where ${item.owner} = $1`, [someone])).toBe(isUsers ? 1 : 2);
    });
  });

  it.each(CASES)('holds the owner of the table too: $table', async ({ table }) => {
    const seen = await rolledBack(database.client, async () => {
      await database.client.query(`alter table ${table} owner to ${role}; set local role ${role}`);
      return valueOf<string>(database.client, `select count(*) from ${table}`);
    });
    expect(seen).toBe('0');
  });
});

describe('the settings', () => {
  it('are gone after the transaction, and the empty string they leave behind shows nothing', async () => {
    await app.query('begin');
    await app.query(`set local app.user_id = '${LIN}'`);
    await app.query(`set local app.access = 'service'`);
    expect(await columnOf(app, 'select id from identity.users order by 1')).toEqual([LIN, MAX]);
    await app.query('commit');
    const left = await rowsOf(
      app,
      `select current_setting('app.user_id', true) as user_id, current_setting('app.access', true) as access`,
    );
    expect(left).toEqual([{ user_id: '', access: '' }]);
    for (const item of CASES) expect(await owners(item)).toEqual([]);
  });

  it.each([
    ['Service', '0'],
    ['admin', '0'],
    ['', '0'],
    ['service', '2'],
  ])('open everything with app.access = service only, not with "%s"', async (value, expected) => {
    expect(await asApp([['app.access', value]], () => valueOf(app, 'select count(*) from identity.users'))).toBe(expected);
  });

  it('fail closed when the user is no uuid', async () => {
    const end = await asApp([['app.user_id', "x' or true --"]], () => refusal(app, 'select id from identity.users'));
    expect(end).toBe('22P02');
  });
});

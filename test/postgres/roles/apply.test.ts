import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { targetOf } from '../../support/connection.ts';
import { startShop, ROLES_YAML, type Shop } from './support/drift.ts';
import { rolesProject } from './support/project.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.server.stop());

const NOTHING = { gives: [], takes: [], left: [] };

async function withClient<T>(use: (client: pg.Client) => Promise<T>, user?: string): Promise<T> {
  const url = new URL(shop.server.url('shop'));
  if (user !== undefined) [url.username, url.password] = [user, 'secret'];
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The others meet `tuple concurrently updated` as well as dbctl does, and so does whoever injects something here. */
async function insisting(act: () => Promise<void>): Promise<void> {
  for (let left = 100; ; left -= 1) {
    try {
      return await act();
    } catch (thrown) {
      if (left === 1 || (thrown as Error).message !== 'tuple concurrently updated') throw thrown;
    }
  }
}

async function failure(act: () => Promise<unknown>): Promise<DbctlError> {
  try {
    await act();
  } catch (thrown) {
    if (thrown instanceof DbctlError) return thrown;
    throw thrown;
  }
  throw new Error('it did not fail');
}

const MESS = [
  'grant all on app.orders, app.secrets to public, shop_read',
  'alter role shop_web_1 reset all',
  'revoke shop_web from shop_web_2',
  'alter table app.parted owner to stranger',
];

describe('roles apply, with others at work', () => {
  test('eight runs at once: one does it, and the others find it done', async () => {
    await shop.run(MESS);
    const agreed = await shop.project.plan();
    const ends = await Promise.all(Array.from({ length: 8 }, () => shop.project.applyAgreed(agreed)));
    expect(ends.toSorted()).toEqual(['already', 'already', 'already', 'already', 'already', 'already', 'already', 'applied']);
    expect(await shop.project.plan()).toEqual(NOTHING);
  });

  test('somebody grants on the same tables all the time: it is tried again until it gets through', async () => {
    const stop = new AbortController();
    let grants = 0;
    const others = withClient(async (client) => {
      for (; !stop.signal.aborted; grants += 1) {
        // To a role the file leaves alone: the ACL changes, and the plan does not.
        await client
          .query(`${grants % 2 === 0 ? 'grant' : 'revoke'} select on app.orders ${grants % 2 === 0 ? 'to' : 'from'} postgres`)
          .catch(() => {});
      }
      await client.query('revoke select on app.orders from postgres');
    });
    try {
      for (let round = 0; round < 5; round += 1) {
        await insisting(() => shop.run(['alter role shop_web_1 reset all', 'grant truncate on app.orders to shop_read']));
        await shop.project.apply();
      }
    } finally {
      stop.abort();
      await others;
    }
    expect(grants).toBeGreaterThan(100);
    expect(await shop.project.plan()).toEqual(NOTHING);
  });

  test('a GRANT that is committed while it waits ends in `tuple concurrently updated`, and it tries again', async () => {
    await shop.run(['revoke delete on app.orders from shop_web']);
    await withClient(async (client) => {
      await client.query('begin; grant insert on app.orders to postgres');
      const applied = shop.project.apply();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await client.query('commit');
      expect(await applied).toBe('applied');
    });
    await shop.run(['revoke insert on app.orders from postgres']);
    expect(await shop.project.plan()).toEqual(NOTHING);
  });

  test('a GRANT that stays open for three seconds is waited for', async () => {
    await shop.run(['revoke delete on app.orders from shop_web']);
    await withClient(async (client) => {
      await client.query('begin; grant insert on app.orders to postgres');
      const applied = shop.project.apply();
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await client.query('rollback');
      expect(await applied).toBe('applied');
    });
    expect(await shop.project.plan()).toEqual(NOTHING);
  });

  test('what is no longer as the plan was made for is refused', async () => {
    await shop.run(['revoke delete on app.orders from shop_web']);
    const agreed = await shop.project.plan();
    await shop.run(['revoke update on app.orders from shop_web']);
    const { code, message, hint } = await failure(() => shop.project.applyAgreed(agreed));
    expect({ code, message, hint }).toEqual({
      code: 'refused',
      message: 'roles or rights changed since the plan was made',
      hint: 'Look at the new plan: dbctl roles plan. Nothing was changed.',
    });
    expect((await shop.project.plan()).gives).toHaveLength(1);
    await shop.project.apply();
  });

  test('a connection that is ended in the midst leaves nothing done, and the next run does all of it', async () => {
    await shop.run(MESS);
    const agreed = await shop.project.plan();
    expect(agreed.gives.length + agreed.takes.length).toBeGreaterThan(5);
    await withClient(async (blocker) => {
      // In the way of the last step: all others have run when it waits.
      await blocker.query('begin; lock table app.secrets in access exclusive mode');
      const ended = failure(() => shop.project.applyAgreed(agreed));
      await new Promise((resolve) => setTimeout(resolve, 800));
      await shop.run([
        `select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where application_name = 'dbctl'`,
      ]);
      expect((await ended).code).toBe('db.unreachable');
      await blocker.query('rollback');
    });
    expect(await shop.project.plan()).toEqual(agreed);
    expect(await shop.project.apply()).toBe('applied');
    expect(await shop.project.plan()).toEqual(NOTHING);
  });
});

describe('roles apply by a role that is not superuser', () => {
  const target = () => targetOf(`postgresql://keeper:secret@127.0.0.1:${shop.server.port}/shop`, 'shop');
  const file = ROLES_YAML.replace('schemas: [app, ops]', 'schemas: [app, ops]\nadministrators: [keeper]');
  const keeper = () => rolesProject(target(), file);

  test.each([
    {
      name: 'CREATEROLE is missing',
      rights: [],
      drift: ['drop owned by shop_web_2', 'drop role shop_web_2'],
      message:
        'keeper may not do this step: create the role shop_web_2: the web application of the shop: permission denied to create role',
      hint: 'It takes CREATEROLE, and each attribute the new role is to have: alter role "keeper" createrole.',
    },
    {
      name: 'ADMIN on a role is missing',
      rights: ['alter role keeper createrole'],
      drift: ['alter role shop_read connection limit 9'],
      message: 'keeper may not do this step: connections of shop_read: 3: permission denied to alter role',
      hint: 'It takes CREATEROLE and ADMIN on the role: grant "shop_read" to "keeper" with admin true.',
    },
    {
      name: 'ADMIN on a group is missing',
      rights: ['alter role keeper createrole'],
      drift: ['revoke shop_web from shop_web_2'],
      message: 'becomes a member of shop_web (inherit true, set false, admin false): permission denied to grant role "shop_web"',
      hint: 'It takes ADMIN on the role of the membership: grant "shop_web" to "keeper" with admin true.',
    },
    {
      name: 'a superuser granted what is to go',
      rights: ['alter role keeper createrole', 'grant shop_web to keeper with admin true'],
      drift: ['grant shop_web to stranger'],
      message: 'permission denied to revoke privileges granted by role "postgres"',
      hint: 'What another role granted is for that role, or for a superuser, to take back.',
    },
    {
      name: 'a parameter of superusers',
      rights: ['alter role keeper createrole', 'grant shop_read to keeper with admin true'],
      drift: [`alter role shop_read set log_statement to 'all'`],
      message: 'permission denied to set parameter "log_statement"',
      hint: 'It is a parameter of superusers, and for superusers alone. Or let a superuser run it',
    },
    {
      name: 'the rights of the owner are missing',
      rights: [],
      drift: ['revoke delete on app.orders from shop_web'],
      message: 'shop_web gets delete on table app.orders (roles.yaml:18): permission denied for',
      hint: 'It takes the rights of the owner: grant … to "keeper" with inherit true.',
    },
    {
      name: 'the owner is set, and not inherited',
      rights: ['grant shop_owner to keeper with inherit false, set true'],
      drift: ['alter default privileges for role shop_owner in schema ops revoke select on tables from shop_web'],
      message: 'permission denied to change default privileges',
      hint: 'It takes the rights of the owner: grant … to "keeper" with inherit true.',
    },
    {
      name: 'the server does nothing, and says so in a warning alone',
      rights: ['grant select on app.orders to keeper with grant option', 'grant usage on schema app to keeper'],
      drift: ['revoke delete on app.orders from shop_web'],
      message: 'shop_web gets delete on table app.orders (roles.yaml:18): the server did nothing, and said so in a warning alone',
      hint: 'It takes the rights of the owner',
    },
  ])('$name', async ({ rights, drift, message, hint }) => {
    await shop.run([
      `create role keeper login password 'secret'`,
      'grant connect on database shop to keeper',
      ...rights,
      ...drift,
    ]);
    try {
      const error = await failure(() => keeper().apply());
      expect(error.code).toBe('db.denied');
      expect(error.message).toContain(message);
      expect(error.hint).toContain(hint);
      expect(error.hint).toContain('Or let a superuser run it: dbctl roles plan --sql. Nothing was changed.');
    } finally {
      await shop.run(['drop owned by keeper cascade', 'drop role keeper']);
      await shop.project.apply();
    }
    expect(await shop.project.plan()).toEqual(NOTHING);
  });

  test('with CREATEROLE, ADMIN on the roles and the owner with INHERIT it does all that a superuser does', async () => {
    await shop.run([
      `create role keeper login createrole password 'secret'`,
      'grant shop_owner, shop_web, shop_web_1, shop_web_2, shop_read, shop_deploy to keeper with admin true, inherit false, set false',
      'grant shop_owner to keeper with inherit true, set true, admin true',
      ...MESS.filter((sql) => !sql.includes('stranger')),
      'revoke connect on database shop from shop_read',
      'alter default privileges for role shop_owner in schema ops revoke select on tables from shop_web',
      'alter table app.orders disable row level security',
      'alter role shop_read connection limit 9',
      'grant update on app.orders to shop_read with grant option',
      'set role shop_read; grant update on app.orders to stranger; reset role',
      'drop owned by shop_web_2; drop role shop_web_2',
      'grant connect on database shop to keeper',
    ]);
    // The row of the bootstrap superuser is not the keeper's to take back.
    expect(await keeper().apply()).toBe('applied');
    expect(await keeper().plan()).toEqual(NOTHING);
    expect((await keeper().audit()).map(({ message }) => message)).toEqual([]);
  });
});

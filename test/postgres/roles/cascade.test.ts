import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { revocable } from '../../../src/ops/roles/plan/cascade.ts';
import { parseAcl, type AclEntry } from '../../../src/ops/roles/rights/acl.ts';
import { maskOf, privilegesOf, type Privilege } from '../../../src/ops/roles/rights/privilege.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { randomNumbers } from './support/random-database.ts';

const ROLES = ['boss', 'a', 'b', 'c', 'd', 'e'];
const PRIVILEGES: readonly Privilege[] = ['SELECT', 'INSERT', 'UPDATE'];

let server: TestServer;
let client: pg.Client;
beforeAll(async () => {
  server = await startServer();
  client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  for (const role of ROLES) await client.query(`create role ${role}`);
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

const idOf = (name: string): number | undefined => (ROLES.includes(name) ? ROLES.indexOf(name) + 1 : undefined);

async function acl(): Promise<AclEntry[]> {
  const { rows } = await client.query<{ acl: string }>(
    `select relacl::text as acl from pg_catalog.pg_class where relname = 'orders'`,
  );
  return parseAcl(rows[0]?.acl ?? '{}', idOf);
}

/** Each privilege that somebody has of somebody, one by one. */
const single = (entries: readonly { grantee: number; grantor: number; privileges: number }[]): string[] =>
  entries.flatMap(({ grantee, grantor, privileges }) =>
    privilegesOf(privileges).map((privilege) => `${ROLES[grantee - 1]} has ${privilege} of ${ROLES[grantor - 1]}`),
  );

test.each(Array.from({ length: 60 }, (_, index) => index + 1))(
  'CASCADE takes what is said of it: grants by chance, %i',
  async (seed) => {
    const below = randomNumbers(seed);
    const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
    await client.query('drop table if exists orders; create table orders (a int); alter table orders owner to boss');
    await client.query('grant select, insert, update on orders to a, b with grant option');
    for (let grants = 0; grants < 25; grants += 1) {
      const option = below(3) === 0 ? '' : ' with grant option';
      // Some are refused: a grant option never comes back to whom it is from.
      await client.query(`set role ${one(ROLES)}`);
      await client.query(`grant ${one(PRIVILEGES)} on orders to ${one(ROLES.slice(1))}${option}`).catch(() => {});
      await client.query('reset role');
    }
    // Of any entry, by whoever granted it.
    const before = await acl();
    const { grantee, grantor, privileges } = one(before.filter((entry) => entry.grantee !== 1));
    const privilege = one(privilegesOf(privileges));
    const option = below(2) === 0;
    const taken = revocable(before, 1).take({ grantee, grantor, mask: maskOf(privilege), option });

    await client.query(`set role ${ROLES[grantor - 1]}`);
    await client.query(`revoke ${option ? 'grant option for ' : ''}${privilege} on orders from ${ROLES[grantee - 1]} cascade`);
    await client.query('reset role');
    const after = new Set(single(await acl()));
    const lost = single(before).filter((each) => !after.has(each));
    const named = option ? [] : single([{ grantee, grantor, privileges: maskOf(privilege) }]);
    const computed = single(taken.map((each) => ({ ...each, privileges: each.mask })));
    expect([...new Set([...named, ...computed])].toSorted()).toEqual(lost.toSorted());
  },
);

import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import type { Finding } from '../../../src/ops/verify/outcome.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { runInTransaction } from '../../../src/ops/verify/run.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { randomFrom } from './random.ts';
import { POLICY, sessionOver, withClient } from './support.ts';

/** The checks of privileges against the server's own answers, for rights that nobody thought of. */
const builtIn = await loadChecks([builtInFolder()]);

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const SEED = Number(process.env['DBCTL_TEST_SEED'] ?? 20261122);

const random = randomFrom(SEED);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const some = <T>(list: readonly T[]): T[] => list.filter(() => random() < 0.4);

async function found(client: pg.Client, id: string): Promise<readonly Finding[]> {
  const checks = builtIn.filter((check) => check.id === id);
  const inputs = { policy: { ...POLICY, publicGrants: [] }, advisories, clock: () => new Date() };
  const { outcomes } = await runInTransaction(await sessionOver(client), checks, inputs);
  const [outcome] = outcomes;
  if (outcome?.kind === 'found') return outcome.findings;
  expect(outcome?.kind, JSON.stringify(outcome)).toBe('pass');
  return [];
}

/** In a transaction that is rolled back. */
const trying = (use: (client: pg.Client) => Promise<void>): Promise<void> =>
  withClient(database.url, async (client) => {
    await client.query('begin');
    try {
      await use(client);
    } finally {
      await client.query('rollback');
    }
  });

const answers = async (client: pg.Client, query: string): Promise<string[]> =>
  (await client.query<{ name: string }>(query)).rows.map(({ name }) => name);

describe('what PUBLIC may', () => {
  const TABLE = ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain'];
  const COLUMN = ['select', 'insert', 'update', 'references'];

  it('is told as the server answers, for random grants', async () => {
    await trying(async (client) => {
      await client.query('create role acl_a; create role acl_b; create schema acl;');
      const acts: string[] = [];
      for (let number = 0; number < 120; number += 1) {
        const [table, sequence, routine] = [`acl."t ${number}"`, `acl.s${number}`, `acl.f${number}(int)`];
        acts.push(
          `create table ${table} (one int, "t wo" int)`,
          `create sequence ${sequence}`,
          `create function ${routine} returns int language sql return 1`,
        );
        for (let act = 0; act < 4; act += 1) {
          const who = pick(['public', 'public', 'acl_a', 'acl_b', 'acl_a, public']);
          const [verb, to] = pick([
            ['grant', 'to'],
            ['grant', 'to'],
            ['revoke', 'from'],
          ]);
          const columns = some(COLUMN).map((privilege) => `${privilege} (${pick(['one', '"t wo"', 'one, "t wo"'])})`);
          for (const [privileges, on] of [
            [some(TABLE), `table ${table}`],
            [columns, `table ${table}`],
            [some(['usage', 'select', 'update']), `sequence ${sequence}`],
            [some(['execute']), `function ${routine}`],
          ] as const)
            if (privileges.length > 0 && random() < 0.5) acts.push(`${verb} ${privileges.join(', ')} on ${on} ${to} ${who}`);
        }
      }
      await client.query(acts.join(';\n'));

      const findings = await found(client, 'priv-public-objects');
      const objects = await answers(
        client,
        `select pg_catalog.format('%s acl.%I', case relkind when 'S' then 'sequence' else 'table' end, relname) as name
           from pg_catalog.pg_class c
          where relnamespace = 'acl'::regnamespace
            and case relkind
                  when 'S' then pg_catalog.has_sequence_privilege('public', c.oid, 'usage, select, update')
                  when 'r' then pg_catalog.has_table_privilege('public', c.oid, '${TABLE.join(', ')}')
                             or pg_catalog.has_any_column_privilege('public', c.oid, '${COLUMN.join(', ')}') end
          order by 1`,
      );
      expect(objects.length).toBeGreaterThan(100);
      const own = findings.map(({ object }) => object).filter((object) => object.includes(' acl.'));
      expect(own.toSorted(), `seed ${SEED}`).toEqual(objects.toSorted());

      const routines = await answers(
        client,
        `select 'acl.' || proname as name from pg_catalog.pg_proc p
          where pronamespace = 'acl'::regnamespace and pg_catalog.has_function_privilege('public', p.oid, 'execute')`,
      );
      const told = findings.find(({ object }) => object === 'routines of schema acl')?.data['statement'] as string;
      expect([...told.matchAll(/acl\.\w+/g)].map(([name]) => name).toSorted(), `seed ${SEED}`).toEqual(routines.toSorted());

      // And it is exactly what has to be revoked.
      for (const { data } of findings) await client.query(data['statement'] as string);
      expect(await found(client, 'priv-public-objects')).toEqual([]);
    });
  });
});

describe('who reaches a role', () => {
  const ROLES = Array.from({ length: 9 }, (_, number) => `reach_${number}`);
  const TARGETS = ['pg_execute_server_program', 'pg_read_server_files'];

  it.each(Array.from({ length: 12 }, (_, round) => round))(
    'is told as the server answers, for random memberships %i',
    async () => {
      await trying(async (client) => {
        for (const role of ROLES) await client.query(`create role ${role} ${pick(['login', 'login', 'nologin'])}`);
        await client.query(`create role boss superuser`);
        for (const [index, member] of ROLES.entries())
          for (const group of [...ROLES.slice(index + 1), ...TARGETS, 'boss'])
            if (random() < 0.22)
              await client.query(
                `grant ${group} to ${member} with inherit ${random() < 0.4}, set ${random() < 0.4}, admin ${random() < 0.2}`,
              );
        const server = await serversAnswers(client, [...ROLES, ...TARGETS, 'boss']);
        const logins = await answers(
          client,
          `select rolname as name from pg_catalog.pg_roles where rolname ~ '^reach_' and rolcanlogin`,
        );
        const expected = TARGETS.flatMap((target) =>
          logins.filter((login) => server.has(login, target)).map((login) => `${login} in ${target}`),
        );
        const told = (await found(client, 'priv-server-roles')).map(({ object }) => object);
        expect(told.toSorted(), `seed ${SEED}`).toEqual(expected.toSorted());
        const superusers = (await found(client, 'priv-superusers')).map(({ object }) => object);
        expect(superusers.filter((name) => name.startsWith('reach_')).toSorted(), `seed ${SEED}`).toEqual(
          logins.filter((login) => server.becomes(login).has('boss')).toSorted(),
        );
      });
    },
  );
});

/**
 * Whether a role grants itself another one, by doing it. pg_has_role() with ADMIN OPTION says yes too often: also for an option held by a
 * role whose rights are not inherited, where GRANT then finds no possible grantor.
 */
const GRANTS_ITSELF = /* sql */ `
create function pg_temp.grants_itself(who name, what name) returns boolean language plpgsql as $$
begin
  execute pg_catalog.format('set local role %I', who);
  begin
    execute pg_catalog.format('grant %I to %I', what, who);
    raise exception using errcode = 'ZZ001';
  exception
    when sqlstate 'ZZ001' then execute 'set local role none'; return true;
    when insufficient_privilege or internal_error then execute 'set local role none'; return false;
  end;
end $$`;

/** pg_has_role() for each pair, put together: SET ROLE leads on, and so does a grant to oneself. */
async function serversAnswers(client: pg.Client, names: readonly string[]) {
  await client.query(GRANTS_ITSELF);
  const { rows } = await client.query<{ a: string; b: string; uses: boolean; sets: boolean; admin: boolean }>(
    `select a.rolname as a, b.rolname as b, pg_catalog.pg_has_role(a.oid, b.oid, 'usage') as uses,
            pg_catalog.pg_has_role(a.oid, b.oid, 'set') as sets,
            pg_catalog.pg_has_role(a.oid, b.oid, 'member with admin option') and pg_temp.grants_itself(a.rolname, b.rolname) as admin
       from pg_catalog.pg_roles a cross join pg_catalog.pg_roles b
      where a.rolname = any ($1) and b.rolname = any ($1) and not a.rolsuper`,
    [names],
  );
  const becomes = (login: string): ReadonlySet<string> => {
    const all = new Set([login]);
    for (const one of all) for (const row of rows) if (row.a === one && (row.sets || row.admin)) all.add(row.b);
    return all;
  };
  return {
    becomes,
    has: (login: string, target: string) => rows.some(({ a, b, uses }) => b === target && uses && becomes(login).has(a)),
  };
}

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { graphOf } from '../../../src/ops/roles/catalog/graph.ts';
import type { RoleCatalog, SecuredObject } from '../../../src/ops/roles/catalog/model.ts';
import { readRoleCatalog } from '../../../src/ops/roles/catalog/read.ts';
import { effectiveRights } from '../../../src/ops/roles/rights/effective.ts';
import { allRights, type ObjectKind } from '../../../src/ops/roles/rights/kinds.ts';
import { privilegesOf } from '../../../src/ops/roles/rights/privilege.ts';
import { reach } from '../../../src/ops/roles/rights/reach.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { fill } from './support/fill.ts';

/** The server's own answer about one object of each kind; a column is asked with its table's oid and its number. */
const ASK: Readonly<Partial<Record<ObjectKind, string>>> = {
  table: 'has_table_privilege',
  sequence: 'has_sequence_privilege',
  database: 'has_database_privilege',
  schema: 'has_schema_privilege',
  routine: 'has_function_privilege',
  type: 'has_type_privilege',
  language: 'has_language_privilege',
  'large object': 'has_largeobject_privilege',
  tablespace: 'has_tablespace_privilege',
  'foreign data wrapper': 'has_foreign_data_wrapper_privilege',
  'foreign server': 'has_server_privilege',
};

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);

describe('rights as worked out from the catalogs', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test.each(SEEDS)('are those the server answers, for every role, object and privilege: database %i', async (seed) => {
    const prefix = `r${seed}`;
    const done = await fill(server, seed, prefix);
    // Most statements are possible; else there would be little to compare.
    expect(done).toBeGreaterThan(100);
    const target = server.target(`${prefix}_db`);
    const { computed, answered } = await withSession(target, { access: 'read' }, async (session) => {
      const catalog = await readRoleCatalog(session);
      return {
        computed: computedRights(catalog),
        answered: await serverRights(catalog, (sql, values) => session.rows(sql, values)),
      };
    });
    expect(answered.length).toBeGreaterThan(1_000);
    expect(answered.filter((line) => line.endsWith(' true')).length).toBeGreaterThan(300);
    expect(computed).toEqual(answered);
  });

  test.each(SEEDS)('SET ROLE goes where the closure says: database %i', async (seed) => {
    const target = server.target(`r${seed}_db`);
    await withSession(target, { access: 'read' }, async (session) => {
      const catalog = await readRoleCatalog(session);
      const graph = graphOf(catalog);
      const roles = catalog.roles.filter(({ superuser }) => !superuser);
      for (const from of roles) {
        const { has, becomes } = reach(from.id, graph);
        const rows = await session.rows<{ id: number; uses: boolean; sets: boolean }>(
          `select r.oid as id, pg_catalog.pg_has_role($1::oid, r.oid, 'USAGE') as uses, pg_catalog.pg_has_role($1::oid, r.oid, 'SET') as sets
           from pg_catalog.pg_roles r`,
          [from.id],
        );
        for (const { id, uses, sets } of rows) {
          const name = `${from.name} -> ${catalog.roles.find((role) => role.id === id)?.name}`;
          expect(has.get(id)?.level === 'now', `${name} inherits`).toBe(uses);
          const level = becomes.get(id)?.level;
          expect(level === 'now' || level === 'after SET ROLE', `${name} sets`).toBe(sets);
        }
      }
    });
  });

  test.each(SEEDS)('a role can grant itself what the closure says and nothing else: database %i', async (seed) => {
    const database = `r${seed}_db`;
    const catalog = await withSession(server.target(database), { access: 'read' }, readRoleCatalog);
    const graph = graphOf(catalog);
    const client = new pg.Client({ connectionString: server.url(database) });
    await client.connect();
    const own = catalog.roles.filter(({ name, superuser }) => name.startsWith(`r${seed}_`) && !superuser);
    const levels = new Set<string>();
    for (const { id, name } of own) {
      const { has } = reach(id, graph);
      for (const { level } of has.values()) levels.add(level);
      const reached = [...has.keys()].map((each) => catalog.roles.find((role) => role.id === each)?.name ?? '').toSorted();
      const tried = await triedReach(client, name);
      // Whoever can become superuser can become everybody, which the closure leaves to the attribute.
      const superuser = catalog.roles.some((role) => role.superuser && tried.includes(role.name));
      if (!superuser) expect(reached, name).toEqual(tried);
    }
    await client.end();
    expect(own.length).toBeGreaterThan(4);
    expect([...levels].toSorted()).toEqual(['after SET ROLE', 'after granting itself', 'now']);
  });
});

/**
 * All that a role can come to have on this server, by trying: as every role it can set it grants itself every role there is, until nothing
 * new is granted. The transaction is rolled back.
 */
async function triedReach(client: pg.Client, role: string): Promise<string[]> {
  await client.query('begin');
  try {
    await client.query(`select pg_catalog.set_config('test.role', $1, true)`, [role]);
    await client.query(TRY_GRANTS);
    const { rows } = await client.query<{ name: string }>(
      `select distinct r.rolname as name from pg_catalog.pg_roles a, pg_catalog.pg_roles r
       where pg_catalog.pg_has_role($1::name, a.oid, 'SET') and pg_catalog.pg_has_role(a.oid, r.oid, 'USAGE')`,
      [role],
    );
    return rows.map(({ name }) => name).toSorted();
  } finally {
    await client.query('rollback');
  }
}

const TRY_GRANTS = `do $try$
  declare
    who name := pg_catalog.current_setting('test.role');
    acting name;
    target name;
    granted boolean := true;
  begin
    while granted loop
      granted := false;
      for acting in select rolname from pg_catalog.pg_roles where pg_catalog.pg_has_role(who, oid, 'SET') loop
        for target in select rolname from pg_catalog.pg_roles where not pg_catalog.pg_has_role(who, oid, 'SET') loop
          begin
            execute pg_catalog.format('set local role %I', acting);
            execute pg_catalog.format('grant %I to %I with inherit true, set true', target, who);
            granted := true;
          exception when others then null;
          end;
          reset role;
        end loop;
      end loop;
    end loop;
  end $try$`;

function rightsOf(catalog: RoleCatalog, kind: ObjectKind): string[] {
  return privilegesOf(allRights(kind, catalog.serverVersion));
}

function computedRights(catalog: RoleCatalog): string[] {
  const held = effectiveRights(catalog);
  return catalog.objects
    .flatMap((object) =>
      catalog.roles.flatMap(({ id, name }) => {
        const mask = held(id, object) | (object.kind === 'column' ? held(id, tableOf(catalog, object)) : 0);
        const has = new Set<string>(privilegesOf(mask));
        return rightsOf(catalog, object.kind).map((privilege) => line(name, object, privilege, has.has(privilege)));
      }),
    )
    .toSorted();
}

async function serverRights(
  catalog: RoleCatalog,
  ask: (sql: string, values: unknown[]) => Promise<{ role: string; id: number; right: string; has: boolean }[]>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const [kind, has] of Object.entries(ASK) as [ObjectKind, string][]) {
    const objects = catalog.objects.filter((object) => object.kind === kind);
    const answers = await ask(
      `select r.rolname as role, o.id, p.name as right, pg_catalog.${has}(r.oid, o.id, p.name) as has
       from pg_catalog.pg_roles r, pg_catalog.unnest($1::oid[]) as o (id), pg_catalog.unnest($2::text[]) as p (name)`,
      [objects.map(({ id }) => id), rightsOf(catalog, kind)],
    );
    const byId = new Map(objects.map((object) => [object.id, object]));
    lines.push(...answers.map(({ role, id, right, has: yes }) => line(role, byId.get(id) as SecuredObject, right, yes)));
  }
  for (const object of catalog.objects.filter(({ kind }) => kind === 'column' || kind === 'parameter')) {
    const answers = await ask(
      object.kind === 'column'
        ? `select r.rolname as role, $1::oid as id, p.name as right, pg_catalog.has_column_privilege(r.oid, $1::oid, $2::text, p.name) as has
           from pg_catalog.pg_roles r, pg_catalog.unnest($3::text[]) as p (name)`
        : `select r.rolname as role, $1::oid as id, p.name as right, pg_catalog.has_parameter_privilege(r.oid, $2::text, p.name) as has
           from pg_catalog.pg_roles r, pg_catalog.unnest($3::text[]) as p (name)`,
      [object.id, object.name, rightsOf(catalog, object.kind)],
    );
    lines.push(...answers.map(({ role, right, has: yes }) => line(role, object, right, yes)));
  }
  return lines.toSorted();
}

function tableOf(catalog: RoleCatalog, column: SecuredObject): SecuredObject {
  return catalog.objects.find(({ kind, id }) => kind === 'table' && id === column.id) as SecuredObject;
}

const line = (role: string, { kind, name, id }: SecuredObject, right: string, has: boolean): string =>
  `${role} ${right} ${kind} ${name} ${id} ${has}`;

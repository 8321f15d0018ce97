import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import type { RoleCatalog, SecuredObject } from '../../../src/ops/roles/catalog/model.ts';
import { readRoleCatalog } from '../../../src/ops/roles/catalog/read.ts';
import { waysOf } from '../../../src/ops/roles/explain/ways.ts';
import { allRights, type ObjectKind } from '../../../src/ops/roles/rights/kinds.ts';
import { maskOf, privilegesOf } from '../../../src/ops/roles/rights/privilege.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { fill } from './support/fill.ts';

const ASK: Readonly<Partial<Record<ObjectKind, string>>> = {
  table: 'has_table_privilege(x.oid, o.id, p.name)',
  sequence: 'has_sequence_privilege(x.oid, o.id, p.name)',
  database: 'has_database_privilege(x.oid, o.id, p.name)',
  schema: 'has_schema_privilege(x.oid, o.id, p.name)',
  routine: 'has_function_privilege(x.oid, o.id, p.name)',
  column: 'has_column_privilege(x.oid, o.id, o.name, p.name)',
};

describe('the level of an explanation', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test.each([1, 2, 3, 4, 5, 6])('is the one the server answers, now and after SET ROLE: database %i', async (seed) => {
    expect(await fill(server, seed, `r${seed}`)).toBeGreaterThan(100);
    await withSession(server.target(`r${seed}_db`), { access: 'read' }, async (session) => {
      const catalog = await readRoleCatalog(session);
      const explained = explainedLevels(catalog);
      const answered = await serverLevels(catalog, (sql, values) => session.rows(sql, values));
      expect(answered.length).toBeGreaterThan(1_000);
      for (const level of [' now', ' after SET ROLE', ' no'])
        expect(answered.filter((line) => line.endsWith(level)).length, level).toBeGreaterThan(5);
      expect(explained).toEqual(answered);
    });
  });
});

const asked = (catalog: RoleCatalog, kind: string): SecuredObject[] => catalog.objects.filter((object) => object.kind === kind);
const rightsOf = (kind: ObjectKind, catalog: RoleCatalog) => privilegesOf(allRights(kind, catalog.serverVersion));

function explainedLevels(catalog: RoleCatalog): string[] {
  return catalog.roles
    .flatMap((role) => {
      const ways = waysOf(role, catalog);
      return (Object.keys(ASK) as ObjectKind[]).flatMap((kind) =>
        asked(catalog, kind).flatMap((object) =>
          rightsOf(kind, catalog).map((privilege) => {
            const level = ways.to(object, maskOf(privilege))[0]?.level;
            // What comes after granting is what the server cannot be asked: agreement.test.ts tries it.
            return `${role.name} ${privilege} ${kind} ${object.id} ${object.bare} ${level === 'after granting itself' ? 'no' : (level ?? 'no')}`;
          }),
        ),
      );
    })
    .toSorted();
}

async function serverLevels(
  catalog: RoleCatalog,
  ask: (
    sql: string,
    values: unknown[],
  ) => Promise<{ role: string; id: number; name: string; right: string; now: boolean; set: boolean }[]>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const [kind, has] of Object.entries(ASK) as [ObjectKind, string][]) {
    const objects = asked(catalog, kind);
    const answers = await ask(
      `select r.rolname as role, o.id, o.name, p.name as right,
              bool_or(x.oid = r.oid and pg_catalog.${has}) as now, bool_or(pg_catalog.${has}) as set
       from pg_catalog.pg_roles r
       join pg_catalog.pg_roles x on x.oid = r.oid or pg_catalog.pg_has_role(r.oid, x.oid, 'SET'),
            rows from (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::text[])) as o (id, name), pg_catalog.unnest($3::text[]) as p (name)
       group by r.rolname, o.id, o.name, p.name`,
      [objects.map(({ id }) => id), objects.map(({ bare }) => bare), rightsOf(kind, catalog)],
    );
    lines.push(
      ...answers.map(
        ({ role, id, name, right, now, set }) =>
          `${role} ${right} ${kind} ${id} ${name} ${now ? 'now' : set ? 'after SET ROLE' : 'no'}`,
      ),
    );
  }
  return lines.toSorted();
}

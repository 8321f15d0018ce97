import { describe, expect, test } from 'vitest';
import { parseRolesFile } from '../../../src/config/roles/load.ts';
import type { RoleCatalog, SecuredObject } from '../../../src/ops/roles/catalog/model.ts';
import { becauseOf } from '../../../src/ops/roles/desired/reasons.ts';
import { desiredState } from '../../../src/ops/roles/desired/state.ts';
import { maskOf, type Privilege } from '../../../src/ops/roles/rights/privilege.ts';

const object = (kind: 'table' | 'schema', id: number, bare: string, schema: string | null): SecuredObject => ({
  kind,
  id,
  name: schema === null ? bare : `${schema}.${bare}`,
  schema,
  bare,
  what: kind,
  owner: 10,
  acl: [],
  explicit: false,
  extension: null,
  parent: null,
});
const catalog: RoleCatalog = {
  serverVersion: 180_002,
  database: { id: 5, name: 'lab', owner: 10 },
  roles: [],
  memberships: [],
  objects: [object('schema', 1, 'app', null), object('table', 2, 'orders', 'app')],
  defaults: [],
  settings: [],
  uses: [],
  rowSecurity: [],
};
const file = parseRolesFile(
  `version: 1
owner: boss
schemas: [app]
roles:
  boss: { purpose: owns the schemas }
  web:
    purpose: the web application
    grants:
      - { on: [app.*], use: read, future: true }
      - { on: [app.*], privileges: [select, insert], future: true }
      - { schemas: [app] }
`,
  'roles.yaml',
  'dev',
);
const inputs = { catalog, insertable: new Map(), guardedSchemas: [], today: '2026-11-21' };
const desired = desiredState(file, inputs);

function reason(bare: string, privilege: Privilege): string | undefined {
  const [grant, ...others] = desired.grants.filter((one) => one.grantee === 'web' && one.object.bare === bare);
  expect(others).toEqual([]);
  return grant === undefined ? undefined : becauseOf(grant, maskOf(privilege));
}

describe('why a right is wanted', () => {
  test('every line that gives it, each once', () => {
    expect(reason('orders', 'SELECT')).toBe('roles.yaml:9 as well as roles.yaml:10');
  });

  test('and no line that gives another one', () => {
    expect(reason('orders', 'INSERT')).toBe('roles.yaml:10');
  });

  test('what follows has its own reason', () => {
    expect(reason('app', 'CREATE')).toBe('roles.yaml:11');
    expect(reason('app', 'USAGE')).toBe('what is granted in it');
  });

  test('default privileges too', () => {
    const tables = desired.defaults.find(({ grantee, kind }) => grantee === 'web' && kind === 'table');
    expect(tables && becauseOf(tables, maskOf('SELECT', 'INSERT'))).toBe('roles.yaml:9 as well as roles.yaml:10');
    expect(tables && becauseOf(tables, maskOf('INSERT'))).toBe('roles.yaml:10');
  });
});

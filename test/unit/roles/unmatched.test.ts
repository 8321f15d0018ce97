import { describe, expect, test } from 'vitest';
import { parseRolesFile, type RolesFile } from '../../../src/config/roles/load.ts';
import type { RoleCatalog, SecuredObject } from '../../../src/ops/roles/catalog/model.ts';
import { objectMatcher } from '../../../src/ops/roles/desired/matching.ts';
import { didYouMean } from '../../../src/ops/roles/desired/did-you-mean.ts';
import { resolveGrant } from '../../../src/ops/roles/desired/grants.ts';
import { privilegesOf } from '../../../src/ops/roles/rights/privilege.ts';

const EMPTY: RoleCatalog = {
  serverVersion: 180_002,
  database: { id: 5, name: 'lab', owner: 10 },
  roles: [],
  memberships: [],
  objects: [],
  defaults: [],
  settings: [],
  uses: [],
  rowSecurity: [],
};

function parse(grant: string): { file: RolesFile; grants: RolesFile['roles'][string]['grants'] } {
  const text = `version: 1\nowner: boss\nschemas: [app]\nroles: { boss: { purpose: owns the schemas, grants: [${grant}] } }\n`;
  const file = parseRolesFile(text, 'roles.yaml', 'dev');
  return { file, grants: file.roles['boss']?.grants ?? [] };
}

const inputsOf = (file: RolesFile, catalog: RoleCatalog) => ({
  file,
  catalog,
  insertable: new Map(),
  matching: objectMatcher(file, catalog),
  meant: didYouMean(catalog),
});

function unmatched(grant: string): string[] {
  const { file, grants } = parse(grant);
  const [written] = grants;
  if (written === undefined) throw new Error('the file has a grant');
  return resolveGrant(written, 'boss', 'roles.yaml:4', inputsOf(file, EMPTY)).unmatched.map(({ problem }) => problem);
}

describe('what a grant of the file fits nothing with', () => {
  test.each([
    ['{ types: ["*.*"] }', []],
    ['{ types: [app.*] }', ['app.* fits no type']],
    ['{ on: [app.orders], privileges: [select] }', ['app.orders fits no table or view']],
    ['{ on: [app.*], privileges: [select], future: true }', []],
    ['{ sequences: [app.q] }', ['app.q fits no sequence']],
  ])('%s', (grant, problems) => {
    expect(unmatched(grant)).toEqual(problems);
  });
});

test('INSERT on a partition of an append-only table means the columns that it means there', () => {
  const table = (id: number, bare: string, what: string, parent: number | null): SecuredObject => ({
    kind: 'table',
    id,
    name: `app.${bare}`,
    schema: 'app',
    bare,
    what,
    owner: 10,
    acl: [],
    explicit: false,
    extension: null,
    parent,
  });
  const catalog = {
    ...EMPTY,
    objects: [
      table(1, 'log', 'partitioned table', null),
      table(2, 'log_a', 'partitioned table', 1),
      table(3, 'log_a_1', 'partition', 2),
    ],
  };
  const [written] = parse('{ on: [app.log_a_1], privileges: [insert, select] }').grants;
  if (written === undefined) throw new Error('the file has a grant');
  const { grants } = resolveGrant(written, 'boss', 'roles.yaml:4', {
    ...inputsOf(parse('').file, catalog),
    insertable: new Map([['app.log', ['id', 'note']]]),
  });
  expect(grants.map(({ object, mask }) => `${object.kind} ${object.bare}: ${privilegesOf(mask).join(', ')}`)).toEqual([
    'table log_a_1: SELECT',
    'column id: INSERT',
    'column note: INSERT',
  ]);
});

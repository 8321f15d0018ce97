import { describe, expect, test } from 'vitest';
import { parseRolesFile } from '../../../src/config/roles/load.ts';
import type { RoleCatalog } from '../../../src/ops/roles/catalog/model.ts';
import { objectMatcher } from '../../../src/ops/roles/desired/matching.ts';
import { resolveGrant } from '../../../src/ops/roles/desired/grants.ts';

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

function unmatched(grant: string): string[] {
  const text = `version: 1\nowner: boss\nschemas: [app]\nroles: { boss: { purpose: owns the schemas, grants: [${grant}] } }\n`;
  const file = parseRolesFile(text, 'roles.yaml', 'dev');
  const [written] = file.roles['boss']?.grants ?? [];
  if (written === undefined) throw new Error('the file has a grant');
  const resolved = resolveGrant(written, 'boss', 'roles.yaml:4', {
    file,
    catalog: EMPTY,
    insertable: new Map(),
    matching: objectMatcher(file, EMPTY),
  });
  return resolved.unmatched.map(({ problem }) => problem);
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

import { describe, expect, test } from 'vitest';
import { parseRolesFile } from '../../../src/config/roles/load.ts';
import type { RoleCatalog, SecuredObject } from '../../../src/ops/roles/catalog/model.ts';
import { didYouMean } from '../../../src/ops/roles/desired/did-you-mean.ts';
import { resolveGrant } from '../../../src/ops/roles/desired/grants.ts';
import { objectMatcher } from '../../../src/ops/roles/desired/matching.ts';
import { writtenWord } from '../../../src/ops/roles/desired/written.ts';
import { grantLine } from '../../../src/ops/roles/explain/file-says.ts';
import { proposedYaml } from '../../../src/ops/roles/suggest/proposal.ts';
import type { Shapes } from '../../../src/ops/roles/suggest/shapes.ts';

const object = (kind: SecuredObject['kind'], bare: string, name = bare): SecuredObject => ({
  kind,
  id: 7,
  name,
  schema: kind === 'schema' ? null : 'we ird',
  bare,
  what: kind,
  owner: 10,
  acl: [],
  explicit: false,
  extension: null,
  parent: null,
});

/** What a line of the file means where these objects are. */
function meant(line: string, objects: readonly SecuredObject[]): string[] {
  const text = `version: 1\nowner: boss\nschemas: ["we ird"]\nroles:\n  boss:\n    purpose: owns the schemas\n    grants:\n      ${line}\n`;
  const file = parseRolesFile(text, 'roles.yaml', 'dev');
  const catalog = { serverVersion: 180_002, objects, database: { id: 1, name: 'lab', owner: 10 } } as unknown as RoleCatalog;
  const [grant] = file.roles['boss']?.grants ?? [];
  if (grant === undefined) throw new Error('the file has a grant');
  const inputs = { file, catalog, insertable: new Map(), matching: objectMatcher(file, catalog), meant: didYouMean(catalog) };
  return resolveGrant(grant, 'boss', '', inputs).grants.map((one) => `${one.object.kind} ${one.object.bare}`);
}

describe('a grant that is proposed means what it is proposed for', () => {
  const table = object('table', `q"uo'te`);
  test.each([
    ['a plain table', object('table', 'orders')],
    ['a table with a space, a dot and a star', object('table', 'a b.c*')],
    ['a table with quotes', table],
    ['a table with a backslash', object('table', 'a\\b')],
    ['a sequence', object('sequence', 'Count er')],
    ['a routine', object('routine', 'Do it', '"we ird"."Do it"(integer, text)')],
    ['a schema', object('schema', 'we ird')],
  ] as const)('%s', (_name, one) => {
    const privilege = { routine: 'EXECUTE', sequence: 'USAGE', schema: 'CREATE' }[one.kind as string] ?? 'SELECT';
    expect(meant(grantLine(one, [privilege]) ?? '', [one])).toEqual([`${one.kind} ${one.bare}`]);
  });

  test.each(['plain', 'a, b', 'quo"te', "it's", 'null', 'Größe', 'back\\slash'])('the column %s', (column) => {
    const line = grantLine(object('column', column), ['SELECT'], table) ?? '';
    expect(meant(line, [table])).toEqual([`column ${column}`]);
  });

  test('a column without a form in the file has no line', () => {
    expect(writtenWord('a.b')).toBeNull();
    expect(grantLine(object('column', 'a.b'), ['SELECT'], table)).toBeNull();
  });

  test('by what an app used', () => {
    const columns = ['a, b', 'other'].map((name) => ({ name, generated: false }));
    const relation = {
      id: 7,
      schema: 'we ird',
      name: `q"uo'te`,
      kind: 'r',
      partitionOf: null,
      columns,
      invokerQuery: null,
      system: false,
    };
    const shapes = { relations: [relation], used: [], functions: [], sequences: [] } as unknown as Shapes;
    const right = { kind: 'relation', relation: 7, column: 'a, b', privilege: 'SELECT' } as const;
    const [, , line = ''] = proposedYaml('web', [{ right, calls: 1, lastSeen: '', example: '' }], shapes).split('\n');
    expect(meant(line.trim(), [table])).toEqual(['column a, b']);
  });
});

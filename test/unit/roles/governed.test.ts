import { expect, test } from 'vitest';
import type { SecuredObject } from '../../../src/ops/roles/catalog/model.ts';
import { governedGrants } from '../../../src/ops/roles/desired/governed.ts';
import { maskOf } from '../../../src/ops/roles/rights/privilege.ts';

const object = (fields: Partial<SecuredObject> & Pick<SecuredObject, 'kind' | 'id' | 'bare' | 'schema'>): SecuredObject => ({
  name: `${fields.schema}.${fields.bare}`,
  what: fields.kind,
  owner: 10,
  acl: [],
  explicit: false,
  extension: null,
  parent: null,
  ...fields,
});
const log = object({ kind: 'table', id: 1, bare: 'log', schema: 'audit', what: 'partitioned table' });
const year = object({ kind: 'table', id: 2, bare: 'log_2026', schema: 'audit', what: 'partitioned table', parent: 1 });
const month = object({ kind: 'table', id: 3, bare: 'log_2026m01', schema: 'audit', what: 'partition', parent: 2 });
const other = object({ kind: 'table', id: 4, bare: 'other', schema: 'audit', what: 'partitioned table' });
const ofOther = object({ kind: 'table', id: 5, bare: 'other_1', schema: 'audit', what: 'partition', parent: 4 });
const fence = object({ kind: 'routine', id: 6, bare: 'fence_partition', schema: 'dbctl' });
const namesake = object({ kind: 'routine', id: 7, bare: 'fence_partition', schema: 'app' });
const objects = [log, year, month, other, ofOther, fence, namesake];

test('who is let archive by dbctl.yaml calls what is theirs, and reads partitions of the append-only tables it may read', () => {
  const read = [log, other].flatMap((one) =>
    ['archiver', 'web'].map((grantee) => ({ grantee, object: one, mask: maskOf('SELECT'), because: 'roles.yaml:1' })),
  );
  const governed = {
    executors: { fence_partition: ['archiver', 'somebody'], dropped: ['archiver'] },
    readers: ['archiver', 'blind'],
    tables: [{ schema: 'audit', name: 'log' }],
  };
  const roles = ['archiver', 'web', 'blind'].map((name) => ({ name }));
  const found = governedGrants(governed, roles, read, { objects });
  expect(found.map(({ grantee, object: of, mask }) => [grantee, of.name, mask])).toEqual([
    ['archiver', 'dbctl.fence_partition', maskOf('EXECUTE')],
    ['archiver', 'audit.log_2026', maskOf('SELECT')],
    ['archiver', 'audit.log_2026m01', maskOf('SELECT')],
  ]);
});

import { describe, expect, it } from 'vitest';
import { namedRights } from '../../../src/ops/evidence/named-rights.ts';
import type { SecuredObject } from '../../../src/ops/roles/catalog/model.ts';
import type { HeldRights } from '../../../src/ops/roles/explain/explain-role.ts';

const object = (bare: string, kind: SecuredObject['kind'] = 'table', id = 1): SecuredObject => ({
  kind,
  id,
  name: `app.${bare}`,
  schema: 'app',
  bare,
  what: kind,
  owner: 10,
  acl: [],
  explicit: true,
  extension: null,
  parent: null,
});
const held = (bare: string, ...privileges: HeldRights['privileges']): HeldRights => ({ object: object(bare), privileges });

describe('what a role may do, in a record', () => {
  const say = namedRights({ objects: [object('orders', 'table', 7)] });

  it('names the objects of each set of rights, so that one exchanged for another shows', () => {
    expect(say([held('b', 'SELECT', 'INSERT'), held('a', 'SELECT', 'INSERT'), held('c', 'SELECT')], 5)).toBe(
      'SELECT, INSERT on 2 of 5 (a, b); SELECT on 1 of 5 (c)',
    );
    expect(say([held('a', 'SELECT'), held('b', 'SELECT')], 2)).toBe('SELECT on all 2');
    expect(say([held('a', 'CONNECT')], 1)).toBe('CONNECT');
  });

  it('has a hash of many names, which is another one for other names', () => {
    const many = (first: string): string =>
      say([held(first, 'SELECT'), ...Array.from({ length: 20 }, (_, n) => held(`t${n}`, 'SELECT'))], 30);
    expect(many('x')).toMatch(/^SELECT on 21 of 30 \(names of sha256 [0-9a-f]{12}\)$/);
    expect(many('x')).not.toBe(many('y'));
  });

  it('says of which table a column is, and which of several routines it is', () => {
    expect(say([{ object: object('total', 'column', 7), privileges: ['SELECT'] }], 2)).toBe('SELECT on 1 of 2 (orders.total)');
    expect(say([{ object: object('twice(int)', 'routine', 8), privileges: ['EXECUTE'] }], 2)).toBe(
      'EXECUTE on 1 of 2 (app.twice(int))',
    );
  });
});

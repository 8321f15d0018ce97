import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../../src/ops/roles/difference/inputs.ts';
import { withoutLoans } from '../../../src/ops/roles/difference/loans.ts';
import type { Difference } from '../../../src/ops/roles/difference/model.ts';
import { withoutWaiting } from '../../../src/ops/roles/difference/waiting.ts';
import type { Loan } from '../../../src/ops/roles/loan/loan.ts';

const OPTIONS = { inherit: true, set: false, admin: false };
const comparison = {
  file: { schemas: ['app', 'jobs', 'We ird'] },
  catalog: { objects: [{ kind: 'schema', bare: 'app' }], roles: [{ name: 'dbctl_auditor' }] },
  desired: { roles: [{ name: 'team' }] },
} as unknown as Comparison;

const membership = (role: string): Difference => ({
  kind: 'membership-missing',
  role,
  member: 'ann',
  wanted: OPTIONS,
  because: 'roles.yaml:1',
});
const unmatched = (pattern: string | null): Difference => ({
  kind: 'unmatched',
  problem: `${pattern} fits nothing`,
  pattern,
  because: 'roles.yaml:2',
});
const future = (schema: string | null): Difference => ({
  kind: 'default-missing',
  creator: 'owner',
  schema,
  of: 'table',
  grantee: 'app',
  mask: 1,
  because: 'roles.yaml:3',
});

describe('what waits for something', () => {
  test.each([
    ['default privileges in a schema that is there', future('app'), [future('app')]],
    ['default privileges in all', future(null), [future(null)]],
    ['default privileges in a schema that is not there', future('jobs'), []],
    ['a name in a schema that is there', unmatched('app.x'), [unmatched('app.x')]],
    ['a name in a schema that is not there', unmatched('jobs.x'), []],
    ['a name in a schema that has to be quoted and is not there', unmatched('"We ird".x'), []],
    ['names in schemas that a pattern fits', unmatched('jo*.x'), []],
    ['the schema itself', unmatched('jobs'), []],
    ['a language', unmatched(null), [unmatched(null)]],
    ['every type, while a schema is missing', unmatched('*.*'), []],
    ['a membership in a role that is there', membership('dbctl_auditor'), [membership('dbctl_auditor')]],
    ['in a role that the plan makes', membership('team'), [membership('team')]],
    [
      'in a role that is not there',
      membership('dbctl_ledger'),
      [
        {
          kind: 'unmatched',
          problem: 'ann is to be a member of dbctl_ledger, and that role is not there',
          pattern: null,
          because: 'roles.yaml:1',
        },
      ],
    ],
  ] as const)('%s', (_name, one, left) => {
    expect(withoutWaiting([one], comparison)).toEqual(left);
  });
});

describe('loans', () => {
  const lent = (state: Loan['state']): Loan => ({
    id: 1,
    role: 'owner',
    login: 'ann',
    reason: 'incident 4711',
    operator: 'bob@host',
    givenBy: 'postgres',
    givenAt: '2026-11-21T14:00:00Z',
    until: '2026-11-21T15:00:00Z',
    state,
    endedAt: null,
    how: null,
  });
  const excess = (member: string, admin = false): Difference => ({
    kind: 'membership-excess',
    role: 'owner',
    member,
    grantor: 'postgres',
    is: { ...OPTIONS, admin },
    wanted: null,
    lapses: false,
    idle: false,
  });

  test.each([
    ['one that runs is left alone', excess('ann'), 'open', 0],
    ['one that is overdue is taken back', excess('ann'), 'overdue', 1],
    ['so is what came after its end', excess('ann'), 'ended', 1],
    ['nobody lends ADMIN', excess('ann', true), 'open', 1],
    ['another login is no loan', excess('bea'), 'open', 1],
  ] as const)('%s', (_name, one, state, left) => {
    expect(withoutLoans([one], [lent(state)])).toHaveLength(left);
  });
});

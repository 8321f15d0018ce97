import { describe, expect, test } from 'vitest';
import type { RolesFile } from '../../../src/config/roles/load.ts';
import { withExceptions } from '../../../src/ops/roles/audit/exceptions.ts';
import type { Finding } from '../../../src/ops/roles/audit/finding.ts';

const finding: Finding = {
  id: 'pg-read-all-data',
  severity: 'high',
  status: 'fail',
  object: 'backup in pg_read_all_data',
  role: 'backup',
  message: 'it reads all',
  fix: 'revoke pg_read_all_data from backup;',
  detail: {},
};

type Exception = RolesFile['exceptions'][number];
const exception: Exception = {
  id: 'EX-1',
  role: 'backup',
  accept: 'pg-read-all-data',
  reason: 'dumps need it',
  owner: 'platform',
  expires: '2026-12-31',
};

const judged = (exceptions: readonly Exception[], today = '2026-12-31', findings: readonly Finding[] = [finding]): string[] =>
  withExceptions(findings, exceptions, today).map(({ id, status, object }) => `${id} ${status} ${object}`);

describe('an exception that accepts a finding', () => {
  test('waives it to the end of its day, and is named with its reason', () => {
    const [waived] = withExceptions([finding], [exception], '2026-12-31');
    expect(waived).toMatchObject({
      status: 'waived',
      severity: 'high',
      message: 'it reads all; accepted until 2026-12-31 by exception EX-1 of platform: dumps need it',
      detail: { exception: { id: 'EX-1', reason: 'dumps need it', owner: 'platform', expires: '2026-12-31' } },
    });
  });

  const failing = 'pg-read-all-data fail backup in pg_read_all_data';
  const waiving = 'pg-read-all-data waived backup in pg_read_all_data';
  const unused = 'exception-unused fail EX-1';
  test.each([
    ['holds for any object where it names none', exception, waiving],
    ['holds for its object', { ...exception, object: 'backup in pg_read_all_data' }, waiving],
    ['counts for nothing the day after', { ...exception, expires: '2026-12-30' }, failing],
  ])('%s', (_title, one, expected) => {
    expect(judged([one])).toEqual([expected]);
  });

  test.each([
    ['of another object', { ...exception, object: 'backup in pg_monitor' }],
    ['of another role', { ...exception, role: 'readonly' }],
    ['of another finding', { ...exception, accept: 'pg-maintain' }],
  ])('%s waives nothing, and is said to be unused', (_title, one) => {
    expect(judged([one])).toEqual([failing, unused]);
  });

  test('cannot accept what could not be seen', () => {
    expect(judged([exception], '2026-12-31', [{ ...finding, status: 'unknown' }])).toEqual([
      'pg-read-all-data unknown backup in pg_read_all_data',
    ]);
  });

  test('with a grant instead is not its business', () => {
    const { accept: _accept, ...grant } = exception;
    expect(judged([grant])).toEqual([failing]);
  });
});

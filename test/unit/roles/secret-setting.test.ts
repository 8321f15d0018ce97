import { describe, expect, it } from 'vitest';
import { roleWords } from '../../../src/ops/roles/audit/role-words.ts';
import { looksSecret, shownValue } from '../../../src/ops/roles/catalog/secret-setting.ts';

describe('the value of a setting', () => {
  it.each([
    ['app.api_key', 'abc', true],
    ['app.service', 'postgresql://app:hunter2@db/lab', true],
    ['app.token', '', false],
    ['search_path', 'pg_catalog, pg_temp', false],
    ['password_encryption', 'scram-sha-256', false],
  ])('%s = %s', (name, value, secret) => {
    expect(looksSecret(name, value)).toBe(secret);
    expect(shownValue(name, value)).toBe(secret ? '(not shown: it looks like a secret)' : value);
  });

  it('is not in what an audit says of a setting that differs', () => {
    const difference = { kind: 'setting', role: 'app', name: 'app.secret', here: false, because: 'roles.yaml:3' } as const;
    const words = [
      roleWords({ ...difference, is: 'hunter2', wanted: null }),
      roleWords({ ...difference, is: 'hunter2', wanted: 'hunter3' }),
      roleWords({ ...difference, is: null, wanted: 'hunter3' }),
    ];
    expect(JSON.stringify(words)).not.toContain('hunter');
  });
});

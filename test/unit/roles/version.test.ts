import { describe, expect, test } from 'vitest';
import { requireMembershipOptions } from '../../../src/commands/roles-context.ts';

describe('the version of the server', () => {
  test.each([160_000, 170_006, 180_002])('%i has membership options', async (serverVersion) => {
    await expect(requireMembershipOptions({ serverVersion, serverVersionText: '' })).resolves.toBeUndefined();
  });

  test('before 16 roles are refused', async () => {
    await expect(requireMembershipOptions({ serverVersion: 150_008, serverVersionText: '15.8' })).rejects.toMatchObject({
      code: 'db.version',
      message: 'the server is PostgreSQL 15.8, and dbctl roles needs 16 or newer',
      hint: 'Before 16 memberships have no options, and CREATEROLE reaches every role.',
    });
  });
});

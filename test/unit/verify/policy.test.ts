import { describe, expect, it } from 'vitest';
import { verifyLimits } from '../../../src/config/verify-limits.ts';
import { NOBODY, policyFrom, timezoneSpellings } from '../../../src/ops/verify/policy.ts';

describe('a policy', () => {
  it('is made of the configuration', () => {
    const policy = policyFrom({
      postgres: {
        version: '17.11',
        extensions: { required: ['pg_trgm'], allowed: ['hstore'], schema: 'ext' },
        timezone: 'Europe/Berlin',
        locale: { provider: 'icu', name: 'de-DE', encoding: 'UTF8' },
      },
      verify: { allow: { ...NOBODY, superusers: ['oncall'], server_access: ['loader'], libraries: ['auto_explain'] } },
    });
    expect(policy).toMatchObject({
      pin: 170011,
      requiredExtensions: ['pg_trgm'],
      allowedExtensions: ['hstore'],
      extensionSchema: 'ext',
      timezone: 'Europe/Berlin',
      timezones: ['europe/berlin'],
      localeProvider: 'icu',
      locale: 'de-DE',
      appRoles: null,
      superusers: ['oncall'],
      serverAccess: { pg_read_server_files: ['loader'], pg_execute_server_program: ['loader'] },
      allowedLibraries: ['auto_explain'],
    });
  });

  it('has the limits of a dbctl.yaml that names none, and those of one that does', () => {
    const postgres = {
      version: '18.2',
      extensions: { required: [], allowed: [], schema: 'e' },
      timezone: 'UTC',
      locale: { provider: 'builtin' as const, name: 'C', encoding: 'UTF8' },
    };
    const named = verifyLimits.parse({});
    expect(policyFrom({ postgres, verify: { limits: named } }).limits).toEqual(policyFrom({ postgres }).limits);
    const limits = { ...named, standby_lag: 1, standby_lag_mb: 2, open_transaction: 3, held_transactions: 4, valid_days: 5 };
    expect(policyFrom({ postgres, verify: { limits, people: ['staff'] } })).toMatchObject({
      limits: { standbyLagMs: 1, standbyLagBytes: 2_097_152, openTransactionMs: 3, heldTransactions: 4, validDays: 5 },
      people: ['staff'],
    });
  });

  it.each([
    'UTC',
    'utc',
    'Etc/UTC',
    'GMT',
    'Etc/GMT',
    'Etc/GMT+0',
    'UCT',
    'Zulu',
    'Universal',
    'Greenwich',
    '<+00>-00',
    'UTC0',
    '+00:00',
  ])('takes %s for UTC', (name) => {
    expect(timezoneSpellings('UTC')).toContain(name.toLowerCase());
    expect(timezoneSpellings(name)).toContain('etc/utc');
  });

  it.each(['Europe/London', 'Africa/Abidjan', 'Etc/GMT+1', 'WET', 'UTC+1'])(
    'does not take %s for UTC, whatever its offset today',
    (name) => {
      expect(timezoneSpellings('UTC')).not.toContain(name.toLowerCase());
      expect(timezoneSpellings(name)).toEqual([name.toLowerCase()]);
    },
  );
});

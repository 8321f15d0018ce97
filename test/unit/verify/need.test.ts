import { describe, expect, it } from 'vitest';
import { blindness, needText, parseNeed, type Need, type Sight } from '../../../src/ops/verify/need.ts';

const BLIND: Sight = {
  role: 'Night "Shift"',
  granted: new Set(),
  settings: new Map(),
  seesAllSettings: false,
  coversMajor: false,
  vendor: { vendor: 'self-hosted' as const, evidence: 'no mark of a managed service' },
};
const need = (text: string) => parseNeed(text) as Need;
const sees = (granted: readonly string[], more: Partial<Sight> = {}): Sight => ({ ...BLIND, granted: new Set(granted), ...more });
const VIEW = 'select pg_catalog.pg_settings';

describe('a need', () => {
  it.each([
    'select pg_catalog.pg_roles',
    'execute pg_catalog.pg_hba_file_rules()',
    'execute pg_catalog.has_table_privilege(oid, text[])',
    'member pg_monitor',
    'setting TimeZone',
    'unoverridden pgaudit.log',
    'advisories',
    'select pg_catalog.pg_hba_file_rules or unoverridden rds.force_ssl or advisories',
  ])('%s is read and written alike', (text) => {
    expect(needText(need(text))).toBe(text);
  });

  it.each([
    '',
    'select pg_roles',
    'select pg_catalog.pg_roles; drop table a',
    'execute pg_catalog.f',
    'member "x"',
    'setting a b',
    'superuser',
    'advisories x',
    'advisories or',
    'advisories or superuser',
  ])('%j is none', (text) => {
    expect(parseNeed(text)).toBeNull();
  });

  it.each<[string, Sight, string, string]>([
    [
      'select pg_catalog.pg_authid',
      BLIND,
      'role "Night ""Shift""" has no select right on pg_catalog.pg_authid',
      "run dbctl verify as a superuser: who may read pg_catalog.pg_authid can carry away every password's verifier",
    ],
    [
      'execute pg_catalog.pg_hba_file_rules()',
      BLIND,
      'role "Night ""Shift""" has no execute right on function pg_catalog.pg_hba_file_rules()',
      'grant execute on function pg_catalog.pg_hba_file_rules() to "Night ""Shift""";',
    ],
    [
      'member pg_monitor',
      BLIND,
      'role "Night ""Shift""" is not a member of pg_monitor',
      'grant pg_monitor to "Night ""Shift""";',
    ],
    [
      'setting ssl',
      BLIND,
      'role "Night ""Shift""" has no select right on pg_catalog.pg_settings',
      'grant select on pg_catalog.pg_settings to "Night ""Shift""";',
    ],
    [
      'setting ssl',
      sees([VIEW]),
      'role "Night ""Shift""" may not see the setting ssl, and hidden is not off',
      'grant pg_read_all_settings to "Night ""Shift""";',
    ],
    ['setting ssl', sees([VIEW], { seesAllSettings: true }), 'the server has no setting ssl', 'show ssl;'],
    [
      'unoverridden TimeZone',
      sees([VIEW], { settings: new Map([['timezone', 'client']]) }),
      "the server's own TimeZone is hidden from this session by an override (source: client)",
      'run dbctl verify without PGTZ, PGOPTIONS and options= in the URL',
    ],
    [
      'unoverridden TimeZone',
      sees([VIEW], { settings: new Map([['timezone', 'database user']]) }),
      "the server's own TimeZone is hidden from this session by an override (source: database user)",
      'run dbctl verify as a role without `alter role … in database … set` for it',
    ],
    [
      'member pg_monitor or setting ssl',
      sees([VIEW]),
      'role "Night ""Shift""" is not a member of pg_monitor',
      'grant pg_monitor to "Night ""Shift""";',
    ],
    ['advisories', BLIND, 'dbctl has no advisory data for this major version', 'update dbctl: npm install dbctl@latest'],
  ])('%s says what is missing and what would give it', (text, sight, reason, fix) => {
    expect(blindness(need(text), sight)).toEqual({ reason, fix });
  });

  it.each<[string, Sight]>([
    ['select pg_catalog.pg_authid', sees(['select pg_catalog.pg_authid'])],
    ['member pg_monitor', sees(['member pg_monitor'])],
    ['setting TimeZone', sees([VIEW], { settings: new Map([['timezone', 'client']]) })],
    ['unoverridden TimeZone', sees([VIEW], { settings: new Map([['timezone', 'configuration file']]) })],
    ['unoverridden TimeZone', sees([VIEW], { settings: new Map([['timezone', 'command line']]) })],
    ['member pg_monitor or setting ssl', sees([VIEW], { settings: new Map([['ssl', 'default']]) })],
    ['member pg_monitor or setting ssl', sees(['member pg_monitor'])],
    ['advisories', { ...BLIND, coversMajor: true }],
  ])('%s is met', (text, sight) => {
    expect(blindness(need(text), sight)).toBeNull();
  });
});

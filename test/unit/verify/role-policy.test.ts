import { describe, expect, it } from 'vitest';
import { parseRolesFile } from '../../../src/config/roles/load.ts';
import { NOBODY } from '../../../src/ops/verify/policy.ts';
import { rolePolicy } from '../../../src/ops/verify/role-policy.ts';

const FILE = `version: 1
owner: keeper
schemas: [shop, shop_archive, audit]
creators: [keeper, etl]
administrators: [admins]
presets: { read: { table: [select], view: [select] } }
public:
  grants:
    - { types: ['*.*'] }
    - { on: ['shop*.country_*'], use: read, except: [shop.country_secrets] }
    - { on: [shop.users], select: [id] }
    - { routines: ['shop.total(int, timestamptz)', 'tools.*'] }
    - { schemas: [scratch] }
    - { database: [temporary] }
roles:
  keeper: { purpose: owns everything }
  etl: { purpose: makes tables at night, login: true }
  migrator:
    purpose: applies migrations
    login: true
    member_of: { keeper: { inherit: false, set: true, admin: false } }
  web:
    purpose: the web application
    logins: [web_1, web_2]
    grants: [{ on: ['shop.*'], use: read, future: true }]
  loaders:
    purpose: read files of the server
    member_of: { pg_read_server_files: { inherit: true, set: false, admin: false } }
  night:
    purpose: loads files at night
    login: true
    attributes: [createdb]
    member_of: { loaders: { inherit: true, set: false, admin: false } }
    grants: [{ database: [create] }]
  boss: { purpose: emergencies alone, login: true, attributes: [superuser, replication, bypassrls, createrole] }
row_security:
  shop."We ird": { policies: [own] }
  shop.orders: { policies: [own], forced: false }
exceptions:
  - { id: E-1, role: PUBLIC, grant: { on: [shop.prices], privileges: [select] }, reason: until the portal is out, owner: ops, expires: '2026-12-31' }
`;

describe('the policy of roles.yaml', () => {
  const file = parseRolesFile(FILE, 'roles.yaml', 'dev');
  const policy = rolePolicy(file, { ...NOBODY, createrole: ['oncall'], database_creators: ['dba'] }, '2026-11-22');

  it('says who may have what', () => {
    expect(policy).toMatchObject({
      superusers: ['boss'],
      attributes: { createrole: ['boss', 'oncall'], createdb: ['night'], bypassrls: ['boss'], replication: ['boss'] },
      serverAccess: { pg_read_server_files: ['loaders', 'night'], pg_write_server_files: [], pg_execute_server_program: [] },
      databaseCreators: ['keeper', 'night', 'dba'],
    });
  });

  it('takes for applications who logs in and neither owns, makes nor administers', () => {
    expect(policy.appRoles).toEqual(['web', 'web_1', 'web_2', 'night']);
    expect(rolePolicy(null, NOBODY, '2026-11-22').appRoles).toBeNull();
  });

  it('says what PUBLIC may, within the schemas of the file where a pattern says it', () => {
    const own = policy.publicGrants.filter(({ schemas }) => schemas?.includes('dbctl') !== true);
    const said = own.map(({ kind, schemas, name, args, privileges }) => [kind, schemas, name, args, privileges]);
    const countries = ['shop', 'shop_archive'];
    expect(said).toEqual([
      ['table', countries, '^country_.*$', null, ['SELECT']],
      ['view', countries, '^country_.*$', null, ['SELECT']],
      ['sequence', countries, '^country_.*$', null, []],
      ['table', ['shop'], '^users$', null, []],
      ['view', ['shop'], '^users$', null, []],
      ['sequence', ['shop'], '^users$', null, []],
      ['routine', ['shop'], '^total$', 'integer, timestamp with time zone', ['EXECUTE']],
      ['routine', [], '^.*$', null, ['EXECUTE']],
      ['schema', null, '^scratch$', null, ['CREATE']],
      ['database', null, '.*', null, ['TEMPORARY']],
      ['table', ['shop'], '^prices$', null, ['SELECT']],
      ['view', ['shop'], '^prices$', null, ['SELECT']],
      ['sequence', ['shop'], '^prices$', null, []],
    ]);
    expect(own[0]?.except).toEqual([{ schemas: ['shop'], name: '^country_secrets$' }]);
    expect(own[3]?.columns).toEqual({ SELECT: ['id'] });
  });

  it('no longer says what an exception gave that has ended', () => {
    const names = rolePolicy(file, NOBODY, '2027-01-01').publicGrants.map(({ name }) => name);
    expect(names).not.toContain('^prices$');
  });

  it('says what new objects are granted', () => {
    const { creators, schemas, wanted } = policy.defaultPrivileges;
    expect([creators, schemas]).toEqual([
      ['keeper', 'etl'],
      ['shop', 'shop_archive', 'audit'],
    ]);
    expect(wanted.filter(({ creator }) => creator === 'keeper')).toEqual([
      { creator: 'keeper', schema: 'shop', type: 'r', grantee: 'web', privileges: ['SELECT'] },
      { creator: 'keeper', schema: null, type: 'f', grantee: 'PUBLIC', privileges: [] },
      { creator: 'keeper', schema: null, type: 'T', grantee: 'PUBLIC', privileges: ['USAGE'] },
    ]);
  });

  it('names the tables that have policies', () => {
    expect(policy.policyTables).toEqual([
      { schema: 'shop', table: 'We ird', enabled: true, forced: true },
      { schema: 'shop', table: 'orders', enabled: true, forced: false },
    ]);
  });
});

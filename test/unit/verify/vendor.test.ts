import { describe, expect, it } from 'vitest';
import { recogniseVendor, vendorSentence, type VendorFacts } from '../../../src/ops/verify/vendor.ts';

const NOTHING: VendorFacts = {
  superuser: false,
  firstSuperuser: 'postgres',
  roles: [],
  settings: [],
  aurora: false,
  dataDirectory: null,
};
const RDS = ['rds_superuser', 'rdsadmin'];

describe('a vendor', () => {
  it.each<[string, Partial<VendorFacts>, string, string]>([
    ['nothing', {}, 'self-hosted', 'no mark of a managed service'],
    ['its roles', { roles: RDS, firstSuperuser: 'rdsadmin' }, 'rds', 'role rds_superuser, and rdsadmin as the first superuser'],
    ['its roles, as a restored dump brings them', { roles: RDS }, 'self-hosted', 'no mark of a managed service'],
    ['its setting alone', { settings: ['rds.extensions'] }, 'rds', 'setting rds.extensions'],
    [
      'setting and roles',
      { roles: RDS, firstSuperuser: 'rdsadmin', settings: ['rds.extensions'] },
      'rds',
      'setting rds.extensions; role rds_superuser, and rdsadmin as the first superuser',
    ],
    [
      'the first superuser alone',
      { roles: ['rdsadmin'], firstSuperuser: 'rdsadmin' },
      'self-hosted',
      'no mark of a managed service',
    ],
    [
      'the function of Aurora',
      { settings: ['rds.extensions'], aurora: true },
      'aurora',
      'setting rds.extensions; function aurora_version()',
    ],
    ['a function of that name elsewhere', { aurora: true }, 'self-hosted', 'no mark of a managed service'],
    [
      'both roles of Cloud SQL',
      { roles: ['cloudsqladmin', 'cloudsqlsuperuser'], firstSuperuser: 'cloudsqladmin' },
      'cloud-sql',
      'role cloudsqlsuperuser, and cloudsqladmin as the first superuser',
    ],
    ['the setting of Azure', { settings: ['azure.extensions'] }, 'azure', 'setting azure.extensions'],
    [
      'both roles of Supabase',
      { roles: ['supabase_admin', 'supabase_auth_admin'], firstSuperuser: 'supabase_admin' },
      'supabase',
      'role supabase_auth_admin, and supabase_admin as the first superuser',
    ],
    ['a superuser, whatever the roles are called', { superuser: true, roles: RDS }, 'self-hosted', 'the session is a superuser'],
    [
      'the data folder of the image',
      { dataDirectory: '/var/lib/postgresql/18/docker', superuser: true },
      'container',
      'data directory /var/lib/postgresql/18/docker, where images keep it',
    ],
    ['that of Debian', { dataDirectory: '/var/lib/postgresql/18/main' }, 'self-hosted', 'no mark of a managed service'],
  ])('is recognised by %s', (_, facts, vendor, evidence) => {
    expect(recogniseVendor({ ...NOTHING, ...facts })).toEqual({ vendor, evidence });
  });

  it('is said with what it was recognised by, unless it is nobody', () => {
    const rds = { vendor: 'rds', evidence: 'setting rds.extensions' } as const;
    const sentence = 'The server looks like Amazon RDS (setting rds.extensions): fixes are written for it, and not tried there.';
    expect(vendorSentence(rds, 'managed')).toBe(sentence);
    expect(vendorSentence(rds, 'baseline')).toBe(
      `${sentence} --profile managed leaves out what no customer sees or changes there.`,
    );
    expect(vendorSentence({ vendor: 'container', evidence: 'data directory /x' }, 'baseline')).toBe(
      'The server looks like a container (data directory /x).',
    );
    expect(vendorSentence({ vendor: 'self-hosted', evidence: '' }, 'baseline')).toBeNull();
  });
});

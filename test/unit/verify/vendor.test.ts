import { describe, expect, it } from 'vitest';
import { recogniseVendor, vendorSentence, type VendorFacts } from '../../../src/ops/verify/vendor.ts';

const NOTHING: VendorFacts = { superuser: false, roles: [], settings: [], aurora: false, dataDirectory: null };
const RDS = ['rds_superuser', 'rdsadmin'];

describe('a vendor', () => {
  it.each<[string, Partial<VendorFacts>, string, string]>([
    ['nothing', {}, 'self-hosted', 'no mark of a managed service'],
    ['both roles of RDS', { roles: RDS }, 'rds', 'roles rds_superuser and rdsadmin'],
    ['its setting alone', { settings: ['rds.extensions'] }, 'rds', 'setting rds.extensions'],
    [
      'setting and roles',
      { roles: RDS, settings: ['rds.extensions'] },
      'rds',
      'setting rds.extensions; roles rds_superuser and rdsadmin',
    ],
    ['one role, as a restored dump brings it', { roles: ['rds_superuser'] }, 'self-hosted', 'no mark of a managed service'],
    [
      'the function of Aurora',
      { roles: RDS, aurora: true },
      'aurora',
      'roles rds_superuser and rdsadmin; function aurora_version()',
    ],
    ['a function of that name elsewhere', { aurora: true }, 'self-hosted', 'no mark of a managed service'],
    [
      'both roles of Cloud SQL',
      { roles: ['cloudsqladmin', 'cloudsqlsuperuser'] },
      'cloud-sql',
      'roles cloudsqlsuperuser and cloudsqladmin',
    ],
    ['the setting of Azure', { settings: ['azure.extensions'] }, 'azure', 'setting azure.extensions'],
    [
      'both roles of Supabase',
      { roles: ['supabase_admin', 'supabase_auth_admin'] },
      'supabase',
      'roles supabase_admin and supabase_auth_admin',
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
    expect(vendorSentence({ vendor: 'rds', evidence: 'setting rds.extensions' })).toBe(
      'The server looks like Amazon RDS (setting rds.extensions): fixes are written for it, and not tried there.',
    );
    expect(vendorSentence({ vendor: 'container', evidence: 'data directory /x' })).toBe(
      'The server looks like a container (data directory /x).',
    );
    expect(vendorSentence({ vendor: 'self-hosted', evidence: '' })).toBeNull();
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXTENSION_WAYS } from '../../../src/ops/verify/extension-ways.ts';
import { isManaged, VENDORS, type Vendor } from '../../../src/ops/verify/vendor.ts';
import { fixFor, sightFor } from '../../../src/ops/verify/vendor-fix.ts';
import { parseCases } from '../../../src/ops/verify/cases/case-file.ts';
import { SERVERS } from '../../postgres/verify/support.ts';
import { checkNamed } from './support.ts';

/** A check whose row brings the statement, as most do. */
const fixOf = (vendor: Vendor, statement: string) => fixFor(vendor, checkNamed('a', { fix: '{statement:sql}' }), { statement });

describe('a fix on a managed service', () => {
  it.each<[Vendor, string, string]>([
    [
      'rds',
      'alter system set log_statement = ddl; select pg_reload_conf();',
      `aws rds modify-db-parameter-group --db-parameter-group-name GROUP --parameters '[{"ParameterName":"log_statement","ParameterValue":"ddl","ApplyMethod":"immediate"}]'`,
    ],
    [
      'rds',
      "alter system set shared_preload_libraries = 'pg_stat_statements', 'pgaudit'; -- then restart the server",
      `aws rds modify-db-parameter-group --db-parameter-group-name GROUP --parameters '[{"ParameterName":"shared_preload_libraries","ParameterValue":"pg_stat_statements,pgaudit","ApplyMethod":"pending-reboot"}]'\naws rds reboot-db-instance --db-instance-identifier INSTANCE`,
    ],
    [
      'aurora',
      'alter system reset log_hostname; select pg_catalog.pg_reload_conf();',
      `aws rds reset-db-cluster-parameter-group --db-cluster-parameter-group-name GROUP --parameters '[{"ParameterName":"log_hostname","ApplyMethod":"immediate"}]'`,
    ],
    [
      'cloud-sql',
      'alter system set log_connections = receipt, authentication; select pg_reload_conf(); -- for sessions from then on',
      `# for sessions from then on\n# it replaces all flags: name those of gcloud sql instances describe INSTANCE as well, separated by |\ngcloud sql instances patch INSTANCE --database-flags='^|^log_connections=receipt,authentication'`,
    ],
    [
      'azure',
      "alter system set log_line_prefix = '%m it''s; %a '; select pg_reload_conf();",
      `az postgres flexible-server parameter set --resource-group GROUP --server-name SERVER --name log_line_prefix --value '%m it'\\''s; %a '`,
    ],
    [
      'supabase',
      "alter system set timezone = 'UTC'; select pg_reload_conf();",
      'supabase --experimental postgres-config update --config timezone=UTC',
    ],
    [
      'supabase',
      "alter system set log_rotation_age = '1d'; alter system set log_rotation_size = '100MB'; select pg_reload_conf();",
      'supabase --experimental postgres-config update --config log_rotation_age=1d\nsupabase --experimental postgres-config update --config log_rotation_size=100MB',
    ],
    [
      'aurora',
      'alter system set rds.force_ssl = 1; -- then restart the server',
      `aws rds modify-db-cluster-parameter-group --db-cluster-parameter-group-name GROUP --parameters '[{"ParameterName":"rds.force_ssl","ParameterValue":"1","ApplyMethod":"pending-reboot"}]'\naws rds reboot-db-instance --db-instance-identifier WRITER`,
    ],
    [
      'azure',
      'alter system set require_secure_transport = on; select pg_reload_conf();',
      'az postgres flexible-server parameter set --resource-group GROUP --server-name SERVER --name require_secure_transport --value on',
    ],
    ['rds', 'revoke create on schema public from public;', 'revoke create on schema public from public;'],
    [
      'rds',
      'pg_ctl stop -D "$PGDATA"',
      `# the machine is Amazon RDS's: where its console has no such switch, ask its support or waive this\n#   pg_ctl stop -D "$PGDATA"`,
    ],
  ])('%s: %s', (vendor, statement, expected) => {
    expect(fixOf(vendor, statement)).toBe(expected);
  });

  it.each<[Vendor, string, RegExp]>([
    ['cloud-sql', 'tls-enforced', /^gcloud sql instances describe .*sslMode.*\n# .*--ssl-mode=ENCRYPTED_ONLY$/],
    ['supabase', 'tls-enforced', /^supabase --experimental ssl-enforcement get\n# .* --enable-db-ssl-enforcement$/],
    ['rds', 'tls-enforced', /^grant x;$/],
    ['self-hosted', 'tls-enforced', /^grant x;$/],
    ['cloud-sql', 'auth-hba-trust', /^grant x;$/],
  ])('%s: what shows the answer %s could not see', (vendor, id, expected) => {
    expect(sightFor(vendor, { id }, 'grant x;')).toMatch(expected);
    expect(sightFor('azure', { id }, null)).toBeNull();
  });

  it('leaves plain PostgreSQL what it is', () => {
    const statement = 'alter system set log_statement = ddl; select pg_reload_conf();';
    expect(fixOf('self-hosted', statement)).toBe(statement);
    expect(fixOf('container', statement)).toBe(statement);
  });

  it("is the check's own where it has one", () => {
    const check = checkNamed('a', { fix: 'pg_ctl restart', fixManaged: 'reboot {name:sql}' });
    expect(fixFor('azure', check, { name: 'it' })).toBe('reboot it');
    expect(fixFor('self-hosted', check, { name: 'it' })).toBe('pg_ctl restart');
  });

  /** Every fix that a case of test/checks expects word for word was said by a real server. */
  const folder = fileURLToPath(new URL('../../checks/', import.meta.url));
  const fixes = readdirSync(folder)
    .flatMap((file) => parseCases(file, readFileSync(`${folder}${file}`, 'utf8'), SERVERS))
    .flatMap(({ fix, expect: { kind } }) => (kind === 'found' && fix !== null ? [fix] : []));

  it.each(VENDORS.filter(isManaged))('%s: no fix of any check needs what is not there', (vendor) => {
    expect(fixes.filter((fix) => fix.includes('alter system set ')).length).toBeGreaterThan(20);
    for (const fix of fixes) {
      const acts = fixOf(vendor, fix)
        .split('\n')
        .filter((line) => !line.startsWith('#') && !line.startsWith('--'));
      expect(acts.join('\n'), fix).not.toMatch(/alter system (set|reset) |pg_reload_conf|\bpg_ctl\b|systemctl/);
    }
  });
});

describe('an extension that is required', () => {
  const check = checkNamed('ext-required', { fix: '{statement:sql}' });
  const fix = (vendor: Vendor, extension: string, available: boolean) =>
    fixFor(vendor, check, { extension, available, schema: 'extensions', statement: `create extension ${extension};` });

  it.each<[Vendor, string, boolean, string]>([
    ['self-hosted', 'pgcrypto', true, 'create extension pgcrypto;'],
    ['self-hosted', 'nowhere', false, 'create extension nowhere;'],
    ['rds', 'nowhere', false, 'create extension nowhere;'],
    [
      'azure',
      'pg_trgm',
      true,
      '# ALLOWED: what show azure.extensions; lists now\naz postgres flexible-server parameter set --resource-group GROUP --server-name SERVER --name azure.extensions --value \'ALLOWED,pg_trgm\'\ncreate schema if not exists "extensions"; create extension "pg_trgm" schema "extensions";',
    ],
    [
      'cloud-sql',
      'pg_cron',
      true,
      `# it replaces all flags: name those of gcloud sql instances describe INSTANCE as well, separated by |\ngcloud sql instances patch INSTANCE --database-flags='^|^cloudsql.enable_pg_cron=on|cron.database_name=DATABASE'\ncreate extension "pg_cron" schema "pg_catalog";`,
    ],
    [
      'supabase',
      'pgaudit',
      true,
      `alter role postgres set pgaudit.log = 'ddl,role';\ncreate schema if not exists "extensions"; create extension "pgaudit" schema "extensions";`,
    ],
  ])('%s: %s (available: %s)', (vendor, extension, available, expected) => {
    expect(fix(vendor, extension, available)).toBe(expected);
  });

  it.each(VENDORS)('%s: every extension that is known has a way that ends with creating it', (vendor) => {
    for (const { name } of EXTENSION_WAYS)
      expect(fix(vendor, name, false).split('\n').at(-1)).toContain(`create extension "${name}"`);
  });

  it('is preloaded in the way of the service, and nothing else is', () => {
    const preload = checkNamed('ext-preload', { fix: '{statement:sql}' });
    const statement = "alter system set shared_preload_libraries = ''; -- then restart the server";
    expect(fixFor('cloud-sql', preload, { library: 'pgaudit', severity: 'high', statement })).toContain(
      'cloudsql.enable_pgaudit=on',
    );
    expect(fixFor('rds', preload, { library: 'pgaudit', severity: 'high', statement })).toContain('"LOADED,pgaudit"');
    // A library too many is taken out: its statement is translated.
    expect(fixFor('rds', preload, { library: 'pgaudit', severity: 'medium', statement })).toContain('"ParameterValue":""');
  });
});

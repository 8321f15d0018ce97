import { describe, expect, it } from 'vitest';
import { CONFIG_KEYS } from '../../../src/config/keys.ts';
import { unknownVariables } from '../../../src/config/variables.ts';
import { HEAD } from './support/bad-file.ts';
import { load } from './support/project.ts';

describe('variables for keys', () => {
  it('have names that are unique and made of the dotted key', () => {
    const named = CONFIG_KEYS.filter(({ variable }) => variable !== undefined);
    expect(new Set(named.map(({ variable }) => variable)).size).toBe(named.length);
    expect(named.find(({ name }) => name === 'postgres.extensions.schema')?.variable).toBe('DBCTL_POSTGRES_EXTENSIONS_SCHEMA');
  });

  it('exist for every single value but version, environments and what protects', () => {
    const without = CONFIG_KEYS.filter(({ variable, kind }) => variable === undefined && kind.reads !== 'list');
    expect(without.map(({ name }) => name).filter((name) => !/^(environments|immutability|ledger|roles)\./.test(name))).toEqual([
      'version',
    ]);
    // Neither the loader nor the reference may know one: see the protection of an environment below.
    expect(
      CONFIG_KEYS.filter(
        ({ name, variable }) => /^(environments|immutability|ledger|roles)\./.test(name) && variable !== undefined,
      ),
    ).toEqual([]);
  });

  // One value of each kind of key, none of them the default.
  it.each([
    ['DBCTL_PROJECT', 'other', (config) => config.project, 'other'],
    ['DBCTL_POSTGRES_VERSION', '18.10', (config) => config.postgres.version, '18.10'],
    ['DBCTL_POSTGRES_LOCALE_ENCODING', 'UTF8', (config) => config.postgres.locale.encoding, 'UTF8'],
    ['DBCTL_MIGRATIONS_LOCK_RETRIES', '3', (config) => config.migrations.lock_retries, 3],
    ['DBCTL_MIGRATIONS_LOCK_WAIT', '5min', (config) => config.migrations.lock_wait, 300_000],
    ['DBCTL_MIGRATIONS_STATEMENT_TIMEOUT', '0', (config) => config.migrations.statement_timeout, 0],
    ['DBCTL_MIGRATIONS_FOLDER', '18', (config) => config.migrations.folder, '18'],
    ['DBCTL_DEV_VERSION', '17', (config) => config.dev.version, 17],
    ['DBCTL_DEV_DATABASE', 'true', (config) => config.dev.database, 'true'],
  ] satisfies [string, string, (config: Awaited<ReturnType<typeof load>>['config']) => unknown, unknown][])(
    '%s=%s',
    async (name, text, pick, expected) => {
      const { config, origins } = await load(HEAD, { variables: { [name]: text } });
      expect(pick(config)).toBe(expected);
      expect([...origins.values()]).toContainEqual({ kind: 'variable', name });
    },
  );
});

describe('variables dbctl does not know', () => {
  it('are warned of, with the one that was likely meant, and never with their value', () => {
    const warnings = unknownVariables({
      DBCTL_MIGRATION_FOLDER: 'hunter2',
      DBCTL_VERIFY_GROUPS: 'tls',
      DBCTL_ENVIRONMENTS_PROD_PROTECTED: 'false',
      DBCTL_ENVS: 'prod',
      DBCTL_UNSET: undefined,
      OTHER_TOOL: 'x',
    });
    expect(warnings).toEqual([
      'environment variable DBCTL_ENVIRONMENTS_PROD_PROTECTED is not known to dbctl',
      'environment variable DBCTL_ENVS is not known to dbctl, did you mean DBCTL_ENV',
      'environment variable DBCTL_MIGRATION_FOLDER is not known to dbctl, did you mean DBCTL_MIGRATIONS_FOLDER',
      'environment variable DBCTL_VERIFY_GROUPS is not known to dbctl',
    ]);
  });

  it('are not those that other parts of dbctl read', () => {
    const known = ['CONFIG', 'ENV', 'STATE_HOME', 'TEST_DATABASE_URL', 'LOG_LEVEL', 'VERIFY_FAIL_ON'];
    expect(unknownVariables(Object.fromEntries(known.map((name) => [`DBCTL_${name}`, 'x'])))).toEqual([]);
  });

  it('cannot lift the protection of an environment', async () => {
    const { environment, warnings } = await load(`${HEAD}environments: {prod: {}}\n`, {
      env: 'prod',
      variables: { DBCTL_ENVIRONMENTS_PROD_PROTECTED: 'false' },
    });
    expect(environment.protected).toBe(true);
    expect(warnings).toHaveLength(1);
  });
});

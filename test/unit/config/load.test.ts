import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PIN } from '../../../src/core/pin.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { HEAD } from './support/bad-file.ts';
import { GOOD_FILES } from './support/good-files.ts';
import { load, project } from './support/project.ts';

describe('a good dbctl.yaml', () => {
  it.each(GOOD_FILES)('$name', async ({ yaml }) => {
    const { config } = await load(yaml);
    expect(config.version).toBe(1);
  });

  it('is complete: defaults, durations in milliseconds, every environment with all its fields', async () => {
    const { config, environment, warnings } = await load(HEAD);
    expect(config).toEqual({
      version: 1,
      project: 'lab',
      postgres: {
        version: PIN,
        pinned_in: [],
        extensions: { required: [], allowed: [], schema: 'extensions' },
        timezone: 'UTC',
        locale: { provider: 'builtin', name: 'C.UTF-8', encoding: 'UTF8' },
      },
      environments: {
        dev: { name: 'dev', url: undefined, embedded: false, protected: false, tls: undefined, system_identifier: undefined },
      },
      migrations: {
        folder: 'migrations',
        table: 'dbctl.schema_migrations',
        lock_timeout: 2000,
        lock_retries: 10,
        lock_wait: 60_000,
        statement_timeout: 0,
      },
      verify: {
        groups: 'all',
        skip: [],
        profile: 'baseline',
        fail_on: 'medium',
        waivers: 'dbctl.waivers.yaml',
        attestations: 'dbctl.attestations.yaml',
        checks: 'checks',
        required: [],
        done_after_update: [],
        settings: {},
        limits: {
          standby_lag: 300_000,
          standby_lag_mb: 1024,
          open_transaction: 3_600_000,
          held_transactions: 10_000_000,
          valid_days: 366,
        },
        people: [],
        allow: {
          superusers: [],
          createrole: [],
          createdb: [],
          bypassrls: [],
          replication: [],
          server_access: [],
          database_creators: [],
          libraries: [],
        },
      },
      immutability: {
        owner: 'dbctl_protected',
        runbook: 'runbooks/immutability-violation.md',
        partition_creators: [],
        unlockers: [],
        archivers: [],
        archive_verifiers: [],
        tables: [],
      },
      ledger: {
        tables: [],
        xid_column: 'recorded_xid',
        interval: 60_000,
        sample: 20,
        signer: undefined,
        public_keys: [],
        sinks: [],
      },
      archive: {
        destinations: [],
        format: 'csv.gz',
        parquet_writer: 'built-in',
        retain_days: undefined,
        encryption: { recipients: [], identity: undefined, work: undefined },
      },
      cost: { currency: undefined, hot: [], cold: [], sessions: undefined },
      backup: {
        programs: undefined,
        repositories: [],
        signer: undefined,
        public_keys: [],
        keep: { last: 1, daily: 7, weekly: 0, monthly: 0, yearly: 0 },
        max_age: 93_600_000,
        dropped: [],
        drill_days: 100,
        drill: { database: undefined, rto: undefined, rpo: undefined, assertion_timeout: 60_000, assertions: [] },
        compression: 'auto',
        encryption: { recipients: [] },
        jobs: 2,
        lock_wait: 30_000,
        masking: { columns: [], without_rows: [] },
        hooks: { before: [], after: [] },
        notify: [],
      },
      evidence: {},
      retention: { partitions: [], rules: [], grace: '1 day', notify: [] },
      roles: { file: 'roles.yaml' },
      dev: { version: 18, engine: 'embedded', database: 'lab' },
    });
    expect(environment).toBe(config.environments['dev']);
    expect(warnings).toEqual([]);
  });

  it('is frozen to the bottom', async () => {
    const { config } = await load(HEAD);
    expect(() => Object.assign(config.postgres.locale, { name: 'C' })).toThrow(TypeError);
    expect(() => (config.verify.skip as string[]).push('tz-server')).toThrow(TypeError);
    expect(() => Object.assign(config.environments['dev'] ?? {}, { protected: false })).toThrow(TypeError);
  });

  it('seals the append-only tables, unless it is said', async () => {
    const tables = 'immutability: {tables: [{table: a.b}, {table: a.c}]}';
    expect((await load(`${HEAD}${tables}\n`)).config.ledger.tables).toEqual(['a.b', 'a.c']);
    expect((await load(`${HEAD}${tables}\nledger: {tables: [a.c]}\n`)).config.ledger.tables).toEqual(['a.c']);
  });

  it('derives the development server from version and project, unless it is said', async () => {
    const derived = await load(`version: 1\nproject: incident-timers\npostgres: {version: "17.10"}\n`);
    expect(derived.config.dev).toEqual({ version: 17, engine: 'embedded', database: 'incident_timers' });
    const said = await load(`${HEAD}postgres: {version: "17.10"}\ndev: {version: 18, database: other}\n`);
    expect(said.config.dev).toEqual({ version: 18, engine: 'embedded', database: 'other' });
  });

  it.each([
    ['prod', '{}', true],
    ['production', '{}', true],
    ['dev', '{}', false],
    ['preprod', '{}', false],
    ['prod', '{protected: false}', false],
    ['dev', '{protected: true}', true],
  ])('environment %s: %s is protected: %s', async (name, body, expected) => {
    const { environment } = await load(`${HEAD}environments: {${name}: ${body}}\n`, { env: name });
    expect(environment.protected).toBe(expected);
  });

  it('may call an environment like a property every object has', async () => {
    const { environment, config } = await load(`${HEAD}environments: {constructor: {tls: require}}\n`, { env: 'constructor' });
    expect(environment.tls).toBe('require');
    expect(Object.keys(config.environments)).toEqual(['constructor']);
  });
});

describe('the overlay of an environment', () => {
  const yaml = `${HEAD}postgres:
  timezone: UTC
  extensions: {required: [pgcrypto, pg_trgm], schema: ext}
verify: {skip: [tz-server], fail_on: high}
environments:
  dev: {}
  prod:
    overlay:
      postgres: {extensions: {required: [pgcrypto]}}
      verify: {skip: []}
`;

  it('replaces single keys and whole lists, and leaves the rest', async () => {
    const { config } = await load(yaml, { env: 'prod' });
    expect(config.postgres.extensions).toEqual({ required: ['pgcrypto'], allowed: [], schema: 'ext' });
    expect(config.verify).toMatchObject({ skip: [], fail_on: 'high' });
  });

  it('replaces where a key is kept as a whole', async () => {
    const { config } = await load(
      `${HEAD}ledger: {interval: 5min, signer: {name: k, key: {file: a}}}
environments: {prod: {overlay: {ledger: {signer: {name: m, key: {variable: B}}}}}}\n`,
      { env: 'prod' },
    );
    expect(config.ledger).toMatchObject({ interval: 300_000, signer: { name: 'm', key: { variable: 'B' } } });
    expect(config.ledger.signer?.key).toEqual({ variable: 'B' });
  });

  it('names other destinations of archives, and other prices', async () => {
    const both = `${HEAD}archive: {format: parquet, destinations: [{name: cold, type: folder, path: a}]}
cost: {currency: EUR, hot: [{from: 2026-01-01, gib_month: "1"}]}
environments:
  dev: {}
  prod:
    overlay:
      archive: {retain_days: 7, destinations: [{name: cold, type: s3, bucket: lab, region: eu}]}
      cost: {hot: [{from: 2026-01-01, gib_month: "2"}]}\n`;
    const [dev, prod] = await Promise.all([load(both), load(both, { env: 'prod' })]);
    expect(dev.config.archive).toMatchObject({ destinations: [{ type: 'folder' }], format: 'parquet' });
    expect(prod.config.archive).toMatchObject({
      format: 'parquet',
      retain_days: 7,
      destinations: [{ type: 's3', bucket: 'lab' }],
    });
    expect([dev, prod].map(({ config }) => config.cost.hot[0]?.gib_month)).toEqual(['1', '2']);
    expect(prod.config.cost.currency).toBe('EUR');
  });

  it('touches no other environment', async () => {
    const { config } = await load(yaml);
    expect(config.postgres.extensions.required).toEqual(['pgcrypto', 'pg_trgm']);
    expect(config.verify.skip).toEqual(['tz-server']);
  });
});

describe('precedence', () => {
  // Every subset of the layers: the highest one given must win, and be named as the origin.
  const layers = ['file', 'overlay', 'variable', 'flag'] as const;
  const value = { default: 2000, file: 3000, overlay: 4000, variable: 5000, flag: 6000 };
  const subsets = Array.from({ length: 16 }, (_, bits) => layers.filter((_layer, index) => (bits >> index) & 1));

  it.each(subsets.map((given) => [given.join(' + ') || 'nothing', given] as const))('%s', async (_name, given) => {
    const has = (layer: (typeof layers)[number]) => given.includes(layer);
    const yaml =
      HEAD +
      (has('file') ? 'migrations: {lock_timeout: 3s}\n' : '') +
      (has('overlay') ? 'environments: {dev: {overlay: {migrations: {lock_timeout: 4s}}}}\n' : '');
    const { config, origins } = await load(yaml, {
      variables: has('variable') ? { DBCTL_MIGRATIONS_LOCK_TIMEOUT: '5s' } : {},
      flags: { 'migrations.lock_timeout': has('flag') ? '6s' : undefined },
    });
    const winner = given.at(-1) ?? 'default';
    expect(config.migrations.lock_timeout).toBe(value[winner]);
    expect(origins.get('migrations.lock_timeout')?.kind).toBe(winner);
    expect(config.migrations.lock_wait).toBe(60_000);
  });

  it('an empty variable counts as not given', async () => {
    const { config } = await load(`${HEAD}verify: {fail_on: low}\n`, { variables: { DBCTL_VERIFY_FAIL_ON: '' } });
    expect(config.verify.fail_on).toBe('low');
  });

  it('a mistake of the file is one even where a variable overrides it', async () => {
    const outcome = load(`${HEAD}verify: {fail_on: worst}\n`, { variables: { DBCTL_VERIFY_FAIL_ON: 'low' } });
    await expect(outcome).rejects.toThrow('verify.fail_on: expected one of');
  });

  it('a variable can contradict the file, and is named', async () => {
    const outcome = load(HEAD, { variables: { DBCTL_POSTGRES_LOCALE_NAME: 'en_US.UTF-8' } });
    await expect(outcome).rejects.toThrow(
      '1 problem: DBCTL_POSTGRES_LOCALE_NAME: postgres.locale.name: the builtin provider has no locale en_US.UTF-8, only C, C.UTF-8, PG_UNICODE_FAST',
    );
  });

  it('a flag for no key is a defect of dbctl', async () => {
    await expect(load(HEAD, { flags: { 'verify.fial_on': 'low' } })).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('origins', () => {
  it('name the place of each key, the variable or the flag', async () => {
    const yaml = `${HEAD}verify:
  fail_on: high
environments:
  prod:
    url: {variable: PROD_URL}
    overlay:
      verify: {skip: [tz-server]}
`;
    const { origins } = await load(yaml, {
      env: 'prod',
      variables: { DBCTL_MIGRATIONS_FOLDER: 'db' },
      flags: { 'verify.groups': ['tls'] },
    });
    expect(Object.fromEntries(origins)).toMatchObject({
      project: { kind: 'file', file: 'dbctl.yaml', line: 2, column: 1 },
      'verify.fail_on': { kind: 'file', file: 'dbctl.yaml', line: 4, column: 3 },
      'verify.skip': { kind: 'overlay', file: 'dbctl.yaml', line: 9, column: 16 },
      'verify.groups': { kind: 'flag', name: 'verify.groups' },
      'verify.checks': { kind: 'default' },
      'migrations.folder': { kind: 'variable', name: 'DBCTL_MIGRATIONS_FOLDER' },
      'environments.prod.url.variable': { kind: 'file', file: 'dbctl.yaml', line: 7, column: 11 },
      'environments.prod.protected': { kind: 'default' },
    });
    expect(origins.has('environments.prod.tls')).toBe(false);
  });

  it('exist for every value of the configuration', async () => {
    const every = GOOD_FILES.find(({ name }) => name === 'every key')?.yaml ?? '';
    const { config, origins } = await load(every, { env: 'prod' });
    const leaves = (value: unknown, path: string): string[] =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && !/\.(?:signer|sessions|settings)$/.test(path)
        ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`))
        : value === undefined || /^environments\.[^.]+\.name$/.test(path)
          ? []
          : [path];
    expect([...origins.keys()].toSorted()).toEqual(leaves(config, '').toSorted());
  });
});

describe('the search for dbctl.yaml', () => {
  const above = (files: Record<string, string>, folder: string) => {
    const root = project(files);
    mkdirSync(join(root, folder), { recursive: true });
    return { root, cwd: join(root, folder) };
  };

  it('goes up to the folder that has .git, and relative paths resolve against the folder it is found in', async () => {
    const { root, cwd } = above({ 'dbctl.yaml': HEAD }, 'src/deep');
    const loaded = await loadConfig({ cwd, env: 'dev', variables: {} });
    expect(loaded).toMatchObject({ file: join(root, 'dbctl.yaml'), folder: root });
    expect(loaded.origins.get('project')).toEqual({ kind: 'file', file: '../../dbctl.yaml', line: 2, column: 1 });
  });

  it('does not leave the repository: above may be a stranger', async () => {
    const { cwd } = above({ 'dbctl.yaml': HEAD }, 'other');
    mkdirSync(join(cwd, '.git'));
    expect(await loadConfig({ cwd, env: 'dev', variables: {} })).toMatchObject({ file: null, folder: cwd });
  });

  it('takes the nearest of two', async () => {
    const root = project({ 'dbctl.yaml': HEAD, 'service/dbctl.yaml': 'version: 1\nproject: service\n' });
    const { config } = await loadConfig({ cwd: join(root, 'service'), env: 'dev', variables: {} });
    expect(config.project).toBe('service');
  });

  it('without a file all defaults hold, the folder names the project and DATABASE_URL the database', async () => {
    const { cwd } = above({}, '2 My App!');
    const { config, file, environment, origins } = await loadConfig({ cwd, env: 'dev', variables: {} });
    expect({ file, project: config.project }).toEqual({ file: null, project: 'my-app' });
    expect(environment).toMatchObject({ name: 'dev', url: undefined, embedded: false });
    expect(new Set([...origins.values()].map(({ kind }) => kind))).toEqual(new Set(['default']));
  });

  it('without a file there is no other environment', async () => {
    await expect(loadConfig({ cwd: project({}), env: 'prod', variables: {} })).rejects.toMatchObject({
      code: 'config.invalid',
      message: 'no environment "prod": there is no dbctl.yaml here or in a folder above',
    });
  });

  it('is left out when the file is named, relative to the folder one is in', async () => {
    const root = project({ 'dbctl.yaml': 'broken: [', 'conf/other.yml': HEAD });
    const loaded = await loadConfig({ cwd: root, file: 'conf/other.yml', env: 'dev', variables: {} });
    expect(loaded).toMatchObject({ file: join(root, 'conf/other.yml'), folder: join(root, 'conf') });
  });

  it('warns of dbctl.yml, which is not read', async () => {
    const loaded = await loadConfig({ cwd: project({ 'dbctl.yml': HEAD }), env: 'dev', variables: {} });
    expect(loaded.file).toBe(null);
    expect(loaded.warnings).toEqual(['dbctl.yml is not read: dbctl reads dbctl.yaml, rename it']);
  });
});

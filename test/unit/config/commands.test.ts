import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as configSchema from '../../../src/commands/config-schema.ts';
import * as configShow from '../../../src/commands/config-show.ts';
import type { Context } from '../../../src/commands/context.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { loadConfig, type ConfigRequest } from '../../../src/config/load.ts';
import { HEAD } from './support/bad-file.ts';
import { load } from './support/project.ts';

const root = resolve(import.meta.dirname, '../../..');

/** The commands read nothing of the context but the configuration. */
const contextFor = (loaded: ReturnType<typeof load>) => ({ config: () => loaded }) as unknown as Context;
const show = (yaml: string, request: Partial<ConfigRequest> = {}) => configShow.run({}, contextFor(load(yaml, request)));

describe('dbctl config show', () => {
  it('lists every key with its value as it would be written, and where it is from', async () => {
    const answer = await show(
      `${HEAD}postgres: {version: "18.2", extensions: {required: [pgcrypto, pg_trgm]}}\nenvironments:\n  dev: {url: {variable: DEV_URL}}\n  ci: {}\n`,
      { variables: { DBCTL_MIGRATIONS_LOCK_WAIT: '90s' }, flags: { 'verify.fail_on': 'high' } },
    );
    const rows = answer.items.map(({ object, message, from }) => [object, message, from]);
    expect(rows).toContainEqual(['postgres.version', '"18.2"', 'dbctl.yaml:3:12']);
    expect(rows).toContainEqual(['postgres.extensions.required', '[pgcrypto, pg_trgm]', 'dbctl.yaml:3:42']);
    expect(rows).toContainEqual(['migrations.lock_wait', '90s', 'DBCTL_MIGRATIONS_LOCK_WAIT']);
    expect(rows).toContainEqual(['migrations.lock_timeout', '2s', 'default']);
    expect(rows).toContainEqual(['migrations.statement_timeout', '0', 'default']);
    expect(rows).toContainEqual(['verify.fail_on', 'high', 'command line']);
    expect(rows).toContainEqual(['environments.dev.url.variable', 'DEV_URL', 'dbctl.yaml:5:15']);
    expect(rows.filter(([key]) => (key as string).startsWith('environments.ci'))).toEqual([]);
    expect(answer.summary).toMatchObject({
      environment: 'dev',
      keys: 92,
      origins: { file: 5, variable: 1, flag: 1, overlay: 0 },
    });
    expect(answer.view?.notes?.slice(1)).toEqual(['Other environments: ci.']);
  });

  it('gives programs the value and the origin with each item', async () => {
    const answer = await show(`${HEAD}environments: {dev: {overlay: {verify: {skip: [tz-server]}}}}\n`);
    expect(answer.items.find(({ id }) => id === 'verify.skip')).toEqual({
      id: 'verify.skip',
      object: 'verify.skip',
      status: 'pass',
      severity: 'info',
      message: '[tz-server]',
      fix: null,
      detail: null,
      value: ['tz-server'],
      from: 'dbctl.yaml:3:41 (overlay)',
      origin: { kind: 'overlay', file: 'dbctl.yaml', line: 3, column: 41 },
    });
  });

  it('never shows what the named variable holds', async () => {
    const secret = 'postgresql://app:hunter2hunter2@db/lab';
    const answer = await show(`${HEAD}environments: {dev: {url: {variable: DEV_URL}}}\n`, {
      variables: { DEV_URL: secret, DATABASE_URL: secret },
    });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });

  it('says when there is no file, and where the URL then comes from', async () => {
    const loaded = loadConfig({ cwd: '/', env: 'dev', variables: { DBCTL_VERFIY_FAIL_ON: 'low' } });
    const answer = await configShow.run({}, contextFor(loaded));
    expect(answer.view?.notes).toEqual([
      'There is no dbctl.yaml here or in a folder above: defaults hold.',
      'The connection URL comes from the variable DATABASE_URL.',
      'environment variable DBCTL_VERFIY_FAIL_ON is not known to dbctl, did you mean DBCTL_VERIFY_FAIL_ON',
    ]);
  });

  it('fails with every problem of a broken file', async () => {
    await expect(show('version: 1\n')).rejects.toMatchObject({ code: 'config.invalid' });
  });
});

describe('dbctl config schema', () => {
  it('prints the schema, and has it in the summary for programs', async () => {
    const answer = await configSchema.run({}, {} as Context);
    expect(answer.summary).toEqual({ schema: configJsonSchema() });
    expect(JSON.parse(answer.view?.text ?? '')).toEqual(configJsonSchema());
  });
});

describe('the reference project', () => {
  const environment = async (env: string) => (await loadConfig({ cwd: root, env, variables: {} })).environment;

  it('has an embedded dev, a ci on DATABASE_URL and a protected prod', async () => {
    expect(await environment('dev')).toMatchObject({ embedded: true, protected: false });
    expect(await environment('ci')).toMatchObject({ url: { variable: 'DATABASE_URL' }, protected: false });
    expect(await environment('prod')).toMatchObject({
      url: { variable: 'PROD_DATABASE_URL' },
      protected: true,
      tls: 'verify-full',
    });
  });

  it('requires the extensions the platform needs', async () => {
    const { config } = await loadConfig({ cwd: root, env: 'prod', variables: {} });
    expect(config.postgres.extensions.required).toEqual(['pgcrypto', 'uuid-ossp', 'pg_trgm', 'pg_stat_statements']);
  });
});

import { describe, expect, it } from 'vitest';
import { CONFIG_KEYS, PROJECT_KEYS } from '../../../src/config/keys.ts';
import { configReference } from '../../../src/config/reference.ts';
import { flowText } from '../../../src/config/flow.ts';
import type { Json } from '../../../src/core/json.ts';
import { HEAD } from './support/bad-file.ts';
import { load } from './support/project.ts';

describe('the configuration reference', () => {
  const lines = configReference().split('\n');

  it('is a table with a row for every key', () => {
    expect(lines.slice(0, 2)).toEqual([
      '| key | type | default | environment variable | meaning |',
      '| --- | --- | --- | --- | --- |',
    ]);
    expect(lines.slice(2).map((line) => /^\| `([^`]+)`/.exec(line)?.[1])).toEqual(CONFIG_KEYS.map(({ name }) => name));
  });

  it.each([
    '| `project` | name | required | `DBCTL_PROJECT` | Name of the project; names its development database and marks its records. |',
    '| `migrations.lock_timeout` | duration | `2s` | `DBCTL_MIGRATIONS_LOCK_TIMEOUT` | Longest a migration statement waits for a lock; 0 is no limit. |',
    '| `verify.skip` | list | `[]` |  | Checks that do not run here; prefer a waiver, which has an owner and an end. |',
    '| `dev.engine` | `embedded` `container` | `embedded` | `DBCTL_DEV_ENGINE` | What runs the development server. |',
  ])('%s', (row) => {
    expect(lines).toContain(row);
  });

  it('has a meaning, a full sentence, for every key', () => {
    expect(CONFIG_KEYS.filter(({ meaning }) => !/^[A-Z'a-z].*\.$/.test(meaning)).map(({ name }) => name)).toEqual([]);
  });

  it('shows defaults as they could be written in the file', async () => {
    const written = PROJECT_KEYS.filter((key) => key.default !== undefined).map(({ path, default: value }) =>
      path.toReversed().reduce((inner, part) => `{${part}: ${inner}}`, flowText(value as Json)),
    );
    const { config } = await load(HEAD);
    for (const section of written) {
      const [, key = '', body = ''] = /^\{(\w+): (.*)\}$/s.exec(section) ?? [];
      expect((await load(`${HEAD}${key}: ${body}\n`)).config, section).toEqual(config);
    }
    expect(written.length).toBeGreaterThan(15);
  });
});

import { describe, expect, it } from 'vitest';
import { ConfigError, problemText } from '../../../src/config/problem.ts';
import { ruleName } from '../../../src/config/retention-text.ts';
import { HEAD } from './support/bad-file.ts';
import { load } from './support/project.ts';

const RULE = 'table: app.jobs, keep: 30 days, by: at, then: delete, basis: support';
const file = (...rules: readonly string[]): string =>
  `${HEAD}retention:\n  rules:\n${rules.map((rule) => `    - { ${rule} }\n`).join('')}`;

async function problems(yaml: string): Promise<string[]> {
  const thrown: unknown = await load(yaml).then(
    () => undefined,
    (error: unknown) => error,
  );
  return thrown instanceof ConfigError ? thrown.problems.map(problemText) : [];
}

describe('retention rules', () => {
  it('have defaults, in the units programs use', async () => {
    const { config } = await load(
      file(RULE, `${RULE}, name: others, where: a = 1, batch: 5, pause: 1s, max_time: 0, max_lag: 1GB`),
    );
    expect(config.retention.rules).toMatchObject([
      { table: 'app.jobs', keep: '30 days', batch: 1000, pause: 100, max_time: 600_000, max_lag: 67_108_864 },
      { name: 'others', where: 'a = 1', batch: 5, pause: 1000, max_time: 0, max_lag: 1_073_741_824 },
    ]);
    expect(config.retention.rules.map(ruleName)).toEqual(['app-jobs', 'others']);
  });

  it('of an overlay replace the list', async () => {
    const { config } = await load(`${file(RULE)}environments:\n  dev: { overlay: { retention: { rules: [] } } }\n`);
    expect(config.retention.rules).toEqual([]);
  });

  const change = (from: string, to: string): string => file(RULE.replace(from, to));
  it.each([
    [
      change('30 days', '30d'),
      [
        'dbctl.yaml:5:32: retention.rules[0].keep: expected an age such as 24 hours, 30 days or 13 months, found the text "30d": write "30 days"',
      ],
    ],
    [
      change('30 days', '3 m'),
      ['dbctl.yaml:5:32: retention.rules[0].keep: expected an age such as 24 hours, 30 days or 13 months, found the text "3 m"'],
    ],
    [
      change('30 days', '0 days'),
      [
        'dbctl.yaml:5:32: retention.rules[0].keep: expected an age such as 24 hours, 30 days or 13 months, found the text "0 days"',
      ],
    ],
    [
      change('30 days', '-1 day'),
      [
        'dbctl.yaml:5:32: retention.rules[0].keep: expected an age such as 24 hours, 30 days or 13 months, found the text "-1 day"',
      ],
    ],
    [
      change('30 days', '30'),
      ['dbctl.yaml:5:32: retention.rules[0].keep: expected an age such as 24 hours, 30 days or 13 months, found the number 30'],
    ],
    [change('delete', 'archive'), ['dbctl.yaml:5:55: retention.rules[0].then: expected one of delete, found the text "archive"']],
    [
      change('app.jobs', 'jobs'),
      [
        'dbctl.yaml:5:16: retention.rules[0].table: expected a table with its schema such as dbctl.schema_migrations, found the text "jobs"',
      ],
    ],
    [
      change(', basis: support', ''),
      [
        'dbctl.yaml:5:7: retention.rules[0].basis: missing, expected the law, contract or decision behind the rule, in 3 to 2000 characters',
      ],
    ],
    [change('by: at', 'bye: at'), ['dbctl.yaml:5:41: retention.rules[0].bye: unknown key, did you mean by']],
    [
      file(`${RULE}, batch: 0`),
      ['dbctl.yaml:5:86: retention.rules[0].batch: expected a whole number from 1 to 100000, found the number 0'],
    ],
    [
      file(`${RULE}, max_lag: 64`),
      ['dbctl.yaml:5:88: retention.rules[0].max_lag: expected a size such as 64MB, from 1kB to 9999GB, found the number 64'],
    ],
    [
      file(`${RULE}, where: ""`),
      ['dbctl.yaml:5:79: retention.rules[0].where: expected an SQL condition on one row, found the text ""'],
    ],
    [
      file(RULE, RULE),
      ['dbctl.yaml:6:16: retention.rules[1].table: rule app-jobs is there twice: give one of them another name'],
    ],
  ])('that say what cannot be are refused at their place: %#', async (yaml, expected) => {
    expect(await problems(yaml)).toEqual(expected);
  });

  it('for an append-only table contradict it, in an overlay too', async () => {
    const guarded = 'immutability: { tables: [{ table: app.jobs }] }\n';
    const message = 'rule app-jobs deletes from app.jobs, which is append-only: nobody can delete from it';
    expect(await problems(file(RULE) + guarded)).toEqual([`dbctl.yaml:4:3: retention.rules: ${message}`]);
    expect(await problems(`${file(RULE)}environments:\n  dev: {}\n  prod: { overlay: { ${guarded.trim()} } }\n`)).toEqual([
      `dbctl.yaml:4:3: retention.rules: ${message}`,
    ]);
  });
});

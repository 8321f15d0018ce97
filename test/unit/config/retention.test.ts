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
    [
      change('delete', 'archiv'),
      [
        'dbctl.yaml:5:55: retention.rules[0].then: expected one of delete, archive, move-blobs, found the text "archiv": did you mean archive',
      ],
    ],
    [
      change(', then: delete', ''),
      ['dbctl.yaml:5:7: retention.rules[0].then: missing, expected one of delete, archive, move-blobs'],
    ],
    [
      `${HEAD}retention:\n  rules: [delete]\n`,
      ['dbctl.yaml:4:11: retention.rules[0]: expected a mapping, found the text "delete"'],
    ],
    [file(`${RULE}, as: parquet`), ['dbctl.yaml:5:79: retention.rules[0].as: only with then: archive']],
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

describe('rules that archive', () => {
  const ARCHIVE = 'table: app.log, keep: 13 months, then: archive, basis: law';
  const GUARDED = 'immutability: { tables: [{ table: app.log }] }\n';
  const COLD = 'archive: { destinations: [{ name: cold, type: folder, path: cold }] }\n';

  it('have defaults of their own', async () => {
    const { config } = await load(file(ARCHIVE) + GUARDED + COLD);
    expect(config.retention.rules).toEqual([
      { table: 'app.log', keep: '13 months', then: 'archive', basis: 'law', max_time: 0, max_lag: 67_108_864 },
    ]);
    const all = `${ARCHIVE}, name: log, by: at, destination: cold, as: parquet, retain: 7 years, max_time: 1h, max_lag: 1MB`;
    expect((await load(file(all) + GUARDED + COLD)).config.retention.rules).toMatchObject([
      { name: 'log', by: 'at', destination: 'cold', as: 'parquet', retain: '7 years', max_time: 3_600_000 },
    ]);
  });

  it.each([
    [
      'where',
      'where: a = 1',
      `dbctl.yaml:5:69: retention.rules[0].where: only with then: delete: a partition leaves whole or not at all`,
    ],
    [
      'batch',
      'batch: 5',
      'dbctl.yaml:5:69: retention.rules[0].batch: only with then: delete: a partition leaves whole, in one transaction',
    ],
    ['wher', 'wher: a', 'dbctl.yaml:5:69: retention.rules[0].wher: unknown key'],
    [
      'retain',
      'retain: 7y',
      'dbctl.yaml:5:77: retention.rules[0].retain: expected an age such as 24 hours, 30 days or 13 months, found the text "7y": write "7 years"',
    ],
    ['as', 'as: orc', 'dbctl.yaml:5:73: retention.rules[0].as: expected one of csv.gz, parquet, found the text "orc"'],
  ])('and refuse what they cannot do: %s', async (_what, more, expected) => {
    expect(await problems(file(`${ARCHIVE}, ${more}`) + GUARDED + COLD)).toEqual([expected]);
  });

  const where = 'dbctl.yaml:4:3: retention.rules: ';
  const locked =
    'archive: { destinations: [{ name: cold, type: s3, bucket: lab, region: eu, lock: { mode: compliance, days: 2500 } }] }\n';
  it.each([
    [
      'a table that is not guarded',
      ARCHIVE,
      COLD,
      'rule app-log archives app.log, which immutability.tables does not list: only what nobody can change leaves by its copy',
    ],
    ['no destination', ARCHIVE, GUARDED, 'rule app-log archives app.log, and archive.destinations is empty'],
    [
      'a destination there is not',
      `${ARCHIVE}, destination: moon`,
      GUARDED + COLD,
      'rule app-log archives into moon, which is none of archive.destinations: cold',
    ],
    [
      'a lock that ends before the copy may go',
      `${ARCHIVE}, retain: 7 years`,
      GUARDED + locked,
      'rule app-log keeps copies for 7 years, and the lock of cold ends after 2500 days: 2557 are needed',
    ],
  ])('contradict what they need: %s', async (_what, rule, rest, message) => {
    expect(await problems(file(rule) + rest)).toEqual([where + message]);
  });

  it('are one for a table', async () => {
    expect(await problems(file(ARCHIVE, `${ARCHIVE}, name: again`) + GUARDED + COLD)).toEqual([
      `${where}rules app-log and again both archive app.log: keep one`,
    ]);
  });
});

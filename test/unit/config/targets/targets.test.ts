import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { targetsJsonSchema } from '../../../../src/config/json-schema.ts';
import { ConfigError, problemText } from '../../../../src/config/problem.ts';
import { loadTargets, parseTargets } from '../../../../src/config/targets/load.ts';
import { parseLabel, selectTargets } from '../../../../src/config/targets/select.ts';
import { BAD_TARGETS_FILES } from './bad-targets-files.ts';

const read = (yaml: string) => parseTargets(yaml, 'targets.yaml', ['dev', 'prod']);

function failure(yaml: string): ConfigError {
  try {
    read(yaml);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown;
    throw thrown;
  }
  throw new Error('the file was accepted');
}

const GOOD = `version: 1
targets:
  - name: eu-1
    environment: prod
    url: { variable: EU_1_URL }
    database: shop
    tls: verify-full
    system_identifier: "7581209461837502935"
    labels: { region: eu, tier: gold }
  - { name: eu-2, url: { file: secrets/eu-2.url }, labels: { region: eu } }
  - { name: us-1, labels: { region: us } }
`;

describe('a broken targets.yaml', () => {
  it.each(BAD_TARGETS_FILES)('$name', ({ yaml, problems, secret }) => {
    const error = failure(yaml);
    expect(error.problems.map(problemText)).toEqual(problems);
    expect(error.code).toBe(secret === true ? 'secret.exposed' : 'config.invalid');
    expect(JSON.stringify([error, error.message, error.detail, error.hint, error.position])).not.toContain('hunter2');
  });
});

describe('the JSON Schema of targets.yaml', () => {
  const accepts = new Ajv2020({ allErrors: true, strictTypes: true, allowUnionTypes: true }).compile(targetsJsonSchema());
  it.each(BAD_TARGETS_FILES)(
    'refuses what dbctl refuses, but for rules of several values: $name',
    ({ yaml, beyondSchema, secret }) => {
      if (secret !== true) expect(accepts(parse(yaml))).toBe(beyondSchema === true);
    },
  );

  it('accepts a good file', () => {
    expect(accepts(parse(GOOD)), JSON.stringify(accepts.errors)).toBe(true);
  });
});

describe('a good targets.yaml', () => {
  it('is read whole, in its order', () => {
    expect(read(GOOD)).toEqual([
      {
        name: 'eu-1',
        environment: 'prod',
        url: { variable: 'EU_1_URL' },
        database: 'shop',
        tls: 'verify-full',
        systemIdentifier: '7581209461837502935',
        labels: { region: 'eu', tier: 'gold' },
        at: { line: 3, column: 11 },
      },
      expect.objectContaining({ name: 'eu-2', environment: undefined, url: { file: 'secrets/eu-2.url' } }),
      expect.objectContaining({ name: 'us-1', url: undefined, labels: { region: 'us' } }),
    ]);
  });

  it('is as large as a file may be: 3,000 targets in a second or two', () => {
    const many = Array.from(
      { length: 3000 },
      (_, index) => `  - { name: db-${index}, url: { variable: URL_${index} }, labels: { shard: "${index % 10}" } }\n`,
    );
    const before = process.cpuUsage();
    expect(read(`version: 1\ntargets:\n${many.join('')}`)).toHaveLength(3000);
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(5);
  });

  it.each<[string[], string[]]>([
    [[], ['eu-1', 'eu-2', 'us-1']],
    [['region=eu'], ['eu-1', 'eu-2']],
    [['region=eu', 'tier=gold'], ['eu-1']],
    [
      ['region=us', 'region=eu'],
      ['eu-1', 'eu-2', 'us-1'],
    ],
  ])('has by the labels %j: %j', (labels, names) => {
    const inventory = { label: 'targets.yaml', folder: '/', targets: read(GOOD) };
    expect(selectTargets(inventory, labels.map(parseLabel)).map(({ name }) => name)).toEqual(names);
  });

  it('is not empty by any labels: that would be a report without findings', () => {
    const inventory = { label: 'targets.yaml', folder: '/', targets: read(GOOD) };
    expect(() => selectTargets(inventory, ['region=us', 'tier=gold'].map(parseLabel))).toThrow(
      'no target of targets.yaml has all of region=us, tier=gold',
    );
    expect(() => selectTargets(inventory, [parseLabel('constructor=x')])).toThrow(
      'no target of targets.yaml has the label constructor',
    );
  });
});

describe('an inventory', () => {
  const many = (count: number) =>
    `version: 1\ntargets:\n${Array.from(
      { length: count },
      (_, n) =>
        `  - { name: t-${n}, url: { variable: URL_${n} }, database: d${n}, tls: verify-full, labels: { a: eu, b: s${n % 7}, c: x } }\n`,
    ).join('')}`;

  it('holds ten thousand targets, and says where the next one stands', { timeout: 30_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dbctl-targets-'));
    await writeFile(join(folder, 'targets.yaml'), many(10_000));
    const { targets } = await loadTargets('targets.yaml', folder, []).finally(() => void rm(folder, { recursive: true }));
    expect(targets).toHaveLength(10_000);
    expect(failure(many(10_002)).problems.map(problemText)).toEqual([
      'targets.yaml:10003:5: targets[10000]: a file holds 10000 targets, and this is the first of 2 more: put them into another file',
    ]);
  });

  it('is no way to fill the memory with aliases', () => {
    const lines = Array.from(
      { length: 60 },
      (_, n) =>
        `l${n}: &l${n} [${Array(9)
          .fill(`*l${n - 1}`)
          .join(', ')}]`,
    ).slice(1);
    expect(problemText(failure(`l0: &l0 [x]\n${lines.join('\n')}`).problems[0] as never)).toMatch(
      /more than 400000 keys and values/,
    );
  });
});

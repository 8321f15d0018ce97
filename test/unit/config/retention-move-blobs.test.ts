import { describe, expect, it } from 'vitest';
import { ConfigError, problemText } from '../../../src/config/problem.ts';
import { HEAD } from './support/bad-file.ts';
import { load } from './support/project.ts';

const FROM = 'from: [{ name: hot, type: folder, path: artifacts }]';
const RULE = `table: app.proof, keep: 180 days, by: at, then: move-blobs, basis: law, ${FROM}`;
const COLD =
  'archive: { destinations: [{ name: cold, type: folder, path: cold }, { name: far, type: s3, bucket: far, region: eu-1, prefix: lab/, lock: { mode: compliance, days: 30 } }] }\n';
const file = (rule: string, rest = COLD): string => `${HEAD}retention:\n  rules:\n    - { ${rule} }\n${rest}`;

async function problems(yaml: string): Promise<string[]> {
  const thrown: unknown = await load(yaml).then(
    () => undefined,
    (error: unknown) => error,
  );
  return thrown instanceof ConfigError ? thrown.problems.map((one) => problemText(one).replace(/^dbctl.yaml:\d+:\d+: /, '')) : [];
}

describe('rules that move blobs', () => {
  it('have defaults, also for an append-only table', async () => {
    const { config } = await load(file(RULE, `${COLD}immutability: { tables: [{ table: app.proof }] }\n`));
    expect(config.retention.rules).toMatchObject([
      {
        then: 'move-blobs',
        columns: { location: 'location', sha256: 'sha256', bytes: 'size_bytes' },
        from: [{ name: 'hot', type: 'folder', path: 'artifacts' }],
        batch: 100,
        pause: 100,
        max_time: 600_000,
      },
    ]);
    const all = `${RULE}, name: proofs, where: a = 1, columns: { location: uri, bytes: length }, destination: far, retain: 30 days, batch: 5, pause: 0, max_time: 1h`;
    expect((await load(file(all))).config.retention.rules).toMatchObject([
      {
        name: 'proofs',
        where: 'a = 1',
        columns: { location: 'uri', sha256: 'sha256', bytes: 'length' },
        destination: 'far',
        retain: '30 days',
      },
    ]);
  });

  it.each<[string, string, string | undefined, string]>([
    ['no place', RULE.replace(`, ${FROM}`, ''), undefined, 'retention.rules[0].from: missing, expected a list of places'],
    [
      'an empty list of places',
      RULE.replace(FROM, 'from: []'),
      undefined,
      'retention.rules[0].from: name at least one place: a folder or a bucket',
    ],
    [
      'a place on another machine',
      RULE.replace(FROM, 'from: [{ name: hot, type: sftp, host: h, path: p }]'),
      undefined,
      'retention.rules[0].from[0].type: blobs are moved from a folder or from a bucket',
    ],
    [
      'a bucket as it was then',
      RULE.replace(FROM, 'from: [{ name: hot, type: s3, bucket: hot, region: eu-1, as_of: "2026-01-01T00:00:00Z" }]'),
      undefined,
      'retention.rules[0].from[0].as_of: what is read as it was then cannot be taken away',
    ],
    [
      'two places of one name',
      RULE.replace(FROM, 'from: [{ name: hot, type: folder, path: a }, { name: hot, type: folder, path: b }]'),
      undefined,
      'retention.rules[0].from[1].name: "hot" is listed twice',
    ],
    ['an unknown column', `${RULE}, columns: { size: x }`, undefined, 'retention.rules[0].columns.size: unknown key'],
    [
      'no destination at all',
      RULE,
      '',
      'retention.rules: rule app-proof moves blobs of app.proof, and archive.destinations is empty',
    ],
    [
      'a destination there is not',
      `${RULE}, destination: moon`,
      undefined,
      'retention.rules: rule app-proof moves blobs into moon, which is none of archive.destinations: cold, far',
    ],
    [
      'a lock that ends too early',
      `${RULE}, destination: far, retain: 7 years`,
      undefined,
      'retention.rules: rule app-proof keeps copies for 7 years, and the lock of far ends after 30 days: 2557 are needed',
    ],
    [
      'a folder that is the destination',
      RULE.replace('path: artifacts', 'path: cold'),
      undefined,
      'retention.rules: rule app-proof moves blobs from hot to cold, which overlap: what is taken away from the one would be gone from the other',
    ],
    [
      'a bucket that holds the destination',
      `${RULE.replace(FROM, 'from: [{ name: hot, type: s3, bucket: far, region: eu-1 }]')}, destination: far`,
      undefined,
      'retention.rules: rule app-proof moves blobs from hot to far, which overlap: what is taken away from the one would be gone from the other',
    ],
    ['a format', `${RULE}, as: parquet`, undefined, 'retention.rules[0].as: only with then: archive'],
  ])('are refused with %s', async (_, rule, rest, expected) => {
    expect(await problems(file(rule, rest))).toEqual([expect.stringContaining(expected) as string]);
  });
});

import { describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { versionNumber } from '../../../src/core/pin.ts';
import { ageInDays, closedBetween, judgeBump, newestOf, stepsBetween } from '../../../src/ops/pin/judge.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';

const NO = { older: false, unknown: false };
function refusal(from: string, to: string, consent = NO): string {
  try {
    judgeBump(advisories, from, to, consent);
    return 'accepted';
  } catch (thrown) {
    if (thrown instanceof DbctlError) return `${thrown.code}: ${thrown.message}. ${thrown.hint}`;
    throw thrown;
  }
}

describe('a bump', () => {
  it.each([
    ['18.2', '18.6', 'accepted'],
    ['17.10', '18.6', 'accepted'],
    ['18.2', '18.2', 'accepted'],
    [
      '18.2',
      '18.5',
      'refused: PostgreSQL 18.5 was withdrawn before it was published. There is no such release; the next one is 18.6.',
    ],
    [
      '18.6',
      '18.10',
      'refused: the advisory data of 2026-08-29 knows no release 18.10. The newest it knows of that major is 18.6. Update dbctl (npm install dbctl@latest), or say --unknown.',
    ],
    [
      '18.6',
      '19.0',
      'refused: the advisory data of 2026-08-29 knows no release 19.0. Update dbctl (npm install dbctl@latest), or say --unknown.',
    ],
    [
      '18.6',
      '18.2',
      'refused: PostgreSQL 18.2 is older than the pin 18.6. It has 39 known holes that 18.6 closes. If it has to be, say --older.',
    ],
    ['18.2', '17.11', 'refused: PostgreSQL 17.11 is older than the pin 18.2. If it has to be, say --older.'],
    ['18.10', '18.6', 'refused: PostgreSQL 18.6 is older than the pin 18.10. If it has to be, say --older.'],
    ['18.2', '18', 'usage: "18" is no PostgreSQL release. Write major.minor, such as 18.6.'],
    ['18.2', '18.06', 'usage: "18.06" is no PostgreSQL release. Write major.minor, such as 18.6.'],
    ['18.2', '18.6.0', 'usage: "18.6.0" is no PostgreSQL release. Write major.minor, such as 18.6.'],
  ])('from %s to %s', (from, to, expected) => {
    expect(refusal(from, to)).toBe(expected);
  });

  it('to what is older or not known takes a word; what was withdrawn is no release', () => {
    expect(refusal('18.6', '18.2', { older: true, unknown: false })).toBe('accepted');
    expect(refusal('18.6', '18.10', { older: false, unknown: true })).toBe('accepted');
    expect(refusal('18.2', '18.5', { older: true, unknown: true })).toContain('withdrawn');
  });

  it('closes what later releases say they close, and asks for what they ask', () => {
    const [two, six] = [versionNumber('18.2'), versionNumber('18.6')];
    expect(closedBetween(advisories, two, six)).toHaveLength(39);
    expect(closedBetween(advisories, six, two)).toEqual([]);
    expect(stepsBetween(advisories, two, six).map(({ id }) => id)).toEqual([
      'btree-gist-float',
      'btree-gist-bit',
      'ltree-long',
      'gin-reltuples',
      'output-plugins',
      'pgcrypto-ciphers',
    ]);
    expect(stepsBetween(advisories, versionNumber('18.1'), two).map(({ id }) => id)).toEqual(['ltree-case']);
  });

  it('knows the newest of a major, and how old the data is', () => {
    expect([16, 17, 18].map((major) => newestOf(advisories, major))).toEqual([null, 170011, 180006]);
    expect(ageInDays(advisories, new Date('2026-12-07T12:00:00Z'))).toBe(100);
  });
});

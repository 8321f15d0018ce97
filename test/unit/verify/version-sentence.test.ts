import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { versionNumber, versionText } from '../../../src/core/pin.ts';
import { item } from '../../../src/core/report.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { CONDITIONS } from '../../../src/ops/verify/advisory-conditions.ts';
import { openAt, versionSentence, versionSummary } from '../../../src/ops/verify/version-sentence.ts';

const question = (server: string, pin = '18.2') => ({ server: versionNumber(server), pin: versionNumber(pin), advisories });
const AS_OF = 'by the advisory data of 2026-08-29';
const CLOSED =
  'CVE-2026-2004 (8.8, intarray), CVE-2026-2005 (8.8, pgcrypto), CVE-2026-2006 (8.8, core), CVE-2026-2007 (8.2, pg_trgm), CVE-2026-2003 (4.3, core)';

describe('what is said of the version', () => {
  it.each([
    [
      '18.2',
      `The server is at the pin 18.2. 18.2 closed ${CLOSED}. 39 known holes are open at 18.2, ${AS_OF}: 32 in the server, 7 in client programs. 18.6 is the newest release.`,
    ],
    [
      '18.1',
      `The server is 18.1, below the pin 18.2. It lacks what 18.2 closed: ${CLOSED}. 44 known holes are open at 18.1, ${AS_OF}: 37 in the server, 7 in client programs. 18.6 is the newest release.`,
    ],
    ['18.6', `The server is 18.6, above the pin 18.2. 18.2 closed ${CLOSED}. It is the newest release of its major, ${AS_OF}.`],
    [
      '18.5',
      `The server is 18.5, a release that was withdrawn. 18.2 closed ${CLOSED}. 28 known holes are open at 18.5, ${AS_OF}: 24 in the server, 4 in client programs. 18.6 is the newest release.`,
    ],
    ['18.10', 'The server is 18.10, newer than the advisory data of 2026-08-29: nothing is known about its holes.'],
    ['17.11', `The server is 17.11, below the pin 18.2. It is the newest release of its major, ${AS_OF}.`],
    ['16.4', 'The server is 16.4, below the pin 18.2.'],
  ])('%s', (server, sentence) => {
    expect(versionSentence(question(server))).toBe(sentence);
  });

  it('counts what the check found in reach, over all releases', () => {
    const found = (exposed: number, unseen: number, not: number) =>
      item({
        id: 'version-security-outdated',
        object: 'x',
        message: '',
        status: 'fail',
        detail: { exposed: Array(exposed).fill(''), not_seen: Array(unseen).fill(''), not_exposed: Array(not).fill('') },
      });
    expect(versionSentence(question('18.2'), [found(5, 0, 3), found(10, 0, 14)])).toContain(
      '32 in the server (15 in reach on this one, 17 not)',
    );
    expect(versionSentence(question('18.2'), [found(5, 2, 3)])).toContain(
      '(5 in reach on this one and 2 that the role could not look into, 3 not)',
    );
    const passed = item({ id: 'version-security-outdated', object: 'x', message: '' });
    expect(versionSentence(question('18.2'), [passed])).toContain('32 in the server, 7');
  });

  it('is counted in the summary', () => {
    expect(versionSummary(question('18.2'))).toEqual({
      server: '18.2',
      pin: '18.2',
      state: 'at-pin',
      newest: '18.6',
      open: 39,
      openInClients: 7,
      dataAsOf: '2026-08-29',
    });
  });

  it('compares versions as numbers: an update never opens a hole', () => {
    const minor = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(fc.constantFrom(17, 18), minor, minor, (major, one, other) => {
        const [older, newer] = [Math.min(one, other), Math.max(one, other)].map((number) => major * 10_000 + number) as [
          number,
          number,
        ];
        const before = new Set(openAt(advisories, older).map(({ id }) => id));
        expect(openAt(advisories, newer).filter(({ id }) => !before.has(id))).toEqual([]);
        expect(versionNumber(versionText(newer))).toBeGreaterThanOrEqual(versionNumber(versionText(older)));
      }),
    );
    expect(openAt(advisories, versionNumber('18.10'))).toEqual([]);
  });
});

describe('the conditions of the table', () => {
  const notLookedUp = (id: string, words: readonly string[]) => {
    const check = readFileSync(new URL(`../../../checks/${id}.sql`, import.meta.url), 'utf8');
    return words.filter((word) => !check.includes(`'${word}'`));
  };

  it('are looked up by version-security-outdated, every one but what no session sees', () => {
    expect(notLookedUp('version-security-outdated', CONDITIONS)).toEqual(['disabled cipher in use']);
  });

  it('of extensions are looked up by ext-cve-exposed, too', () => {
    const words = advisories.cves.filter(({ component }) => component === 'extension').flatMap(({ when }) => when.flat());
    const asked = [...new Set(words.filter((word) => !word.startsWith('extension ')))].toSorted();
    expect(asked).toEqual([
      '32-bit build',
      'amcheck granted',
      'create objects',
      'disabled cipher in use',
      'loaded pg_stat_statements',
    ]);
    expect(notLookedUp('ext-cve-exposed', asked)).toEqual(['disabled cipher in use']);
  });
});

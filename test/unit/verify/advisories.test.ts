import { describe, expect, it } from 'vitest';
import { PIN, versionNumber } from '../../../src/core/pin.ts';
import { advisories, covers, versionState } from '../../../src/ops/verify/advisories.ts';

const fixedBy = (version: string) => advisories.cves.filter(({ fixed }) => fixed.includes(versionNumber(version)));

describe('the advisory data', () => {
  // Counted in the release notes and CVE records; 18.4 and 18.6 together: 39, of which 18 score 8.8, 4 of those in client programs.
  it.each([
    ['17.6', 3],
    ['18.1', 2],
    ['17.7', 2],
    ['18.2', 5],
    ['17.8', 4],
    ['18.3', 0],
    ['18.4', 11],
    ['17.10', 10],
    ['18.6', 28],
    ['17.11', 25],
  ])('has for %s %i vulnerabilities', (version, count) => {
    expect(fixedBy(version)).toHaveLength(count);
  });

  it('has the worst of 18.4 and 18.6', () => {
    const worst = [...fixedBy('18.4'), ...fixedBy('18.6')].filter(({ score }) => score === 8.8);
    expect(worst).toHaveLength(18);
    expect(worst.filter(({ component }) => component === 'client')).toHaveLength(4);
  });

  it('names the three overflows the pin repairs', () => {
    const ids = fixedBy(PIN).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['CVE-2026-2005', 'CVE-2026-2006', 'CVE-2026-2007']));
  });

  it('hangs together: every fix is in a published release of a known major', () => {
    const published = new Set(advisories.releases.filter(({ status }) => status !== 'withdrawn').map(({ version }) => version));
    const fixed = advisories.cves.flatMap(({ fixed }) => fixed);
    expect(fixed.filter((version) => !published.has(version))).toEqual([]);
    const majors = new Set(advisories.majors.map(({ major }) => major));
    expect(advisories.releases.filter(({ version }) => !majors.has(Math.floor(version / 10_000)))).toEqual([]);
  });

  it('is ordered and has each thing once', () => {
    const ids = advisories.cves.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const versions = advisories.releases.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    expect(advisories.cves.every(({ component, extensions }) => (component === 'extension') === extensions.length > 0)).toBe(
      true,
    );
  });

  it('names a predecessor for every release out of cycle, and for no other', () => {
    for (const { status, version, fixes_regressions_of: of } of advisories.releases) {
      expect(of, String(version)).toBe(status === 'out-of-cycle' ? version - 1 : undefined);
    }
  });

  it('covers what it says', () => {
    expect([16, 17, 18, 19].map((major) => covers(advisories, major))).toEqual([false, true, true, false]);
  });
});

describe('where a server stands', () => {
  it.each([
    ['18.1', 'below-pin', '18.6'],
    ['18.2', 'at-pin', '18.6'],
    ['18.6', 'above-pin', '18.6'],
    ['18.5', 'withdrawn', '18.6'],
    ['18.7', 'unknown-newer', null],
    ['18.10', 'unknown-newer', null],
    ['17.11', 'below-pin', '17.11'],
    ['16.4', 'below-pin', null],
  ])('%s is %s', (version, state, newest) => {
    expect(versionState(advisories, versionNumber(version), 180002)).toMatchObject({ state, newest });
  });
});

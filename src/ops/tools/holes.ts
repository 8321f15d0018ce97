import { covers, type Advisories, type Vulnerability } from '../verify/advisories.ts';
import { majorOf } from './program.ts';

/**
 * Known holes of libpq and the client programs that are open in this version, worst first; null where the table says nothing of the major.
 */
export function openHoles(table: Advisories, versionNumber: number): readonly Vulnerability[] | null {
  const major = majorOf(versionNumber);
  if (!covers(table, major)) return null;
  return table.cves
    .filter(({ component }) => component === 'client')
    .filter(({ fixed }) => fixed.some((version) => majorOf(version) === major && versionNumber < version))
    .toSorted((a, b) => b.score - a.score);
}

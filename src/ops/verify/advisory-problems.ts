import { versionNumber, versionText } from '../../core/pin.ts';
import { SEVERITIES } from '../../core/report.ts';
import { isCondition } from './advisory-conditions.ts';
import type { Advisories, Vulnerability } from './advisories.ts';

/** What does not hang together in the table, one sentence each. Pure. */
export function tableProblems(table: Advisories): string[] {
  return [
    ...releaseProblems(table),
    ...table.cves.flatMap((cve) => cveProblems(cve, table)),
    ...orderProblems(table),
    ...stepProblems(table),
  ];
}

function releaseProblems({ releases, majors }: Advisories): string[] {
  const known = new Set(majors.map(({ major }) => major));
  return releases.flatMap(({ version, status, fixes_regressions_of: repaired }) => [
    ...(known.has(majorOf(version)) ? [] : [`release ${versionText(version)}: its major is not in majors`]),
    ...(repaired === (status === 'out-of-cycle' ? version - 1 : undefined)
      ? []
      : [`release ${versionText(version)}: fixes_regressions_of is for releases out of cycle, and names the one before`]),
  ]);
}

function cveProblems(
  { id, score, component, extensions, programs, subject, condition, when, fixed }: Vulnerability,
  { releases }: Advisories,
): string[] {
  const status = new Map(releases.map((release) => [release.version, release.status]));
  return [
    ...(/^CVE-\d{4}-\d{4,}$/.test(id) ? [] : [`${id} is no CVE id`]),
    ...(score >= 0 && score <= 10 ? [] : [`${id}: score ${score} is not between 0 and 10`]),
    ...(/[^ -~]/.test(subject + condition) ? [`${id}: a database in LATIN1 takes plain ASCII only`] : []),
    ...(fixed.length > 0 ? [] : [`${id}: fixed in no release`]),
    ...fixed
      .filter((version) => !status.has(version))
      .map((version) => `${id}: fixed in ${versionText(version)}, which is not among the releases`),
    ...fixed
      .filter((version) => status.get(version) === 'withdrawn')
      .map((version) => `${id}: fixed in ${versionText(version)}, which was withdrawn: the fix came with the next one`),
    ...((component === 'extension') === extensions.length > 0 ? [] : [`${id}: extensions are for component extension`]),
    ...((component === 'client') === programs.length > 0 ? [] : [`${id}: programs are for component client`]),
    ...((component === 'client') === (when.length === 0) ? [] : [`${id}: when is for what is in the server`]),
    ...when
      .flat()
      .filter((word) => !isCondition(word))
      .map((word) => `${id}: version-security-outdated does not know the condition "${word}"`),
  ];
}

function orderProblems({ releases, cves, majors }: Advisories): string[] {
  const rising = (what: string, keys: readonly (readonly number[])[]) =>
    keys.every((key, index) => index === 0 || before(keys[index - 1] as readonly number[], key))
      ? []
      : [`${what} are not sorted, or one is there twice`];
  return [
    ...rising(
      'releases',
      releases.map(({ version }) => [version]),
    ),
    ...rising(
      'majors',
      majors.map(({ major }) => [major]),
    ),
    ...rising(
      'cves',
      cves.map(({ id }) => id.split('-').slice(1).map(Number)),
    ),
  ];
}

const before = (a: readonly number[], b: readonly number[]): boolean => {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at !== -1 && (a[at] as number) < (b[at] as number);
};

function stepProblems({ post_upgrade: steps, releases }: Advisories): string[] {
  const status = new Map(releases.map((release) => [release.version, release.status]));
  const newest = (major: number) =>
    Math.max(...releases.map(({ version }) => version).filter((version) => majorOf(version) === major));
  // The next release may be announced; anything else that is not there is a slip.
  const isWrong = (version: number) =>
    status.get(version) === 'withdrawn' || (!status.has(version) && version !== newest(majorOf(version)) + 1);
  return [
    ...steps.flatMap(({ id, since }) =>
      since.filter(isWrong).map((version) => `${id}: since ${versionText(version)}, which is no release`),
    ),
    ...steps.filter(({ severity }) => !SEVERITIES.includes(severity)).map(({ id }) => `${id}: no such severity`),
    ...(new Set(steps.map(({ id }) => id)).size === steps.length ? [] : ['post_upgrade has an id twice']),
  ];
}

/** A record of the CVE list, version 5, as far as it is compared. */
export interface CveRecord {
  readonly cveMetadata: { readonly cveId: string };
  readonly containers: {
    readonly cna: {
      readonly affected: readonly { readonly versions: readonly { readonly lessThan?: string; readonly status: string }[] }[];
      readonly metrics?: readonly { readonly cvssV3_1?: { readonly baseScore: number } }[];
    };
  };
}

/**
 * Where the table and a published record differ. "Before 18.5" means before 18.6: 18.5 was withdrawn, and records written before that
 * still say so. Only majors the table covers are compared, from their first release in it on. Pure.
 */
export function recordProblems(table: Advisories, { cveMetadata: { cveId }, containers: { cna } }: CveRecord): string[] {
  const covered = new Set(table.releases.map(({ version }) => majorOf(version)));
  const said = cna.affected
    .flatMap(({ versions }) => versions)
    .flatMap(({ status, lessThan }) =>
      status === 'affected' && /^\d+\.\d+$/.test(lessThan ?? '') ? [versionNumber(lessThan as string)] : [],
    )
    .filter((version) => covered.has(majorOf(version)))
    .map((version) => published(table, version))
    .toSorted((a, b) => a - b);
  const entry = table.cves.find(({ id }) => id === cveId);
  if (entry === undefined) return said.length === 0 ? [] : [`${cveId} is not in the table, and affects a major it covers`];
  const score = cna.metrics?.flatMap(({ cvssV3_1: cvss }) => cvss?.baseScore ?? [])[0];
  const list = (versions: readonly number[]) => versions.map(versionText).join(', ');
  return [
    ...(list(said) === list(entry.fixed) ? [] : [`${cveId}: fixed in ${list(entry.fixed)}, and the record says ${list(said)}`]),
    ...(score === undefined || score === entry.score ? [] : [`${cveId}: score ${entry.score}, and the record says ${score}`]),
  ];
}

/** The release itself, or the first one after it that was published. */
function published({ releases }: Advisories, version: number): number {
  const next = releases.find(
    (release) => release.version >= version && majorOf(release.version) === majorOf(version) && release.status !== 'withdrawn',
  );
  return releases.some((release) => release.version === version && release.status === 'withdrawn')
    ? (next?.version ?? version)
    : version;
}

const majorOf = (version: number): number => Math.floor(version / 10_000);

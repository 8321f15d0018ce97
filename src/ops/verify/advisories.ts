import { versionText } from '../../core/pin.ts';
import type { Severity } from '../../core/report.ts';
import { requireSigned } from './advisory-digest.ts';
import data from './advisories.json' with { type: 'json' };

export interface Release {
  /** As `server_version_num`: 180002 is 18.2. */
  readonly version: number;
  readonly date: string;
  /** `withdrawn` was announced and never published; `out-of-cycle` came early, to repair its predecessor. */
  readonly status: 'released' | 'out-of-cycle' | 'withdrawn';
  readonly fixes_regressions_of?: number;
}

export interface Vulnerability {
  readonly id: string;
  /** CVSS 3 base score. */
  readonly score: number;
  /** `core`: every server · `extension`: servers where one of `extensions` is installed · `client`: libpq and the client programs. */
  readonly component: 'core' | 'extension' | 'client';
  readonly extensions: readonly string[];
  /** Of a client's: the programs it is in; `libpq` is in all of them. */
  readonly programs: readonly string[];
  readonly subject: string;
  /** What has to be true for somebody to be reachable through it, for people. */
  readonly condition: string;
  /** The same for version-security-outdated: one of the lists, all of its words. `[[]]` is always true; of client programs it is empty. */
  readonly when: readonly (readonly string[])[];
  /** The first safe release of each major that is affected, as `server_version_num`. */
  readonly fixed: readonly number[];
}

/** What an update does not do by itself; version-post-upgrade looks for what is concerned. */
export interface PostUpgradeStep {
  readonly id: string;
  /** The first release of each major after which it has to be done; one that is not out yet is announced. */
  readonly since: readonly number[];
  readonly detect: string;
  readonly severity: Severity;
  readonly step: 'reindex' | 'analyze' | 'list the plugin' | 're-encrypt';
  readonly reason: string;
  readonly source: string;
}

/**
 * What is known about PostgreSQL's releases, shipped with dbctl so that verify needs no network. Field names are those of the
 * jsonb the checks read. Versions are integers: compared as text or as decimal numbers 18.10 would be older than 18.6.
 */
export interface Advisories {
  /** The last day the sources were read. */
  readonly data_as_of: string;
  readonly majors: readonly { readonly major: number; readonly first_release: string; readonly end_of_life: string }[];
  readonly releases: readonly Release[];
  readonly cves: readonly Vulnerability[];
  readonly post_upgrade: readonly PostUpgradeStep[];
  /** Of the rest, see {@link advisoryDigest}. */
  readonly sha256: string;
}

/**
 * Sources: the release notes, the release and CVE records of postgresql.org (pgweb, 2026-08-13), checked against the CVE list
 * (2026-08-29), which says 18.6 where pgweb said 18.5: 18.5 was withdrawn. Majors 17 (from 17.3 on) and 18 are covered; for older ones
 * only the end of life. `npm run advisories` signs a changed table, and refuses one that does not hang together.
 */
export const advisories = requireSigned(data as Advisories);

/** True when the releases and vulnerabilities of that major are in the table. */
export function covers(table: Advisories, major: number): boolean {
  return table.releases.some(({ version }) => Math.floor(version / 10_000) === major);
}

export type VersionState =
  | { readonly state: 'withdrawn' | 'below-pin' | 'at-pin' | 'above-pin' }
  | { readonly state: 'unknown-newer'; readonly newestKnown: string };

/** Where a server stands against the pin: one word for reports, with the newest release it could be on. */
export function versionState(table: Advisories, server: number, pin: number): VersionState & { readonly newest: string | null } {
  const newest = newestOf(table, Math.floor(server / 10_000));
  const text = newest === undefined ? null : versionText(newest);
  if (newest !== undefined && server > newest) return { state: 'unknown-newer', newestKnown: versionText(newest), newest: null };
  if (table.releases.some((release) => release.version === server && release.status === 'withdrawn'))
    return { state: 'withdrawn', newest: text };
  if (server < pin) return { state: 'below-pin', newest: text };
  return { state: server === pin ? 'at-pin' : 'above-pin', newest: text };
}

function newestOf(table: Advisories, major: number): number | undefined {
  const published = table.releases.filter(
    ({ status, version }) => status !== 'withdrawn' && Math.floor(version / 10_000) === major,
  );
  return published.length === 0 ? undefined : Math.max(...published.map(({ version }) => version));
}

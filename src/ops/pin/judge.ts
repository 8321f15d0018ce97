import { fail } from '../../core/errors.ts';
import { versionNumber, versionText } from '../../core/pin.ts';
import type { Advisories, PostUpgradeStep, Vulnerability } from '../verify/advisories.ts';
import { openAt } from '../verify/version-sentence.ts';

export interface BumpConsent {
  /** To a release that is older than the pin. */
  readonly older: boolean;
  /** To one the table does not know. */
  readonly unknown: boolean;
}

/** Fails with usage where `text` is no release, with refused where a project should not be pinned to it. Returns its number. */
export function judgeBump(table: Advisories, from: string, text: string, consent: BumpConsent): number {
  const to = readRelease(text);
  const [pin, newest] = [versionNumber(from), newestOf(table, majorOf(to))];
  const release = table.releases.find(({ version }) => version === to);
  if (release?.status === 'withdrawn') {
    fail('refused', `PostgreSQL ${text} was withdrawn before it was published`, {
      hint: `There is no such release; the next one is ${nextText(table, to)}.`,
    });
  }
  if (release === undefined && !consent.unknown) {
    fail('refused', `the advisory data of ${table.data_as_of} knows no release ${text}`, {
      hint:
        newest === null
          ? 'Update dbctl (npm install dbctl@latest), or say --unknown.'
          : `The newest it knows of that major is ${versionText(newest)}. Update dbctl (npm install dbctl@latest), or say --unknown.`,
    });
  }
  if (to < pin && !consent.older) {
    const reopened = openAt(table, to).length - openAt(table, pin).length;
    fail('refused', `PostgreSQL ${text} is older than the pin ${from}`, {
      hint: `${majorOf(to) === majorOf(pin) && reopened > 0 ? `It has ${reopened} known holes that ${from} closes. ` : ''}If it has to be, say --older.`,
    });
  }
  return to;
}

function readRelease(text: string): number {
  if (!/^\d{2}\.(0|[1-9]\d?)$/.test(text)) {
    fail('usage', `"${text}" is no PostgreSQL release`, { hint: 'Write major.minor, such as 18.6.' });
  }
  return versionNumber(text);
}

function nextText(table: Advisories, version: number): string {
  const next = table.releases.find((one) => one.version > version && one.status !== 'withdrawn');
  return next === undefined || majorOf(next.version) !== majorOf(version) ? 'not known' : versionText(next.version);
}

/** The newest release of a major that was published; null: the table says nothing of it. */
export function newestOf({ releases }: Advisories, major: number): number | null {
  const versions = releases.flatMap(({ version, status }) =>
    status !== 'withdrawn' && majorOf(version) === major ? [version] : [],
  );
  return versions.length === 0 ? null : Math.max(...versions);
}

/** What going from one release to another of its major closes, worst first. From one major to another it is not counted. Pure. */
export function closedBetween(table: Advisories, from: number, to: number): readonly Vulnerability[] {
  if (majorOf(from) !== majorOf(to)) return [];
  const still = new Set(openAt(table, to).map(({ id }) => id));
  return openAt(table, from).filter(({ id }) => !still.has(id));
}

/** What is to be done after going from one release to another of its major. Pure. */
export function stepsBetween({ post_upgrade: steps }: Advisories, from: number, to: number): readonly PostUpgradeStep[] {
  return steps.filter(({ since }) =>
    since.some((version) => majorOf(version) === majorOf(to) && version > from && version <= to),
  );
}

/** Older data misses at least one round of quarterly releases. */
export const STALE_DAYS = 100;

export function ageInDays({ data_as_of: day }: Advisories, now: Date): number {
  return Math.floor((now.getTime() - Date.parse(`${day}T00:00:00Z`)) / 86_400_000);
}

const majorOf = (version: number): number => Math.floor(version / 10_000);

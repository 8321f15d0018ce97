import { item, type Item } from '../../../core/report.ts';
import type { Check } from '../check.ts';
import { plural } from '../plural.ts';
import { daysLeft, NOTICE_DAYS } from '../waiver.ts';
import type { Attestation } from './attestation.ts';
import { BENCHMARK_NAME, itemsOfVersion, numbersOf, type NumberedItem } from './benchmark.ts';

/** What a run under a benchmark is told besides the checks. */
export interface BenchmarkRun {
  /** Name of its profile, as attestations name it. */
  readonly name: string;
  readonly version: string;
  /** Every check there is, run or not. */
  readonly checks: readonly Check[];
  readonly attestations: readonly Attestation[];
  readonly environment: string;
  readonly now: Date;
}

/**
 * What the report says of items that no check, or not only checks, can answer: unknown until somebody attests to it, pass while the
 * attestation counts, for then somebody has looked. Never a pass by itself. And what is to be said of attestations.
 */
export function itemsByHand(run: BenchmarkRun): Item[] {
  const items = itemsOfVersion(run.version);
  return [
    ...items.flatMap((one) => byHand(one, run)),
    ...run.attestations.filter((one) => isHere(one, run)).flatMap((one) => noticesOf(one, items, run)),
  ];
}

/** The checks that answer an item. */
export function checksOf({ number }: NumberedItem, { checks, version }: BenchmarkRun): Check[] {
  return checks.filter((check) => numbersOf(check, version).includes(number));
}

function isHere({ benchmark, environment }: Attestation, run: BenchmarkRun): boolean {
  return benchmark === run.name && (environment ?? run.environment) === run.environment;
}

function needsPerson(one: NumberedItem, run: BenchmarkRun): boolean {
  return one.text !== true && (one.manual !== undefined || checksOf(one, run).length === 0);
}

function byHand(one: NumberedItem, run: BenchmarkRun): Item[] {
  const { number, title, manual, text } = one;
  const base = {
    id: `${run.name}-${number}`,
    object: manual === undefined ? BENCHMARK_NAME : 'host',
    severity: 'medium',
    title,
    group: 'benchmark',
    benchmark: [number],
  } as const;
  if (text === true)
    return [item({ ...base, status: 'skipped', message: `${title}: a text of the benchmark, with nothing to check` })];
  if (!needsPerson(one, run)) return [];
  const attested = attestationFor(one, run);
  if (attested !== undefined && daysLeft(attested.expires, run.now) >= 0) {
    const { by, on, expires, evidence } = attested;
    const message = `${title}: attested by ${by} on ${on}, until ${expires}: ${evidence}`;
    return [item({ ...base, status: 'pass', message, attestation: { by, on, expires, evidence } })];
  }
  const past = attested === undefined ? '' : `; the attestation of ${attested.by} ended on ${attested.expires}`;
  const why = manual === undefined ? 'no check of dbctl looks at this' : 'no session sees this, a person has to look';
  return [item({ ...base, status: 'unknown', message: `${title}: ${why}${past}`, fix: attest(one, run.name) })];
}

/** The one that runs longest. */
function attestationFor({ number }: NumberedItem, run: BenchmarkRun): Attestation | undefined {
  return run.attestations
    .filter((one) => isHere(one, run) && one.item === number)
    .toSorted((a, b) => (a.expires > b.expires ? -1 : 1))[0];
}

function attest({ number, manual }: NumberedItem, benchmark: string): string {
  const look = manual === undefined ? '' : `look at ${manual}; `;
  const entry = `- { benchmark: ${benchmark}, item: "${number}", by: NAME, on: DAY, evidence: WHAT WAS SEEN, expires: DAY }`;
  return `# ${look}then write into dbctl.attestations.yaml:\n${entry}`;
}

function noticesOf(attestation: Attestation, items: readonly NumberedItem[], run: BenchmarkRun): Item[] {
  const { benchmark, item: number, by, expires, file, line } = attestation;
  const about = { object: `${benchmark}:${number}`, status: 'fail', detail: { file, line }, group: 'benchmark' } as const;
  const one = items.find((known) => known.number === number);
  if (one === undefined) return [];
  if (!needsPerson(one, run))
    return [
      item({
        ...about,
        id: 'attestation-unused',
        severity: 'low',
        message: `the attestation of ${by} for item ${number} counts for nothing: ${usedInstead(one, run)}`,
        fix: `remove the entry at ${file}:${line}`,
        title: 'Every attestation is about what a person has to look at',
      }),
    ];
  const days = daysLeft(expires, run.now);
  if (days < 0 || days > NOTICE_DAYS || attestationFor(one, run) !== attestation) return [];
  const when = days === 0 ? 'today' : `in ${plural(days, 'day')}`;
  return [
    item({
      ...about,
      id: 'attestation-expiring',
      severity: 'info',
      message: `the attestation of ${by} for item ${number} ends ${when}: from the day after the item is unknown`,
      fix: `look again, and renew the entry at ${file}:${line}`,
      title: 'No attestation is about to end',
    }),
  ];
}

function usedInstead(one: NumberedItem, run: BenchmarkRun): string {
  const ids = checksOf(one, run).map(({ id }) => id);
  return ids.length === 0 ? 'there is nothing to check' : `${ids.join(' and ')} looks by itself`;
}

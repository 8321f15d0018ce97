import { readFile } from 'node:fs/promises';
import { fail } from '../../../core/errors.ts';
import { didYouMean } from '../../../core/header.ts';
import { failOnProblems } from '../problems.ts';
import { isDay, readStrictList, type ListForm, type StrictEntry } from '../strict-list.ts';
import { daysLeft } from '../waiver.ts';
import { LONGEST_ATTESTATION_DAYS, type Attestation } from './attestation.ts';

export interface AttestationRules {
  /** Name of each profile with a benchmark → the numbers of its items. */
  readonly items: ReadonlyMap<string, readonly string[]>;
  /** Names of the environments of the project. */
  readonly environments: readonly string[];
  readonly now: Date;
}

/**
 * The attestations file; one that does not exist holds none. Fails with config.invalid, naming every problem with line and column:
 * unknown keys, benchmarks, items and environments, evidence of fewer than 20 characters, a day that is none, one in the future, an
 * end more than 366 days after the look.
 */
export async function loadAttestations(path: string, shownAs: string, rules: AttestationRules): Promise<Attestation[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if ((cause as { code?: string }).code === 'ENOENT') return '';
    return fail('config.invalid', `cannot read ${shownAs}`, {
      cause,
      hint: 'Check verify.attestations in dbctl.yaml and the rights of the file.',
    });
  });
  return parseAttestations(shownAs, text, rules);
}

/** The same for a text already read. */
export function parseAttestations(file: string, text: string, rules: AttestationRules): Attestation[] {
  const { values, problems } = readStrictList({ file, text, form: FORM }, (entry) => {
    judge(entry, rules);
    return attestationOf(entry, file);
  });
  failOnProblems(problems, 'An entry has benchmark, item, by, on, evidence and expires, and may have environment.');
  return [...values];
}

type Key = 'benchmark' | 'item' | 'by' | 'on' | 'evidence' | 'expires' | 'environment';

const FORM: ListForm<Key> = {
  required: ['benchmark', 'item', 'by', 'on', 'evidence', 'expires'],
  optional: ['environment'],
  one: 'an attestation',
  many: 'attestations',
};

function attestationOf({ text, line }: StrictEntry<Key>, file: string): Attestation {
  const { benchmark = '', item = '', by = '', on = '', evidence = '', expires = '', environment = null } = text;
  return { benchmark, item, by, on, evidence, expires, environment, file, line };
}

const SHORTEST_EVIDENCE = 20;

function judge(entry: StrictEntry<Key>, { items, environments, now }: AttestationRules): void {
  const { text, complain } = entry;
  const { benchmark, item, evidence, environment } = text;
  const numbers = benchmark === undefined ? undefined : items.get(benchmark);
  if (benchmark !== undefined && numbers === undefined)
    complain('benchmark', `no benchmark "${benchmark}"${didYouMean(benchmark, [...items.keys()])}`);
  if (item !== undefined && numbers?.includes(item) === false) complain('item', `${benchmark} has no item "${item}"`);
  if (environment !== undefined && !environments.includes(environment))
    complain('environment', `no environment "${environment}"${didYouMean(environment, environments)}`);
  if (evidence !== undefined && evidence.length < SHORTEST_EVIDENCE) {
    complain(
      'evidence',
      `evidence has ${evidence.length} characters, and ${SHORTEST_EVIDENCE} are the least: say what was looked at and seen, or where that is kept`,
    );
  }
  judgeDays(entry, now);
}

function judgeDays({ text, complain }: StrictEntry<Key>, now: Date): void {
  const bad = (['on', 'expires'] as const).filter((key) => text[key] !== undefined && !isDay(text[key]));
  for (const key of bad) complain(key, `"${text[key]}" is no day such as 2027-01-31`);
  const { on, expires } = text;
  if (bad.length > 0 || on === undefined || expires === undefined) return;
  if (daysLeft(on, now) > 0) complain('on', `${on} is in the future: an attestation says what was seen`);
  const days = daysLeft(expires, new Date(`${on}T00:00:00Z`));
  if (days < 0) complain('expires', `it ends before the look of ${on}`);
  if (days > LONGEST_ATTESTATION_DAYS)
    complain('expires', `it runs ${days} days from the look, and ${LONGEST_ATTESTATION_DAYS} are the most: machines change`);
}

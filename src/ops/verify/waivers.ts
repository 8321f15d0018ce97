import { readFile } from 'node:fs/promises';
import { fail } from '../../core/errors.ts';
import { didYouMean } from '../../core/header.ts';
import type { Severity } from '../../core/report.ts';
import { failOnProblems } from './problems.ts';
import { isDay, readStrictList, type ListForm, type StrictEntry } from './strict-list.ts';
import { daysLeft, LONGEST_DAYS, type Waiver } from './waiver.ts';

export interface WaiverRules {
  /** Check id → its severity. */
  readonly checks: ReadonlyMap<string, Severity>;
  /** Names of the environments of the project. */
  readonly environments: readonly string[];
  readonly now: Date;
}

/**
 * The waivers file; one that does not exist holds none.
 * Fails with config.invalid, naming every problem with line and column: unknown keys, checks and environments, a reason of fewer than
 * 20 characters, a day that is none or more than 180 days ahead, a critical check without approved_by.
 */
export async function loadWaivers(path: string, shownAs: string, rules: WaiverRules): Promise<Waiver[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if ((cause as { code?: string }).code === 'ENOENT') return '';
    return fail('config.invalid', `cannot read ${shownAs}`, {
      cause,
      hint: 'Check verify.waivers in dbctl.yaml and the rights of the file.',
    });
  });
  return parseWaivers(shownAs, text, rules);
}

/** The same for a text already read. */
export function parseWaivers(file: string, text: string, rules: WaiverRules): Waiver[] {
  const { values, problems } = readStrictList({ file, text, form: FORM }, (entry) => {
    judge(entry, rules);
    return waiverOf(entry, file);
  });
  failOnProblems(problems, 'An entry has check, reason, owner and expires, and may have object, environment and approved_by.');
  return [...values];
}

type Key = 'check' | 'reason' | 'owner' | 'expires' | 'object' | 'environment' | 'approved_by';

const FORM: ListForm<Key> = {
  required: ['check', 'reason', 'owner', 'expires'],
  optional: ['object', 'environment', 'approved_by'],
  one: 'a waiver',
  many: 'waivers',
};

function waiverOf({ text, line }: StrictEntry<Key>, file: string): Waiver {
  return {
    check: text.check ?? '',
    object: text.object ?? '*',
    environment: text.environment ?? null,
    reason: text.reason ?? '',
    owner: text.owner ?? '',
    expires: text.expires ?? '',
    approvedBy: text.approved_by ?? null,
    file,
    line,
  };
}

const SHORTEST_REASON = 20;

function judge({ text, complain }: StrictEntry<Key>, rules: WaiverRules): void {
  const { check, environment, reason, expires } = text;
  const severity = check === undefined ? undefined : rules.checks.get(check);
  if (check !== undefined && severity === undefined)
    complain('check', `no check "${check}"${didYouMean(check, [...rules.checks.keys()])}`);
  if (environment !== undefined && !rules.environments.includes(environment))
    complain('environment', `no environment "${environment}"${didYouMean(environment, rules.environments)}`);
  if (severity === 'critical' && text.approved_by === undefined)
    complain(null, `check "${check}" is critical: its waiver needs approved_by`);
  if (reason !== undefined && reason.length < SHORTEST_REASON) {
    complain(
      'reason',
      `reason has ${reason.length} characters, and ${SHORTEST_REASON} are the least: say why, and what has to happen first`,
    );
  }
  if (expires === undefined) return;
  if (!isDay(expires)) return complain('expires', `"${expires}" is no day such as 2027-01-31`);
  const days = daysLeft(expires, rules.now);
  if (days > LONGEST_DAYS)
    complain('expires', `expires in ${days} days, and ${LONGEST_DAYS} are the most: what lasts longer belongs in dbctl.yaml`);
}

import type { Comparison } from '../difference/inputs.ts';
import { differences } from '../difference/differences.ts';
import type { Difference } from '../difference/model.ts';
import { planRoles, type RolePlan } from '../plan/plan.ts';
import { tableNames } from '../plan/target.ts';
import { identityOf } from './difference-findings.ts';
import { differenceWords } from './difference-words.ts';
import type { FindingWords } from './finding.ts';
import { acceptanceOf } from './exceptions.ts';

/** What has to be done, but for what an exception of the file accepts: a finding that is waived is not undone by the way. Pure. */
export function planOf(comparison: Comparison): RolePlan {
  const found = differences(comparison);
  const accepted = acceptedOf(found, comparison);
  const plan = planRoles(accepted.size === 0 ? found : found.filter((one) => !accepted.has(one)), comparison);
  return {
    ...plan,
    ...(plan.left.length === 0 ? {} : { words: wordsOf(plan.left, comparison) }),
    ...(accepted.size === 0 ? {} : { accepted: [...accepted.values()] }),
  };
}

function wordsOf(left: readonly Difference[], { catalog }: Comparison): FindingWords[] {
  const tableOf = tableNames(catalog);
  return left.map((one) => differenceWords(one, catalog.serverVersion, tableOf));
}

/** A difference that is left, as the audit calls it, and the exception that says so. */
export interface Accepted {
  readonly id: string;
  readonly object: string;
  readonly exception: string;
  readonly expires: string;
}

function acceptedOf(found: readonly Difference[], { file, catalog, today }: Comparison): ReadonlyMap<Difference, Accepted> {
  const accepts = acceptanceOf(file.exceptions, today);
  const tableOf = tableNames(catalog);
  const accepted = new Map<Difference, Accepted>();
  if (accepts === null) return accepted;
  for (const one of found) {
    // Without the role nothing else of a plan could be done.
    if (one.kind === 'role-missing') continue;
    const identity = identityOf(one, catalog.serverVersion, tableOf);
    const exception = accepts(identity);
    if (exception === undefined) continue;
    accepted.set(one, { id: identity.id, object: identity.object, exception: exception.id, expires: exception.expires });
  }
  return accepted;
}

import { createHash } from 'node:crypto';
import type { Check } from '../check.ts';
import { needText } from '../need.ts';
import { declaredValue, isDeclared, PARAMETERS, type Declared, type ParameterName } from '../parameters.ts';

/** What a check asked, as far as its answer depends on it. */
export interface Asked {
  /** Of the query and of what decides whether it runs: another dbctl may ask something else under the same id. */
  readonly query: string;
  /** Name of a parameter → sha256 of what was bound to it. */
  readonly bound: Readonly<Record<string, string>>;
}

/** What the check would ask with these values. */
export function askedBy({ query, params, needs, since, until, scope }: Check, declared: Declared): Asked {
  return {
    query: sha256({ query, params, needs: needs.map(needText), since, until, scope }),
    bound: Object.fromEntries(params.filter(isDeclared).map((name) => [name, sha256(declaredValue(name, declared))])),
  };
}

/** Why an answer to `then` is none to `now`; null when they ask the same. */
export function askedOtherwise(then: Asked, now: Asked): string | null {
  if (then.query !== now.query) return 'the snapshot was taken by a check of this id with another query or other needs';
  const changed = Object.keys(now.bound).filter((name) => then.bound[name] !== now.bound[name]);
  if (changed.length === 0) return null;
  const settings = changed.map((name) => PARAMETERS[name as ParameterName].setting);
  return `the snapshot was asked with another policy than today's: ${[...new Set(settings)].join(', ')}`;
}

/** Of the value as JSON; absent and null are the same: nothing is declared. */
export function sha256(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value ?? null))
    .digest('hex');
}

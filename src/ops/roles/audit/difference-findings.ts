import { PUBLIC_NAME } from '../desired/model.ts';
import type { Comparison } from '../difference/inputs.ts';
import type { Difference } from '../difference/model.ts';
import { planRoles } from '../plan/plan.ts';
import { stepsOf } from '../apply/apply.ts';
import { tableNames } from '../plan/target.ts';
import { differenceWords } from './difference-words.ts';
import type { FindingIdentity } from './exceptions.ts';
import type { Finding } from './finding.ts';
import { reachedByText, type ReachedBy, type WhoReaches } from './reached-by.ts';

/** Each difference as a finding, with who has it by which way, and the statement of the plan that puts it right. */
export function differenceFindings(found: readonly Difference[], comparison: Comparison, reaches: WhoReaches): Finding[] {
  const tableOf = tableNames(comparison.catalog);
  return found.map((one) => {
    const words = differenceWords(one, comparison.catalog.serverVersion, tableOf);
    const by = grantedTo(one);
    const ways = by === null ? [] : waysOf(one, by, reaches);
    const reached = by === PUBLIC_NAME ? 'everybody has it' : reachedByText(ways);
    const fix = stepsOf(planRoles([one], comparison)).map(({ sql }) => `${sql};`);
    return {
      ...words,
      severity: words.severity ?? 'medium',
      status: 'fail',
      role: roleOf(one),
      message: reached === '' ? words.message : `${words.message}; ${reached}`,
      fix: fix.length === 0 ? (words.fix ?? null) : fix.join('\n'),
      detail: { ...words.detail, ...(by === null ? {} : { reachedBy: ways.map((way) => ({ ...way })) }) },
    };
  });
}

/** What an exception knows the finding of a difference by. */
export function identityOf(one: Difference, serverVersion: number, tableOf: (id: number) => string): FindingIdentity {
  const { id, object } = differenceWords(one, serverVersion, tableOf);
  return { id, object, role: roleOf(one) };
}

/** The role whose members share what the difference gives; null where it gives nothing. */
function grantedTo(one: Difference): string | null {
  if (one.kind === 'grant-excess' || one.kind === 'grant-option' || one.kind === 'default-excess') return one.grantee;
  if (one.kind === 'owner') return one.is;
  if (one.kind === 'attribute') return one.wanted ? null : one.role;
  return one.kind === 'membership-excess' ? one.role : null;
}

function roleOf(one: Difference): string {
  if ('grantee' in one) return one.grantee;
  if ('member' in one) return one.member;
  return 'role' in one ? one.role : '';
}

/** Who logs in and has it; of a membership by the ways that it opens alone. */
function waysOf(one: Difference, role: string, reaches: WhoReaches): readonly ReachedBy[] {
  if (role === PUBLIC_NAME) return [];
  const ways = reaches(role);
  return one.kind === 'membership-excess' ? ways.filter(({ path }) => leadsThrough(path, one.member)) : ways;
}

const leadsThrough = (path: string, member: string): boolean => path.startsWith(`${member} `) || path.includes(` ${member}, `);

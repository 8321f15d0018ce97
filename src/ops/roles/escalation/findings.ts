import { reachedByText, type ReachedBy } from '../audit/reached-by.ts';
import type { Finding } from '../audit/finding.ts';
import type { Facts } from './model.ts';
import { RULES } from './rules.ts';

/** What every rule finds in these facts, each with who comes to have it by which way. Pure. */
export function escalationFindings(facts: Facts): Finding[] {
  return RULES.flatMap((rule) =>
    rule.judge(facts).map(({ object, role, message, fix, ways, severity, unseen, detail }) => {
      const reachedBy = onceEach(ways);
      return {
        id: rule.id,
        severity: severity ?? rule.severity,
        status: unseen === true ? ('unknown' as const) : ('fail' as const),
        object,
        role,
        message: reachedBy.length === 0 ? message : `${message}; ${reachedByText(reachedBy)}`,
        fix,
        detail: { ...detail, why: rule.why, reachedBy: reachedBy.map((way) => ({ ...way })) },
      };
    }),
  );
}

/** A login may come to have one thing through several grants. */
function onceEach(ways: readonly ReachedBy[]): ReachedBy[] {
  return [...new Map(ways.map((way) => [`${way.login}\0${way.path}`, way])).values()];
}

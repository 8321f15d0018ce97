import type { Finding } from './finding.ts';

/** What else is missing with a role that is not there: it comes with the role. */
const COMES_WITH: readonly string[] = ['grant-missing', 'default-missing', 'membership-missing', 'role-setting'];

/** One finding for a role that is missing, and what it would be granted counted in it: forty more would say nothing else. */
export function foldMissingRoles(findings: readonly Finding[]): Finding[] {
  const missing = new Set(findings.filter(({ id }) => id === 'role-missing').map(({ role }) => role));
  const folds = ({ id, role }: Finding): boolean => missing.has(role) && COMES_WITH.includes(id);
  return findings
    .filter((finding) => !folds(finding))
    .map((finding) => {
      if (finding.id !== 'role-missing') return finding;
      const with_ = findings.filter((other) => other.role === finding.role && folds(other)).length;
      if (with_ === 0) return finding;
      const message = `${finding.message}; with it come ${with_} ${with_ === 1 ? 'right or setting' : 'rights, memberships and settings'}`;
      return { ...finding, message, detail: { ...finding.detail, comesWith: with_ } };
    });
}

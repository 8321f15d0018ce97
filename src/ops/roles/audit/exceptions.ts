import type { RolesFile } from '../../../config/roles/load.ts';
import type { Finding } from './finding.ts';

/** A finding once the exceptions of the file were asked. */
export type JudgedFinding = Omit<Finding, 'status'> & { readonly status: Finding['status'] | 'waived' };

/** What an exception knows a finding by. */
export type FindingIdentity = Pick<Finding, 'id' | 'object' | 'role'>;

type Exception = RolesFile['exceptions'][number];
type Acceptance = Exception & { readonly accept: string };

/**
 * Waives what an exception accepts until its day. One that has ended waives nothing, and is a finding by itself; so is one that nothing needs
 * any more, since the next one like it would pass unseen. Pure.
 */
export function withExceptions(findings: readonly Finding[], exceptions: readonly Exception[], today: string): JudgedFinding[] {
  const holding = holdingOf(exceptions, today);
  const judged = findings.map((finding): JudgedFinding => {
    const exception = finding.status === 'fail' ? holding.find((one) => accepts(one, finding)) : undefined;
    return exception === undefined ? finding : waived(finding, exception);
  });
  const unused = holding.filter((one) => !findings.some((finding) => accepts(one, finding)));
  return [...judged, ...unused.map(unusedFinding)];
}

const holdingOf = (exceptions: readonly Exception[], today: string): readonly Acceptance[] =>
  exceptions.filter((one): one is Acceptance => one.accept !== undefined && one.expires >= today);

/** Answers by which exception a finding is accepted today; null: there is no exception that accepts any. */
export function acceptanceOf(
  exceptions: readonly Exception[],
  today: string,
): ((finding: FindingIdentity) => Exception | undefined) | null {
  const holding = holdingOf(exceptions, today);
  return holding.length === 0 ? null : (finding) => holding.find((one) => accepts(one, finding));
}

function accepts({ accept, role, object }: Acceptance, finding: FindingIdentity): boolean {
  return finding.id === accept && finding.role === role && (object === undefined || finding.object === object);
}

function waived(finding: Finding, { id, reason, owner, expires }: Exception): JudgedFinding {
  return {
    ...finding,
    status: 'waived',
    message: `${finding.message}; accepted until ${expires} by exception ${id} of ${owner}: ${reason}`,
    detail: { ...finding.detail, exception: { id, reason, owner, expires } },
  };
}

function unusedFinding({ id, accept, role, object }: Acceptance): JudgedFinding {
  const about = object === undefined ? role : `${role}, ${object}`;
  return {
    id: 'exception-unused',
    severity: 'low',
    status: 'fail',
    object: id,
    role,
    message: `the exception accepts ${accept} of ${about}, and there is no such finding`,
    fix: 'remove it from the file',
    detail: { accept },
  };
}

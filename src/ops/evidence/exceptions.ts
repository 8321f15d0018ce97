import type { RolesFile } from '../../config/roles/load.ts';

/** What roles.yaml allows for a time. */
export interface ReviewedException {
  readonly id: string;
  readonly role: string;
  /** A finding that is accepted, or what is granted besides, as JSON. */
  readonly allows: string;
  readonly reason: string;
  readonly owner: string;
  /** Last day on which it holds. */
  readonly expires: string;
  readonly state: 'holds' | 'ends before the next review' | 'ended';
}

/** The exceptions of the file, those that end first in front. Days are YYYY-MM-DD. Pure. */
export function reviewedExceptions(
  exceptions: RolesFile['exceptions'],
  { today, nextReview }: { readonly today: string; readonly nextReview: string },
): ReviewedException[] {
  return exceptions
    .map(({ id, role, accept, object, grant, reason, owner, expires }): ReviewedException => ({
      id,
      role,
      allows:
        accept === undefined
          ? `grant ${JSON.stringify(grant)}`
          : `accept ${accept}${object === undefined ? '' : ` of ${object}`}`,
      reason,
      owner,
      expires,
      state: expires < today ? 'ended' : expires < nextReview ? 'ends before the next review' : 'holds',
    }))
    .toSorted((a, b) => (a.expires < b.expires ? -1 : a.expires > b.expires ? 1 : a.id < b.id ? -1 : 1));
}

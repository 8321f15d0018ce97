import type { ReachedBy } from '../audit/reached-by.ts';
import type { Facts } from './model.ts';

/**
 * Of the ways to a right that a role has for its duty to verify, those of others: of an app that is a member of it, say. Who administers roles can
 * come to have anything. All of them where the file gives the role no such duty.
 */
export function besidesDuty({ desired, administrators }: Facts, role: string, ways: readonly ReachedBy[]): readonly ReachedBy[] {
  const verifies = new Set(desired.roles.filter(({ duty }) => duty === 'verify').map(({ name }) => name));
  return verifies.has(role) ? ways.filter(({ login }) => !verifies.has(login) && !administrators.has(login)) : ways;
}

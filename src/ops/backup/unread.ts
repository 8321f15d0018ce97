import { fail } from '../../core/errors.ts';
import type { KnownBackup } from './verify.ts';

/** What is said of a backup whose files the storage did not give. */
export const unreadText = ({ message }: Error): string => `not known, it could not be read: ${message}`;

/**
 * Fails with storage.failed where one of them could not be read: what is decided over all of them would be decided over some, as if the others
 * were not there.
 */
export function requireRead(known: readonly KnownBackup[], consequence: string): void {
  const unread = known.flatMap((one) => (one.state === 'unread' ? [one] : []));
  const [first] = unread;
  if (first === undefined) return;
  const more = unread.length === 1 ? '' : ` (and ${unread.length - 1} more)`;
  fail('storage.failed', `${first.id} is ${first.problem}${more}; ${consequence}`, { hint: UNREAD_HINT });
}

export const UNREAD_HINT = 'Look at the storage, its rights and the way to it, and run it again.';

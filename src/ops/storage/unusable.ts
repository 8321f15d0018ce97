import type { DbctlError } from '../../core/errors.ts';
import type { Storage } from './storage.ts';

/**
 * Stands for a storage that cannot be opened, such as one whose key is not on this machine: whatever is asked of it fails as opening it did. A
 * command that works on several repositories says so of this one, and goes on with the others.
 */
export function unusableStorage(place: string, why: DbctlError): Storage {
  const refuse = () => Promise.reject(why);
  return {
    place,
    folder: null,
    list: refuse,
    names: refuse,
    read: refuse,
    write: refuse,
    create: refuse,
    remove: refuse,
    close: () => Promise.resolve(),
  };
}

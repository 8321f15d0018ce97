import { fail } from '../../core/errors.ts';
import type { Storage } from './storage.ts';

/**
 * A storage that is opened when it is first asked for something. What fails then (a key that cannot be read) fails that act: where there are
 * several repositories, the others go on.
 */
export function lazyStorage(place: string, open: () => Promise<Storage>): Storage {
  let opening: Promise<Storage> | undefined;
  const storage = (): Promise<Storage> => (opening ??= open());
  return {
    place,
    folder: null,
    list: async (prefix) => (await storage()).list(prefix),
    names: async (prefix) => (await storage()).names(prefix),
    read: async (key) => (await storage()).read(key),
    write: async (key, content, transfer) => (await storage()).write(key, content, transfer),
    create: async (key, content) => (await storage()).create(key, content),
    remove: async (keys) => (await storage()).remove(keys),
    keptBy: async (key) => (await (await storage()).keptBy?.(key)) ?? null,
    stateOf: async (key) => {
      const opened = await storage();
      return opened.stateOf === undefined ? fail('internal', `${place} cannot tell states of files apart`) : opened.stateOf(key);
    },
    leftBehind: async (prefix, now, act) => (await (await storage()).leftBehind?.(prefix, now, act)) ?? [],
    leftUploads: async (now, act) => (await (await storage()).leftUploads?.(now, act)) ?? [],
    close: async () => (await opening?.catch(() => undefined))?.close(),
  };
}

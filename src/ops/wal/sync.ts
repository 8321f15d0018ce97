import { DbctlError, fail } from '../../core/errors.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { SYSTEM, WAL_FOLDER, requireStored, walNameOf } from './archive.ts';
import { LOG_KEYS } from './log-keys.ts';

export interface SyncedWal {
  /** How many files were sent. */
  readonly sent: number;
  /** What could not be, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * Sends what one archive lacks and another has, as it is stored there; each is read and looked at before. Fails with refused where the two are
 * of different servers, with storage.failed where the target does not take it.
 */
export async function syncWal(
  from: Repository,
  to: Repository,
  { signal, onFile }: { readonly signal: AbortSignal; readonly onFile: (name: string) => void },
): Promise<SyncedWal> {
  const [source, target] = await Promise.all([readText(from, SYSTEM), readText(to, SYSTEM)]);
  if (source === null) return { sent: 0, problems: [] };
  if (target !== null && target !== source)
    fail('refused', `the write-ahead log in ${from.name} and that in ${to.name} are of different servers`, {
      hint: 'Give each server a repository of its own.',
    });
  const there = new Set((await to.storage.list(WAL_FOLDER)).map(({ key }) => walNameOf(key)));
  const lacking = (await from.storage.list(WAL_FOLDER)).filter(({ key }) => {
    const name = walNameOf(key);
    return name !== null && !there.has(name);
  });
  const keysThere = new Set(await to.storage.names(LOG_KEYS));
  const lackingKeys = (await from.storage.names(LOG_KEYS)).filter((name) => !keysThere.has(name));
  if (lacking.length > 0 && target === null) await to.storage.create(SYSTEM, Buffer.from(source));
  // Segments nobody can open would be none: what they are encrypted to comes first.
  for (const key of lackingKeys) await sendKey(from, to, key);
  const problems: string[] = [];
  let sent = 0;
  for (const { key } of lacking) {
    signal.throwIfAborted();
    const problem = await sendFile(from, to, key);
    if (problem === null) sent += 1;
    else problems.push(problem);
    onFile(walNameOf(key) ?? key);
  }
  return { sent, problems };
}

async function sendFile(from: Repository, to: Repository, key: string): Promise<string | null> {
  const name = walNameOf(key) ?? key;
  try {
    // What is broken is not multiplied: the other repository may have it whole, or get it from a third.
    const bytes = await requireStored(from, name);
    if (bytes === null) return `${from.name}: ${name} has gone meanwhile`;
    await to.storage.create(key, bytes);
    return null;
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.code === 'backup.failed') return `${from.name}: ${thrown.message}`;
    throw thrown;
  }
}

async function sendKey(from: Repository, to: Repository, name: string): Promise<void> {
  const text = await readText(from, `${LOG_KEYS}${name}`);
  if (text !== null) await to.storage.create(`${LOG_KEYS}${name}`, Buffer.from(text));
}

import { Decrypter } from 'age-encryption';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { fail } from '../../core/errors.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { logKeyId, looksWrapped, newLogKey, wrappedLogKey, type LogKey } from '../codec/log-key.ts';
import { noteFailure, type Rewrapped } from '../codec/rewrapped.ts';
import { writeDurably } from '../storage/durable.ts';

/** In the archive of the log. */
export const LOG_KEYS = '.wal/keys/';

/** Where the private half of a pair is. */
export const keyOf = (id: string): string => `${LOG_KEYS}${id}.age`;

/**
 * The pair the log is encrypted to now: the one this machine remembers, while it is of the same recipients and its private half is in the
 * archive; else a new one. Who was a recipient once may have kept the private half, so that other recipients mean another pair.
 */
export async function currentLogKey(repository: Repository): Promise<LogKey> {
  const { recipients, logKey: memory } = repository.codec;
  const remembered = memory === null ? null : await recall(memory, recipients);
  if (remembered !== null && looksWrapped((await readText(repository, keyOf(remembered.id))) ?? '')) return remembered;
  const { wrapped, ...made } = await newLogKey(recipients);
  await repository.storage.create(keyOf(made.id), Buffer.from(wrapped));
  if (memory !== null) await remember(memory, recipients, made).catch(() => {});
  return made;
}

const memoryText = (recipients: readonly string[], { recipient }: LogKey): string =>
  JSON.stringify({ recipients: recipients.toSorted(), recipient });

/** Null: nothing, or a pair of other recipients. */
async function recall(file: string, recipients: readonly string[]): Promise<LogKey | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const [, recipient] = /"recipient":"(age1[02-9ac-hj-np-z]{58})"\}$/.exec(text) ?? [];
  if (recipient === undefined) return null;
  const known = { id: logKeyId(recipient), recipient };
  return text === memoryText(recipients, known) ? known : null;
}

/** Where nothing can be kept each file gets a pair of its own: more requests, and nothing lost. */
async function remember(file: string, recipients: readonly string[], made: LogKey): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeDurably(temporary, memoryText(recipients, made));
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Private halves that were opened, by the way of opening them: an identity may be a person who has to touch a token. */
const opened = new WeakMap<() => Promise<unknown>, Map<string, Promise<string>>>();

/**
 * What a file of the log was encrypted to a pair with. Fails with refused where no identity opens the pair, with backup.failed where it is
 * missing or the text is damaged.
 */
export async function openWithLogKey(repository: Repository, id: string, wrapped: Uint8Array): Promise<string> {
  const { identity } = repository.codec;
  const known = opened.get(identity) ?? new Map<string, Promise<string>>();
  opened.set(identity, known);
  const own = `${repository.storage.place} ${id}`;
  const half = known.get(own) ?? openLogKey(repository, id);
  known.set(own, half);
  half.catch(() => known.delete(own));
  const decrypter = new Decrypter();
  decrypter.addIdentity(await half);
  return decrypter.decrypt(wrapped, 'text');
}

async function openLogKey(repository: Repository, id: string): Promise<string> {
  const file = keyOf(id);
  const text = await readText(repository, file);
  if (text !== null) return (await repository.codec.identity()).unwrap(text, wrappedLogKey(file));
  return fail('backup.failed', `${file} is missing`, {
    hint: 'Bring it from another copy of the repository: without it nothing of the log that was archived with it opens.',
  });
}

/** Where the private halves are that the archive has. */
export async function logKeysOf({ storage }: Repository): Promise<string[]> {
  const names = (await storage.names(LOG_KEYS)).filter((name) => name.endsWith('.age'));
  return names.map((name) => `${LOG_KEYS}${name}`);
}

/** Wraps every pair of the archive anew, each whole or not at all. */
export async function rewrapLogKeys(
  repository: Repository,
  rewrap: (wrapped: string, file: string) => Promise<string>,
): Promise<readonly Rewrapped[]> {
  const done: Rewrapped[] = [];
  for (const id of await logKeysOf(repository)) {
    const one = async (): Promise<Rewrapped> => {
      await repository.storage.write(id, Buffer.from(await rewrap((await readText(repository, id)) ?? '', id)));
      return { id, outcome: 'rewrapped', problem: null };
    };
    done.push(await noteFailure(id, one));
  }
  return done;
}

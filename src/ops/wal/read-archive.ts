import { buffer } from 'node:stream/consumers';
import { DbctlError } from '../../core/errors.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { isSealed } from '../codec/coding.ts';
import { wrappedLogKey } from '../codec/log-key.ts';
import { atOnce } from '../storage/at-once.ts';
import type { StoredFile } from '../storage/storage.ts';
import { contentProblem, readArchive, WAL_FOLDER, walNameOf, type WalArchive } from './archive.ts';
import { parseHistory } from './history.ts';
import { keyOf } from './log-keys.ts';
import { parseWalName, type WalFile } from './segment.ts';
import { decodeLog, outsideProblem, pairOf } from './stored.ts';

/** One file of the archive that is not what was stored, or that could not be read. */
export interface ReadProblem {
  readonly name: string;
  /** What is wrong with it, for people, such as `has 5 bytes instead of 16777216`. */
  readonly message: string;
  /** The storage did not give it: nothing is known of the file. */
  readonly unread: boolean;
}

export interface ArchiveReading {
  readonly files: number;
  readonly bytes: number;
  /** Encrypted files no identity opened: their form and length are good, and what is in them is not known. */
  readonly outside: number;
  readonly problems: readonly ReadProblem[];
}

/** Bytes of files being looked at, at the same time: a segment is 16 MB as a rule, and 1 GB at most. */
const AT_ONCE_BYTES = 64 * 1024 * 1024;

/** What compression and encryption may add to bytes that cannot be made smaller: a hundredth, and a line with keys. */
const mostStored = (bytes: number): number => bytes + Math.ceil(bytes / 100) + 65_536;

/**
 * Reads every file of the archive: whether it unpacks (the checksum of its compression, and with an identity that of each frame), has the length of a segment, and
 * is the part of the log, of the timeline and of the server its name and the archive say. A few at a time, and no more of a file than a segment
 * takes. Fails with interrupted, and with storage.failed where the archive cannot be listed.
 */
export async function readWholeArchive(
  repository: Repository,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<ArchiveReading> {
  const { system } = await readArchive(repository);
  const files = await archiveFiles(repository);
  const pairs = openedPairs(repository);
  const problems: ReadProblem[] = [];
  let outside = 0;
  const width = Math.max(1, Math.floor(AT_ONCE_BYTES / (system?.segmentBytes ?? AT_ONCE_BYTES)));
  await atOnce(files, width, signal, async (file) => {
    const found = await lookAt(repository, file, system, pairs);
    onBytes(Math.max(0, file.bytes));
    if (found === 'outside') outside += 1;
    else if (found !== null) problems.push(found);
  });
  const bytes = files.reduce((sum, file) => sum + Math.max(0, file.bytes), 0);
  return { files: files.length, bytes, outside, problems: problems.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Every stored file, also where two are of one name. */
export const archiveFiles = async ({ storage }: Repository): Promise<StoredFile[]> =>
  (await storage.list(WAL_FOLDER)).filter(({ key }) => walNameOf(key) !== null);

/** `closed`: no identity is at hand; `foreign`: one is, and it does not open this pair. */
type Pairs = (id: string) => Promise<'opens' | 'closed' | 'foreign' | 'missing'>;

/** Null: it is good. */
async function lookAt(
  repository: Repository,
  { key, bytes }: StoredFile,
  system: WalArchive['system'],
  pairs: Pairs,
): Promise<ReadProblem | 'outside' | null> {
  const name = walNameOf(key) ?? key;
  const file = parseWalName(name);
  try {
    if (file === undefined) return { name, message: 'has a name no server gives', unread: false };
    const most = mostStored(system?.segmentBytes ?? 1024 ** 3);
    if (bytes < 0) return { name, message: 'is no longer a plain file', unread: false };
    if (bytes > most) return { name, message: `has ${bytes} bytes, more than a segment takes`, unread: false };
    const found = await contentOf(repository, key, pairs);
    if (found === 'outside') return found;
    if (typeof found === 'object' && 'unread' in found) return { name, message: found.unread, unread: true };
    const message = typeof found === 'string' ? found : problemOf(name, file, found, system);
    return message === null ? null : { name, message, unread: false };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError)) throw thrown;
    return { name, message: thrown.message, unread: thrown.code === 'storage.failed' };
  }
}

/** The bytes of a stored file; `outside`: it is encrypted, and nobody opens it here; any other text: what is wrong with it. */
async function contentOf(repository: Repository, key: string, pairs: Pairs): Promise<Buffer | string | { unread: string }> {
  const stream = await repository.storage.read(key);
  if (stream === null) return 'has gone meanwhile';
  const content = await buffer(stream);
  const stored = key.split('/').at(-1) ?? key;
  if (!isSealed(stored)) return decodeLog(repository, stored, content);
  const problem = outsideProblem(content);
  const pair = pairOf(content);
  if (problem !== null || pair === null) return problem ?? 'names no key';
  switch (await pairs(pair)) {
    case 'opens':
      return decodeLog(repository, stored, content);
    case 'closed':
      return 'outside';
    case 'foreign':
      return { unread: `the identity does not open ${keyOf(pair)}` };
    case 'missing':
      return `cannot be opened by anybody: ${keyOf(pair)} is missing`;
  }
}

function problemOf(name: string, file: WalFile, bytes: Buffer, system: WalArchive['system']): string | null {
  const header = contentProblem(file, bytes);
  if (typeof header === 'string') return header;
  if (header !== null) {
    const own = header.systemIdentifier === system?.identifier;
    return own ? null : `is of server ${header.systemIdentifier}, and the archive of ${system?.identifier ?? 'none'}`;
  }
  const text = bytes.toString('utf8');
  // The label of a base backup names the segment it begins in.
  if (file.kind === 'backup')
    return text.includes(name.slice(0, 24)) ? null : 'is the label of another backup than its name says';
  const later = parseHistory(name, text).find(({ timeline }) => timeline >= file.timeline);
  return later === undefined ? null : `leads over timeline ${later.timeline}, and its name says ${file.timeline}`;
}

/** Whether the identity opens a pair of the archive; each is tried once, since an identity may be a person who has to touch a token. */
function openedPairs(repository: Repository): Pairs {
  const tried = new Map<string, ReturnType<Pairs>>();
  const open = async (id: string) => {
    const text = await readText(repository, keyOf(id));
    if (text === null) return 'missing';
    const identity = await Promise.resolve().then(repository.codec.identity).catch(nullWhereRefused);
    if (identity === null) return 'closed';
    return (await identity.unwrap(text, wrappedLogKey(keyOf(id))).catch(nullWhereRefused)) === null ? 'foreign' : 'opens';
  };
  return (id) => {
    const known = tried.get(id) ?? open(id);
    tried.set(id, known);
    return known;
  };
}

const nullWhereRefused = (thrown: unknown): null => {
  if (thrown instanceof DbctlError && thrown.code === 'refused') return null;
  throw thrown;
};

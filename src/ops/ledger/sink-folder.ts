import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { syncPath } from '../storage/durable.ts';
import {
  highestNote,
  noteFolders,
  noteName,
  refuseOther,
  sequenceOf,
  type OutgoingNote,
  type PublishedNote,
  type Receipt,
  type Sink,
} from './sink.ts';

/** One file a note in a folder: a mounted share, a folder another machine collects, a write-once file system. */
export function folderSink(name: string, folder: string): Sink {
  return {
    name,
    type: 'folder',
    publish: (note) => publish(name, folder, note),
    latest: () => latest(folder),
    read: async (sequences) => {
      const found: PublishedNote[] = [];
      for (const sequence of sequences) found.push(...[await read(folder, sequence)].filter((note) => note !== null));
      return found;
    },
  };
}

/**
 * A file appears under its name whole or not at all, and is never written over: the temporary file is linked to the name, which fails
 * when the name is taken. A killed run leaves at most a temporary file, whose name begins with a dot.
 */
async function publish(sink: string, folder: string, { sequence, text }: OutgoingNote): Promise<Receipt> {
  const path = join(folder, noteName(sequence));
  const created = await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${String(sequence)}.${randomBytes(6).toString('hex')}`);
  try {
    await writeDurably(temporary, text);
    await link(temporary, path).catch((thrown: unknown) => acceptSame(thrown, sink, sequence, text, path));
  } finally {
    await unlink(temporary).catch(() => {});
  }
  // Also where the file was there already: whoever put it there may have been killed before this line.
  await syncPath(dirname(path));
  if (created !== undefined) await syncPath(dirname(created));
  await syncPath(folder);
  return { sink, reference: path, detail: {} };
}

async function acceptSame(thrown: unknown, sink: string, sequence: number, text: string, path: string): Promise<void> {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS') {
    fail('refused', `the file system of ${path} has no hard links, so that a note could be torn or written over there`, {
      hint: 'Take a folder on another file system, or a sink of type git or s3.',
      cause: thrown,
    });
  }
  if (code !== 'EEXIST') throw thrown;
  if ((await readFile(path, 'utf8')) !== text) refuseOther(sink, sequence, path);
}

async function latest(folder: string): Promise<PublishedNote | null> {
  for (const thousand of noteFolders(await namesIn(folder))) {
    const name = highestNote(await namesIn(join(folder, thousand)));
    if (name !== undefined) return read(folder, sequenceOf(name) ?? 0);
  }
  return null;
}

async function read(folder: string, sequence: number): Promise<PublishedNote | null> {
  const reference = join(folder, noteName(sequence));
  const text = await readFile(reference, 'utf8').catch(nothingIfAbsent);
  return text === null ? null : { sequence, text, reference };
}

const namesIn = async (folder: string): Promise<string[]> => (await readdir(folder).catch(nothingIfAbsent)) ?? [];

function nothingIfAbsent(thrown: NodeJS.ErrnoException): null {
  if (thrown.code !== 'ENOENT') throw thrown;
  return null;
}

async function writeDurably(path: string, text: string): Promise<void> {
  // For everybody to read, since a note holds hashes and a signature, and for nobody to write.
  const file = await open(path, 'wx', 0o444);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

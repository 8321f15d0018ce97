import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { noteName, refuseOther, sequenceOf, type OutgoingNote, type PublishedNote, type Receipt, type Sink } from './sink.ts';

/** One file a note in a folder: a mounted share, a folder another machine collects, a write-once file system. */
export function folderSink(name: string, folder: string): Sink {
  return { name, type: 'folder', publish: (note) => publish(name, folder, note), latest: () => latest(folder) };
}

/**
 * A file appears under its name whole or not at all, and is never written over: the temporary file is linked to the name, which fails
 * when the name is taken. A killed run leaves at most a temporary file.
 */
async function publish(sink: string, folder: string, { sequence, text }: OutgoingNote): Promise<Receipt> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, noteName(sequence));
  const temporary = join(folder, `.${noteName(sequence)}.${randomBytes(6).toString('hex')}`);
  await writeDurably(temporary, text);
  try {
    await link(temporary, path);
    await syncFolder(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    if ((await readFile(path, 'utf8')) !== text) refuseOther(sink, sequence, path);
  } finally {
    await unlink(temporary);
  }
  return { sink, reference: path, detail: {} };
}

async function latest(folder: string): Promise<PublishedNote | null> {
  const names = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
    return [];
  });
  const numbered = names.filter((name) => sequenceOf(name) !== null).toSorted();
  const last = numbered.at(-1);
  if (last === undefined) return null;
  const reference = join(folder, last);
  return { sequence: sequenceOf(last) ?? 0, text: await readFile(reference, 'utf8'), reference };
}

async function writeDurably(path: string, text: string): Promise<void> {
  // Public: a note holds hashes and a signature, and readers of the folder are welcome.
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

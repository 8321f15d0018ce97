import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';

/**
 * Twelve hexadecimal digits that stand for the content of files and folders and for some words: the same content gives the same digits, whatever
 * the folders are called and whenever the files were written. A path that is not there counts as empty.
 */
export async function fingerprint(paths: readonly string[], words: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const word of words) hash.update(`word ${Buffer.byteLength(word)} ${word}\n`);
  for (const [index, path] of paths.entries()) {
    for (const file of await filesOf(path)) {
      const content = await readFile(join(path, file));
      const name = file === '' ? basename(path) : file;
      // Lengths first, so that no content can be moved from one file to the next unseen.
      hash.update(`file ${index} ${Buffer.byteLength(name)} ${name} ${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex').slice(0, 12);
}

/** Files below a folder by relative path, in the order of their bytes; '' for a path that is itself a file. */
async function filesOf(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true, recursive: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(path, join(parentPath, name)));
    return files.map((file) => file.split(sep).join('/')).toSorted();
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return [''];
    if (code === 'ENOENT') return [];
    throw thrown;
  }
}

import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isScalar, parseDocument } from 'yaml';
import { fail } from '../../core/errors.ts';
import { replaceRelease, type Place } from './places.ts';

/** A file and what a bump makes of it. */
export interface PinFile {
  /** As people write it. */
  readonly shown: string;
  readonly path: string;
  readonly before: string;
  readonly after: string;
  readonly places: readonly Place[];
}

/**
 * The files that follow the pin: a name of the list is a path below the folder, or a pattern whose last part has stars. Fails with
 * config.invalid where one is not there: a list nobody keeps is worse than none.
 */
export async function followers(folder: string, listed: readonly string[]): Promise<{ shown: string; path: string }[]> {
  const found = await Promise.all(
    listed.map(async (shown) => {
      const matching = basename(shown).includes('*') ? await matches(folder, shown) : [shown];
      if (matching.length > 0) return matching;
      return fail('config.invalid', `postgres.pinned_in: no file matches ${shown}`, {
        hint: 'Take it out of the list in dbctl.yaml.',
      });
    }),
  );
  return [...new Set(found.flat())].map((shown) => ({ shown, path: join(folder, shown) }));
}

async function matches(folder: string, shown: string): Promise<string[]> {
  const pattern = new RegExp(`^${basename(shown).split('*').map(escaped).join('.*')}$`);
  const entries = await readdir(join(folder, dirname(shown)), { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(dirname(shown), entry.name))
    .toSorted();
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** What a bump makes of a file that follows. Fails with config.invalid where it is not there. */
export async function readFollower({ shown, path }: { shown: string; path: string }, from: string, to: string): Promise<PinFile> {
  const before = await readText(path, shown);
  const { text: after, places } = replaceRelease(before, from, to);
  return { shown, path, before, after, places };
}

async function readText(path: string, shown: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) =>
    fail('config.invalid', `postgres.pinned_in: cannot read ${shown}`, { cause, hint: 'Take it out of the list in dbctl.yaml.' }),
  );
}

/**
 * What a bump makes of dbctl.yaml: the scalar at `path` and nothing else, with its quotes. Fails with config.invalid where there is none.
 */
export async function readPinned(file: string, shown: string, path: readonly string[], to: string): Promise<PinFile> {
  const before = await readText(file, shown);
  const node = parseDocument(before, { version: '1.2', schema: 'core' }).getIn(path, true);
  if (!isScalar(node) || node.range === undefined || node.range === null || typeof node.value !== 'string') {
    return fail('config.invalid', `${shown} has no text at ${path.join('.')}`, {
      hint: `Write ${path.join('.')}: "18.2" there once; dbctl pin bump changes it from then on.`,
    });
  }
  const [start, end] = node.range;
  const written = before.slice(start, end);
  const quote = /^["']/.exec(written)?.[0] ?? '"';
  const after = `${before.slice(0, start)}${quote}${to}${quote}${before.slice(end)}`;
  const line = before.slice(0, start).split('\n').length;
  const lines = [before, after].map((text) => text.split('\n')[line - 1] ?? '') as [string, string];
  return { shown, path: file, before, after, places: [{ line, before: lines[0], after: lines[1] }] };
}

/**
 * Writes each file whole or not at all, and reads it again. The list is written in its order: what holds the pin comes last, so that a run
 * that was interrupted is finished by the same command. Fails with refused where a file was changed meanwhile.
 */
export async function writeFiles(files: readonly PinFile[]): Promise<void> {
  for (const file of files) {
    const path = await realpath(file.path);
    await replaceWhole(path, file);
    if ((await readFile(path, 'utf8')) !== file.after)
      fail('refused', `${file.shown} was changed by somebody else meanwhile`, AGAIN);
  }
}

const AGAIN = { hint: 'Run it again.' };

async function replaceWhole(path: string, { shown, before, after }: PinFile): Promise<void> {
  const { mode } = await stat(path);
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(draft, 'wx', mode);
    try {
      await handle.chmod(mode);
      await handle.writeFile(after);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if ((await readFile(path, 'utf8')) !== before) fail('refused', `${shown} was changed by somebody else meanwhile`, AGAIN);
    await rename(draft, path);
  } catch (thrown) {
    await rm(draft, { force: true });
    throw thrown;
  }
}

/** The release a file of dbctl.yaml's form says at a path. Fails with internal where it is not the one that was written. */
export async function requireWritten(file: string, path: readonly string[], to: string): Promise<void> {
  const found = parseDocument(await readFile(file, 'utf8'), { version: '1.2', schema: 'core' }).getIn(path);
  if (found !== to) fail('internal', `${file} says ${String(found)} instead of ${to} after it was written`);
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { readMigrations, type MigrationFile } from './file.ts';

export interface NewOptions {
  readonly transactional: boolean;
  readonly dryRun: boolean;
}

/**
 * Writes an empty migration after the last one of the folder, which is made when it is not there. The file is created
 * exclusively: of two people asking at once one gets the number, the other the next.
 * Fails with usage when the slug has no letters or digits.
 */
export async function writeNewMigration(
  folder: string,
  words: string,
  options: NewOptions,
): Promise<{ id: string; path: string }> {
  const slug = slugOf(words);
  const { files } = await readMigrations(folder);
  for (let skip = 1; ; skip += 1) {
    const id = nextId(files, skip);
    const path = join(folder, `${id}.do.${slug}.sql`);
    if (options.dryRun) return { id, path };
    await mkdir(folder, { recursive: true });
    const taken = await writeFile(path, template(words, options.transactional), { flag: 'wx' }).then(
      () => false,
      (error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? true : failToWrite(path, error)),
    );
    if (!taken) return { id, path };
  }
}

function failToWrite(path: string, error: Error): never {
  fail('config.invalid', `cannot write ${path}: ${error.message}`, {
    hint: 'Give the user that runs dbctl the right to write the migrations folder.',
  });
}

function slugOf(words: string): string {
  const slug = words
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  if (slug === '')
    fail('usage', `no slug can be made of ${JSON.stringify(words)}`, {
      hint: 'Say in a few words what the migration does: add-lab-difficulty.',
    });
  return slug.slice(0, 80).replace(/-$/, '');
}

/** As wide as the numbers before it; a folder numbered by time keeps counting up from its last. */
function nextId(files: readonly MigrationFile[], skip: number): string {
  const last = files.at(-1);
  return String((last?.version ?? 0) + skip).padStart(last?.id.length ?? 3, '0');
}

function template(words: string, transactional: boolean): string {
  const directive = transactional ? '' : '--! transaction: none\n';
  return `${directive}-- ${words.trim()}\n--\n-- Why: \n\n`;
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { suggest } from '../../core/suggest.ts';

/** A seed: `<migrations>/seeds/<name>.sql`, or the files of `<migrations>/seeds/<name>/` in order of their names. */
export interface Seed {
  readonly name: string;
  readonly files: readonly { readonly file: string; readonly sql: string }[];
}

/**
 * Reads a seed by name.
 * Fails with config.invalid when there is none of that name; the hint lists those there are.
 */
export async function readSeed(migrationsFolder: string, name: string): Promise<Seed> {
  const folder = join(migrationsFolder, 'seeds');
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.map((entry) => (entry.isDirectory() ? entry.name : entry.name.replace(/\.sql$/, '')));
  if (entries.some((entry) => entry.isFile() && entry.name === `${name}.sql`))
    return { name, files: [await readSql(folder, `${name}.sql`)] };
  if (entries.some((entry) => entry.isDirectory() && entry.name === name)) {
    const inside = (await readdir(join(folder, name))).filter((file) => file.endsWith('.sql')).sort();
    if (inside.length > 0) return { name, files: await Promise.all(inside.map((file) => readSql(join(folder, name), file))) };
  }
  const meant = suggest(name, names);
  return fail('config.invalid', `there is no seed ${name} in ${folder}`, {
    hint:
      names.length === 0
        ? `Write ${join(folder, `${name}.sql`)}.`
        : meant === undefined
          ? `There are: ${names.join(', ')}.`
          : `Did you mean ${meant}?`,
  });
}

async function readSql(folder: string, file: string): Promise<{ file: string; sql: string }> {
  return { file: join(folder, file), sql: await readFile(join(folder, file), 'utf8') };
}

/**
 * Loads a seed: all its files in one transaction, so that a failing row leaves nothing behind. Seeds are written to be loaded twice
 * without a change. Fails with sql.failed and the place in the file.
 */
export async function loadSeed(session: Session, seed: Seed): Promise<void> {
  await session.script('begin');
  try {
    for (const { file, sql } of seed.files) await session.script(sql, { file, text: sql });
    const [end] = await session.script('commit');
    if (end?.command !== 'COMMIT') fail('sql.failed', `seed ${seed.name} was rolled back at its end`);
  } catch (thrown) {
    await session.script('rollback').catch(() => {});
    throw thrown;
  }
}

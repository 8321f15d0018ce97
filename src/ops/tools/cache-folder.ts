import { readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { fail } from '../../core/errors.ts';

export interface CachePlace {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Undefined on systems that have none. */
  readonly uid: number | undefined;
}

/**
 * Where programs are kept that dbctl brought: `DBCTL_CACHE_HOME`, else /var/cache/dbctl for root, else `$XDG_CACHE_HOME/dbctl` or
 * ~/.cache/dbctl. Fails with config.invalid when a variable is not an absolute path.
 */
export function cacheFolder({ variables, home, uid }: CachePlace): string {
  const own = absolute('DBCTL_CACHE_HOME', variables);
  if (own !== undefined) return own;
  if (uid === 0) return '/var/cache/dbctl';
  return join(absolute('XDG_CACHE_HOME', variables) ?? join(home, '.cache'), 'dbctl');
}

/** The programs of one major in the cache, as Debian's packages lay them out. */
export const cachedPrograms = (cache: string, major: number): { readonly folder: string; readonly bin: string } => {
  const folder = join(cache, 'tools', `postgresql-${major}`);
  return { folder, bin: join(folder, 'usr', 'lib', 'postgresql', String(major), 'bin') };
};

/** Majors the cache has programs of; what is being made beside them, and locks, are none. */
export async function cachedMajors(cache: string): Promise<number[]> {
  const names = await readdir(join(cache, 'tools')).catch(() => []);
  return names.flatMap((name) => /^postgresql-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
}

function absolute(name: string, variables: CachePlace['variables']): string | undefined {
  const value = variables[name];
  if (value === undefined || value === '') return undefined;
  if (isAbsolute(value)) return value;
  return fail('config.invalid', `${name} is not an absolute path: ${value}`, {
    hint: `Set ${name} to a path that starts with /.`,
  });
}

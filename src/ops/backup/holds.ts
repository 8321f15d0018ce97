import { fail } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import { mapAtOnce } from '../storage/at-once.ts';
import { readText, type Repository } from './repository.ts';

/** Reasons to keep, by backup: a file of that name in the folder `.holds` of the repository, whose text is the reason. */
export type Holds = ReadonlyMap<string, string>;

const HOLDS = '.holds/';

/** The holds on backups of a repository. A folder among them, whose name ends with `/`, holds nothing. */
export async function readHolds(repository: Repository): Promise<Holds> {
  const names = (await repository.storage.names(HOLDS)).filter((name) => !name.startsWith('.'));
  const found = await mapAtOnce(names, async (name) => [name, await reasonOf(repository, name)] as const);
  return new Map(found.flatMap(([name, reason]) => (reason === null ? [] : [[name, reason] as const])));
}

const reasonOf = (repository: Repository, name: string): Promise<string | null> =>
  name.endsWith('/') ? Promise.resolve('') : holdOn(repository, name);

/** Why a backup is under hold; null: it is not. */
export async function holdOn(repository: Repository, id: string): Promise<string | null> {
  const text = await readText(repository, `${HOLDS}${id}`);
  return text === null ? null : text.trim() || 'no reason given';
}

/** A hold that holds nothing. */
export interface StrayHold {
  readonly name: string;
  /** What is wrong with it, and what may have been meant, for people. */
  readonly message: string;
}

/** Holds that are of no backup of the repository: whoever gave one believes a backup safe that is not. Pure. */
export function strayHolds(repository: string, holds: Holds, ids: readonly string[]): StrayHold[] {
  return [...holds.keys()].flatMap((name) => {
    if (ids.includes(name)) return [];
    if (name.endsWith('/')) return [{ name, message: `.holds/${name} of ${repository} is a folder, and a hold is a file` }];
    const meant = meantBy(name, ids);
    const question = meant === undefined ? '' : `: did you mean ${meant}?`;
    return [{ name, message: `the hold on ${name} is of no backup of ${repository}${question}` }];
  });
}

/** A name that was cut short, such as that of several, is no suggestion. */
function meantBy(name: string, ids: readonly string[]): string | undefined {
  const longer = ids.filter((id) => id.startsWith(name) || name.startsWith(id));
  return longer.length === 1 ? longer[0] : suggest(name, ids);
}

/** Fails with refused where one is: what it was to keep would be removed for good. */
export function requireNoStray(repository: string, holds: Holds, ids: readonly string[]): void {
  const [first, ...more] = strayHolds(repository, holds, ids);
  if (first === undefined) return;
  fail('refused', `${first.message}${more.length === 0 ? '' : ` (and ${more.length} more)`}`, {
    hint: 'Nothing was removed. Give the file in .holds the name of a backup of dbctl backup list, or remove it.',
  });
}

import type { Repository } from '../backup/repository.ts';
import { requireWal } from './archive.ts';
import { parseHistory, type Histories } from './history.ts';
import { parseWalName } from './segment.ts';

/** Where each timeline of the archive came from; `names` are its files. Fails with backup.failed where a history is not what was stored. */
export async function readHistories(repository: Repository, names: readonly string[]): Promise<Histories> {
  const read = async (name: string) => {
    const bytes = await requireWal(repository, name);
    return [Number.parseInt(name.slice(0, 8), 16), parseHistory(name, bytes.toString('utf8'))] as const;
  };
  return new Map(await Promise.all(names.filter((name) => parseWalName(name)?.kind === 'history').map(read)));
}

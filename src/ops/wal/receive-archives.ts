import type { Log } from '../../core/log.ts';
import { fail } from '../../core/errors.ts';
import type { Repository } from '../backup/repository.ts';
import { readArchive } from './archive.ts';

/**
 * Names of every file that one of the repositories has: receiving goes on behind the newest of them, and backup sync brings it to the others.
 * Fails with refused where one is of another server; one that does not answer is a warning while another does.
 */
export async function readArchives(repositories: readonly Repository[], identifier: string, log: Log): Promise<string[]> {
  const read = await Promise.allSettled(repositories.map((one) => readArchive(one)));
  const names = new Set<string>();
  for (const [index, one] of read.entries()) {
    const name = repositories[index]?.name ?? '';
    if (one.status === 'fulfilled') {
      requireSystem(name, one.value.system?.identifier ?? null, identifier);
      for (const file of one.value.names) names.add(file);
    } else if (read.every(({ status }) => status === 'rejected')) throw one.reason;
    else log.warn(`${name} does not answer: ${(one.reason as Error).message}`);
  }
  return [...names].toSorted();
}

function requireSystem(repository: string, found: string | null, identifier: string): void {
  if (found === null || found === identifier) return;
  fail('refused', `the archive in ${repository} is of server ${found}, and this is ${identifier}`, {
    hint: 'Give each server a repository of its own, or look where --env leads.',
  });
}

import type { FoundProgram } from '../tools/find.ts';
import type { Fact } from './facts.ts';

/** The client programs of this machine: of each the one dbctl takes, else the newest there is. Pure. */
export function clientToolsFact(found: readonly FoundProgram[]): Fact {
  const programs = found.flatMap(({ taken, all }) => {
    const best = taken ?? all[0];
    return best === undefined ? [] : [best];
  });
  if (programs.length === 0) {
    return { kind: 'unseen', reason: 'no client program of PostgreSQL was found on this machine', fix: 'dbctl tools install' };
  }
  return { kind: 'seen', value: programs.map(({ name, path, versionNumber }) => ({ name, path, version: versionNumber })) };
}

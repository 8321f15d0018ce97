import { readFileSync } from 'node:fs';
import { parseOsRelease } from '../../src/ops/tools/advice.ts';
import { cacheFolder } from '../../src/ops/tools/cache-folder.ts';
import { installFromDebian } from '../../src/ops/tools/debian.ts';
import { findPrograms, type ToolPlaces } from '../../src/ops/tools/find.ts';
import { silentProgress } from '../../src/core/progress.ts';

/** Where the programs of this major are, brought as `dbctl tools install` brings them where the machine has none. */
export async function clientTools(major: 17 | 18 = 18): Promise<ToolPlaces> {
  const places = {
    setting: null,
    path: process.env['PATH'] ?? '',
    cache: cacheFolder({ variables: process.env, home: process.env['HOME'] ?? '/', uid: process.getuid?.() }),
  };
  const complete = (await findPrograms(places, major)).every(({ taken }) => taken !== null);
  if (!complete) {
    const release = parseOsRelease(readFileSync('/etc/os-release', 'utf8'));
    const signal = AbortSignal.timeout(120_000);
    await installFromDebian({ major, cache: places.cache, release, progress: silentProgress, signal });
  }
  return places;
}

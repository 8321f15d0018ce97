import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../src/ops/tools/cache-folder.ts';

/**
 * Folders with what is in Debian packages, by their names: brought into the cache beside the system, with apt's state in a folder of its own,
 * and without what they depend on. Those that are not to be had (no Debian, no archive within reach, another suite) are not in it.
 */
export function debianPackages(names: readonly string[]): ReadonlyMap<string, string> {
  const cache = cacheFolder({ variables: process.env, home: process.env['HOME'] ?? '/', uid: process.getuid?.() });
  const placeOf = (name: string) => join(cache, 'tests', 'packages', name);
  const missing = names.filter((name) => !existsSync(placeOf(name)));
  if (missing.length > 0) bring(missing, placeOf);
  return new Map(names.filter((name) => existsSync(placeOf(name))).map((name) => [name, placeOf(name)]));
}

function bring(names: readonly string[], placeOf: (name: string) => string): void {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-apt-'));
  const own = [`Dir::State=${folder}`, `Dir::Cache=${folder}`, 'APT::Sandbox::User=', 'Debug::NoLocking=1'];
  const apt = (cwd: string, ...args: readonly string[]) =>
    spawnSync('apt-get', [...own.flatMap((setting) => ['-o', setting]), ...args], { cwd, timeout: 90_000 }).status === 0;
  try {
    mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
    if (!apt(folder, 'update')) return;
    for (const name of names) {
      const making = join(folder, 'packages', name);
      mkdirSync(making, { recursive: true });
      // One at a time: apt brings none where one of them is unknown to it.
      const deb = apt(making, 'download', name) ? readdirSync(making).find((file) => file.endsWith('.deb')) : undefined;
      if (deb === undefined) continue;
      mkdirSync(dirname(placeOf(name)), { recursive: true });
      const unpacked = mkdtempSync(`${placeOf(name)}.making-`);
      if (spawnSync('dpkg-deb', ['-x', join(making, deb), unpacked]).status === 0) keep(unpacked, placeOf(name));
      rmSync(unpacked, { recursive: true, force: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Another run may have been quicker, and has brought the same. */
function keep(unpacked: string, place: string): void {
  try {
    renameSync(unpacked, place);
  } catch (thrown) {
    if (!existsSync(place)) throw thrown;
  }
}

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cacheFolder } from '../../src/ops/tools/cache-folder.ts';

/**
 * A program of the Debian package of its name: the one on PATH, else brought into the cache beside the system, with apt's state in a folder
 * of its own. Null where there is none to be had: no Debian, or no archive within reach.
 */
export function debianProgram(name: string): string | null {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  const cache = cacheFolder({ variables: process.env, home: process.env['HOME'] ?? '/', uid: process.getuid?.() });
  const kept = join(cache, 'tests', name);
  const brought = join(kept, 'usr', 'bin', name);
  const found = [...onPath, brought].find((path) => existsSync(path));
  if (found !== undefined) return found;
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-apt-'));
  const apt = (...args: readonly string[]) =>
    spawnSync(
      'apt-get',
      [
        '-o',
        `Dir::State=${folder}`,
        '-o',
        `Dir::Cache=${folder}`,
        '-o',
        'APT::Sandbox::User=',
        '-o',
        'Debug::NoLocking=1',
        ...args,
      ],
      { cwd: folder, timeout: 90_000 },
    ).status === 0;
  try {
    mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
    if (!apt('update') || !apt('download', name)) return null;
    const deb = readdirSync(folder).find((file) => file.endsWith('.deb'));
    mkdirSync(kept, { recursive: true });
    return spawnSync('dpkg-deb', ['-x', join(folder, deb ?? ''), kept]).status === 0 && existsSync(brought) ? brought : null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

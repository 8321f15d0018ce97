import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { silentProgress } from '../../src/core/progress.ts';
import { withLockFile } from '../../src/ops/process/lock.ts';
import { parseOsRelease } from '../../src/ops/tools/advice.ts';
import { cacheFolder } from '../../src/ops/tools/cache-folder.ts';
import { bringPackages } from '../../src/ops/tools/debian.ts';

/** Programs of other tools that keep backups. */
export interface ForeignTools {
  readonly pgbackrest: string;
  readonly barman: string;
}

/** pgBackRest before 2.57 knows no PostgreSQL 18. */
const SUITES = ['forky', 'sid'];

/**
 * The real pgBackRest and Barman from Debian's packages, beside the system, as `dbctl tools install` brings client programs; null on a machine
 * without Debian's archive, where the tests that need them are left out.
 */
export async function foreignTools(): Promise<ForeignTools | null> {
  const release = parseOsRelease(readFileSync('/etc/os-release', 'utf8'));
  if (release['ID'] !== 'debian' || !existsSync('/usr/bin/apt-get')) return null;
  const cache = cacheFolder({ variables: process.env, home: process.env['HOME'] ?? '/', uid: process.getuid?.() });
  const folder = join(cache, 'tools', 'foreign-1');
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  const signal = AbortSignal.timeout(180_000);
  await withLockFile(`${folder}.lock`, { signal, waitMs: 180_000 }, async () => {
    if (existsSync(folder)) return;
    const making = `${folder}.making`;
    rmSync(making, { recursive: true, force: true });
    const packages = ['pgbackrest', 'barman'] as const;
    await bringPackages({ release, packages, folder: making, bin: null, suites: SUITES, progress: silentProgress, signal });
    wrap(making, folder);
    renameSync(making, folder);
  });
  return { pgbackrest: join(folder, 'dbctl', 'pgbackrest'), barman: join(folder, 'dbctl', 'barman') };
}

/** Programs of a newer suite need its C library: each gets a script that runs it through the loader that came along. */
function wrap(root: string, final: string): void {
  const triplet = readdirSync(join(root, 'usr', 'lib')).find((name) => name.includes('-linux-gnu')) ?? '';
  const loader = readdirSync(join(root, 'usr', 'lib', triplet)).find((name) => /^ld-linux.*\.so\.\d$/.test(name)) ?? '';
  const library = join(final, 'usr', 'lib', triplet);
  const scripts = join(root, 'dbctl');
  mkdirSync(scripts);
  const script = (name: string, ...lines: readonly string[]) => {
    writeFileSync(join(scripts, name), `#!/bin/sh\n${lines.join('\n')}\n`);
    chmodSync(join(scripts, name), 0o755);
  };
  const run = (name: string) =>
    `exec ${join(library, loader)} --library-path ${library} --argv0 "$0" ${join(final, 'usr', 'bin', name)} "$@"`;
  const place = join(final, 'dbctl');
  script('pgbackrest', run('pgbackrest'));
  script('rsync', run('rsync'));
  script('python3', `export PYTHONHOME=${join(final, 'usr')} PYTHONPATH=${place} PATH=${place}:$PATH`, run('python3'));
  script('barman', `exec ${join(place, 'python3')} ${join(final, 'usr', 'bin', 'barman')} "$@"`);
  // Barman starts workers with the interpreter it runs in, and that one has to come through the loader, too.
  const interpreter = JSON.stringify(join(place, 'python3'));
  writeFileSync(join(scripts, 'sitecustomize.py'), `import sys\nsys.executable = sys._base_executable = ${interpreter}\n`);
}

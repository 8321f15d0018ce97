import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { silentProgress } from '../../src/core/progress.ts';
import { parseOsRelease } from '../../src/ops/tools/advice.ts';
import { cacheFolder, cachedPrograms } from '../../src/ops/tools/cache-folder.ts';
import { bringPackages, installFromDebian } from '../../src/ops/tools/debian.ts';

/** A Podman of its own, beside the system, with its images and containers in a temporary folder. */
export interface Podman {
  /** What a process needs to find it; PATH has it and the programs of the system, and no PostgreSQL. */
  readonly variables: Readonly<Record<string, string>>;
  /** What it prints; fails where it fails. */
  run(...args: readonly string[]): string;
  /** Makes an image of the client programs dbctl brings, under this name: there is no registry to have one from. */
  makeImage(name: string): void;
  remove(): void;
}

const NAMES = ['psql', 'pg_dump', 'pg_dumpall', 'pg_restore', 'pg_basebackup', 'pg_amcheck'];

/** Brings Podman from Debian's packages, and tries whether it can run a container here. A text: why not. */
export async function startPodman(): Promise<Podman | string> {
  const cache = cacheFolder({ variables: process.env, home: process.env['HOME'] ?? '/', uid: process.getuid?.() });
  const [brought, programs] = [join(cache, 'tests', 'podman'), cachedPrograms(cache, 18)];
  try {
    const release = parseOsRelease(readFileSync('/etc/os-release', 'utf8'));
    const how = { release, progress: silentProgress, signal: AbortSignal.timeout(120_000) };
    // Of this very release: they run with its C library. Podman runs itself anew by /proc/self/exe, which the loader of another one would be.
    const suites = [release['VERSION_CODENAME'] ?? ''];
    const packages = ['podman', 'conmon', 'crun', 'catatonit'] as const;
    if (!existsSync(brought)) await bringPackages({ ...how, packages, folder: brought, bin: null, suites });
    if (!existsSync(programs.bin)) await installFromDebian({ ...how, major: 18, cache });
  } catch (thrown) {
    return `Podman cannot be brought: ${(thrown as Error).message}`;
  }
  const podman = installed(mkdtempSync(join(tmpdir(), 'dbctl-podman-')), brought, programs.folder);
  try {
    podman.makeImage('tried:1');
    podman.run('run', '--rm', '--network', 'host', '--entrypoint', 'psql', 'tried:1', '--version');
    return podman;
  } catch (thrown) {
    podman.remove();
    return `Podman runs no container here: ${(thrown as Error).message.trim().split('\n').at(-1)}`;
  }
}

function installed(folder: string, brought: string, programs: string): Podman {
  const at = (...parts: readonly string[]) => join(folder, ...parts);
  for (const part of ['bin', 'lib', 'home/.config/containers']) mkdirSync(at(part), { recursive: true });
  copyLibraries(brought, at('lib'));
  for (const name of ['podman', 'conmon']) script(at('bin', name), `exec ${join(brought, 'usr/bin', name)} "$@"`, at('lib'));
  script(at('bin', 'crun'), asPoorRoot(join(brought, 'usr/bin/crun')), at('lib'));
  writeFileSync(at('home/.config/containers/policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
  writeFileSync(at('storage.conf'), `[storage]\ndriver = "vfs"\nrunroot = "${at('run')}"\ngraphroot = "${at('images')}"\n`);
  writeFileSync(
    at('containers.conf'),
    `[containers]
cgroups = "disabled"
seccomp_profile = "unconfined"
apparmor_profile = "unconfined"
default_sysctls = []
init_path = "${join(brought, 'usr/bin/catatonit')}"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
conmon_path = ["${at('bin/conmon')}"]
[engine.runtimes]
crun = ["${at('bin/crun')}"]
`,
  );
  const variables = {
    HOME: at('home'),
    CONTAINERS_CONF: at('containers.conf'),
    CONTAINERS_STORAGE_CONF: at('storage.conf'),
    PATH: `${at('bin')}:/usr/bin:/bin:/usr/sbin:/sbin`,
  };
  const run = (...args: readonly string[]): string => {
    const ended = spawnSync(at('bin/podman'), args, { env: variables, encoding: 'utf8', timeout: 60_000 });
    if (ended.status !== 0) throw new Error(ended.stderr || `podman ${args[0]}: ${ended.error?.message ?? ended.signal}`);
    return ended.stdout.trim();
  };
  return {
    variables,
    run,
    makeImage(name) {
      const root = mkdtempSync(at('image-'));
      layOutImage(root, programs);
      spawnSync('tar', ['--directory', root, '--owner=0', '--group=0', '--create', `--file=${root}.tar`, '.']);
      run('import', '--quiet', '--change', 'ENV PATH=/usr/lib/postgresql/18/bin', `${root}.tar`, name);
    },
    remove() {
      for (const id of run('ps', '--all', '--quiet').split('\n').filter(Boolean)) run('rm', '--force', id);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Libraries of the packages that this system does not have; its own go with its own loader. */
function copyLibraries(brought: string, into: string): void {
  for (const parent of ['usr/lib', 'lib']) {
    for (const triplet of readdirSync(join(brought, parent)).filter((name) => name.includes('-linux-'))) {
      for (const name of readdirSync(join(brought, parent, triplet)).filter((one) => /\.so(\.|$)/.test(one))) {
        const own = ['/usr/lib', '/lib'].some((place) => existsSync(join(place, triplet, name)));
        if (!own) cpSync(realpathSync(join(brought, parent, triplet, name)), join(into, name));
      }
    }
  }
}

function script(path: string, line: string, libraries: string): void {
  writeFileSync(path, `#!/bin/sh\nexport LD_LIBRARY_PATH=${libraries}\n${line}\n`, { mode: 0o755 });
}

/**
 * Root of a virtual machine or container may be no full root: it may not raise limits of processes, and its control groups are of both versions at
 * once, which crun refuses. Neither is what is tested, so the one is left out of what Podman asks crun for, and the other hidden from it.
 */
const asPoorRoot = (crun: string): string => `before=
for word in "$@"; do
  [ "$before" = --bundle ] && sed -i 's/"rlimits":\\[[^]]*\\],//; s/,"rlimits":\\[[^]]*\\]//; s#,{"destination":"/sys/fs/cgroup"[^}]*}##' "$word/config.json"
  before=$word
done
[ "$(id -u)" = 0 ] || exec ${crun} "$@"
exec unshare --mount --propagation slave sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$0" "$@"' ${crun} "$@"`;

/** Programs, the libraries they name, the loader where all look for it, and a shell, since pg_dumpall runs pg_dump through one. */
function layOutImage(root: string, programs: string): void {
  const triplet = readdirSync(join(programs, 'usr/lib')).find((name) => name.includes('-linux-gnu')) ?? '';
  const libraries = join(programs, 'usr/lib', triplet);
  const loader = readdirSync(libraries).find((name) => /^ld-linux.*\.so\.\d$/.test(name)) ?? '';
  const bin = 'usr/lib/postgresql/18/bin';
  chmodSync(root, 0o755);
  for (const folder of [bin, join('usr/lib', triplet), 'usr/bin', 'usr/lib64', 'tmp'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const name of NAMES) {
    const program = join(programs, bin, '.real', name);
    cpSync(program, join(root, bin, name));
    const { stdout } = spawnSync(join(libraries, loader), ['--library-path', libraries, '--list', program], { encoding: 'utf8' });
    for (const [, path = ''] of stdout.matchAll(/=> (\/\S+)/g)) {
      const into = join(root, 'usr/lib', triplet, basename(path));
      if (dirname(path) === libraries && !existsSync(into)) cpSync(realpathSync(path), into);
    }
  }
  cpSync(realpathSync(join(libraries, loader)), join(root, 'usr/lib', triplet, loader));
  cpSync(realpathSync('/bin/sh'), join(root, 'usr/bin/sh'));
  for (const folder of ['bin', 'lib', 'lib64']) symlinkSync(join('usr', folder), join(root, folder));
  symlinkSync(join('../lib', triplet, loader), join(root, 'usr/lib64', loader));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/false\n');
}

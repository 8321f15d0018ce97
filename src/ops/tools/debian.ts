import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Progress } from '../../core/progress.ts';
import { fail } from '../../core/errors.ts';
import { withLockFile } from '../process/lock.ts';
import { runProgram } from '../process/program.ts';
import type { OsRelease } from './advice.ts';
import { cachedPrograms } from './cache-folder.ts';

interface Surroundings {
  readonly release: OsRelease;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface InstallWish extends Surroundings {
  readonly major: number;
  readonly cache: string;
}

export interface PackagesWish extends Surroundings {
  /** Packages to bring with all they depend on; the suite that has the first is asked for the others. */
  readonly packages: readonly [string, ...string[]];
  /** Where they are unpacked; what was there is replaced. */
  readonly folder: string;
  /** The folder in it, without a slash in front, whose programs are to run here; null: none is made to. */
  readonly bin: string | null;
  /** Suites to look into, in this order; default: that of the system, then newer ones. */
  readonly suites?: readonly string[];
}

/** Suites in the order in which they came out: the machine's own is asked first, then newer ones, since older ones cannot have more. */
const SUITES: Readonly<Record<string, readonly string[]>> = {
  debian: ['bookworm', 'trixie', 'forky', 'sid'],
  ubuntu: ['jammy', 'noble', 'plucky', 'questing', 'resolute'],
};

/**
 * Brings client programs of one major into the cache, and returns their folder; see {@link bringPackages}. Fails with refused where the machine
 * has no Debian archive or the archive not the major.
 */
export async function installFromDebian({ major, cache, ...rest }: InstallWish): Promise<string> {
  const { folder, bin } = cachedPrograms(cache, major);
  // The server's package has pg_waldump.
  const packages = [`postgresql-client-${major}`, `postgresql-${major}`] as const;
  await bringPackages({ ...rest, packages, folder, bin: relative(folder, bin) });
  return bin;
}

/**
 * Brings packages from the Debian archive the machine's own apt is set up for, without touching the system and without root: apt with state,
 * cache and sources of its own downloads and verifies them, dpkg unpacks them, and each program becomes a script that runs it through the loader
 * and the libraries that came with it. Fails with refused where the machine has no Debian archive, or the archive not the packages.
 */
export async function bringPackages(wish: PackagesWish): Promise<void> {
  const { folder } = wish;
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  await withLockFile(`${folder}.lock`, { signal: wish.signal, what: 'the cache of client programs' }, async () => {
    const making = `${folder}.making-${randomBytes(6).toString('hex')}`;
    try {
      const apt = await ownApt(join(making, 'apt'));
      await download(apt, wish);
      await unpack(join(making, 'apt', 'cache', 'archives'), join(making, 'root'), wish);
      if (wish.bin !== null) await wrapPrograms(join(making, 'root'), folder, wish.bin);
      await rm(folder, { recursive: true, force: true });
      await rename(join(making, 'root'), folder);
    } finally {
      await rm(making, { recursive: true, force: true });
    }
  });
}

/** apt-get with everything it keeps in a folder of ours. */
interface Apt {
  readonly folder: string;
  readonly options: readonly string[];
}

async function ownApt(folder: string): Promise<Apt> {
  for (const part of ['state/lists/partial', 'cache/archives/partial']) await mkdir(join(folder, part), { recursive: true });
  // No package counts as installed, so that libraries come along, the C library too.
  await writeFile(join(folder, 'state', 'status'), '');
  const settings = {
    'Dir::State': join(folder, 'state'),
    'Dir::State::status': join(folder, 'state', 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Debug::NoLocking': 'true',
  };
  return { folder, options: Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]) };
}

async function download(apt: Apt, wish: PackagesWish): Promise<void> {
  const archive = await ownArchive(wish);
  const [first] = wish.packages;
  const unread: string[] = [];
  for (const suite of wish.suites ?? suitesFrom(wish.release)) {
    const step = wish.progress.step(`look into ${suite}`);
    await writeFile(join(apt.folder, 'sources.list'), `deb ${archive.options}${archive.uri} ${suite} ${archive.component}\n`);
    const updated = await aptGet(apt, ['update', '--error-on=any'], wish);
    const known = updated.status === 0 && (await aptGet(apt, ['--simulate', 'install', first], wish)).status === 0;
    step.done();
    if (updated.status !== 0) unread.push(`${suite}: ${lastLine(updated.stderr)}`);
    if (!known) continue;
    const packages = wish.progress.step(`download ${first} from ${suite}`);
    const got = await aptGet(apt, ['--yes', '--no-install-recommends', '--download-only', 'install', ...wish.packages], wish);
    packages.done();
    if (got.status === 0) return;
    fail('refused', `the packages could not be downloaded: ${lastLine(got.stderr)}`, {
      hint: 'Run it again when the archive answers.',
    });
  }
  const said = unread.length === 0 ? '' : `; not readable: ${unread.join('; ')}`;
  fail('refused', `the archive ${archive.uri} has no ${first}${said}`, {
    hint: 'dbctl tools status prints the line that brings it from elsewhere.',
  });
}

const aptGet = ({ options }: Apt, args: readonly string[], { signal }: Surroundings) =>
  runProgram({ file: 'apt-get', args: [...options, ...args], signal, variables: { DEBIAN_FRONTEND: 'noninteractive' } }).catch(
    notThere('apt-get'),
  );

interface Archive {
  readonly uri: string;
  readonly component: string;
  /** `[signed-by=…] `, or nothing. */
  readonly options: string;
}

/** The archive of the distribution itself, as the machine's apt has it: mirror, component and keyring are the machine's choice. */
async function ownArchive({ release, signal }: Surroundings): Promise<Archive> {
  // Apt before 2.9 does not know SIGNED_BY and leaves the word as it is; its own trusted keys are then asked.
  const format = '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)';
  const { stdout } = await runProgram({
    file: 'apt-get',
    args: ['indextargets', '--format', format, 'Created-By: Packages'],
    signal,
  }).catch(notThere('apt-get'));
  const own = release['VERSION_CODENAME'] ?? '';
  const found = stdout
    .split('\n')
    .map((line) => line.split('|'))
    .find(([, suite, component]) => suite === own && component === 'main');
  const [uri = '', , component = 'main', signedBy = ''] = found ?? [];
  if (uri === '')
    fail('refused', 'apt is not set up for the archive of this system', { hint: 'Look at /etc/apt/sources.list.d.' });
  return { uri, component, options: signedBy === '' || signedBy.startsWith('$(') ? '' : `[signed-by=${signedBy}] ` };
}

function suitesFrom({ ID = '', VERSION_CODENAME = '' }: OsRelease): readonly string[] {
  const known = SUITES[ID] ?? [];
  const place = known.indexOf(VERSION_CODENAME);
  return place === -1 ? [VERSION_CODENAME, ...known].filter((suite) => suite !== '') : known.slice(place);
}

async function unpack(archives: string, root: string, { progress, signal }: Surroundings): Promise<void> {
  const packages = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
  const step = progress.step('unpack', packages.length);
  await mkdir(root, { recursive: true });
  for (const name of packages) {
    const { status, stderr } = await runProgram({ file: 'dpkg-deb', args: ['-x', join(archives, name), root], signal }).catch(
      notThere('dpkg-deb'),
    );
    if (status !== 0)
      fail('refused', `${name} could not be unpacked: ${lastLine(stderr)}`, { hint: 'Look whether the disk is full.' });
    step.tick(1, name);
  }
  step.done();
}

/**
 * Programs of a newer suite need its C library: each is moved aside, and a script in its place runs it through the loader that came along.
 * `--argv0` makes the program look for its siblings and its share folder beside the script.
 */
async function wrapPrograms(root: string, final: string, bin: string): Promise<void> {
  const triplet = (await readdir(join(root, 'usr', 'lib'))).find((name) => name.includes('-linux-gnu'));
  const loader =
    triplet === undefined
      ? undefined
      : (await readdir(join(root, 'usr', 'lib', triplet))).find((name) => /^ld-linux.*\.so\.\d$/.test(name));
  if (triplet === undefined || loader === undefined)
    fail('refused', 'the packages brought no loader', { hint: 'Run it again; the archive may be changing.' });
  const library = join(final, 'usr', 'lib', triplet);
  const aside = join(root, bin, '.real');
  await mkdir(aside);
  for (const name of await readdir(join(root, bin))) {
    const program = join(root, bin, name);
    if (name === '.real' || !(await stat(program)).isFile()) continue;
    await rename(program, join(aside, name));
    const real = join(final, bin, '.real', name);
    await writeFile(
      program,
      `#!/bin/sh\nexec ${quoted(join(library, loader))} --library-path ${quoted(library)} --argv0 "$0" ${quoted(real)} "$@"\n`,
    );
    await chmod(program, 0o755);
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

const notThere =
  (program: string) =>
  (thrown: NodeJS.ErrnoException): never => {
    if (thrown.name === 'AbortError') throw thrown;
    return fail('refused', `${program} cannot be run: ${thrown.code ?? thrown.message}`, {
      hint: 'dbctl tools status prints another way.',
    });
  };

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

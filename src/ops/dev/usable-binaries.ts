import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { ServerAccount } from '../process/account.ts';
import type { EmbeddedBinaries } from './binaries.ts';
import { runProgram } from '../process/program.ts';
import type { Control } from './environment.ts';

/**
 * Binaries the server's account can really run, tried by running `postgres --version` as that account. Where the package's own do not run, a
 * copy is made once in `cacheFolder` (60 MB) and tried in turn. Two causes are known and healed by it: a project
 * below a folder the account cannot enter (/root is mode 700), and a package whose install script was blocked by npm, so that its library
 * links are missing and initdb ends with status 127.
 * Fails with server.failed when the copy does not run either.
 */
export async function usableBinaries(
  embedded: EmbeddedBinaries,
  account: ServerAccount | undefined,
  cacheFolder: string,
  { progress, signal }: Control,
): Promise<EmbeddedBinaries> {
  const problem = await tryToRun(embedded, account, signal);
  if (problem === undefined) return embedded;
  const nativeFolder = join(cacheFolder, `${embedded.packageVersion}-${basename(embedded.packageName)}`);
  const copy = { ...embedded, nativeFolder, binFolder: join(nativeFolder, 'bin') };
  if ((await tryToRun(copy, account, signal)) === undefined) return copy;
  const step = progress.step(`copying PostgreSQL ${embedded.version} to ${nativeFolder}`);
  const tryCopy = (): Promise<string | undefined> => tryToRun(copy, account, signal);
  await copyWhole(embedded.nativeFolder, nativeFolder, tryCopy);
  const still = await tryCopy();
  if (still === undefined) {
    step.done();
    return copy;
  }
  step.failed();
  return doesNotRun(embedded, account, problem, still);
}

function doesNotRun(embedded: EmbeddedBinaries, account: ServerAccount | undefined, problem: string, still: string): never {
  const who = account === undefined ? '' : ` for user ${account.name}`;
  return fail('server.failed', `the embedded PostgreSQL ${embedded.version} does not run${who}: ${still}`, {
    detail: `in the package: ${problem}`,
    hint:
      `Run npm rebuild ${embedded.packageName}; if npm says that its install script is blocked, first add ` +
      `"allowScripts": { "${embedded.packageName}": true } to package.json. Or use dbctl dev up --engine container.`,
  });
}

/** What went wrong, in one line; undefined when it runs. */
async function tryToRun(
  embedded: EmbeddedBinaries,
  account: ServerAccount | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const ended = await runProgram({ file: join(embedded.binFolder, 'postgres'), args: ['--version'], account, signal });
    return ended.status === 0 ? undefined : (ended.stderr.trim().split('\n')[0] ?? `status ${ended.status}`);
  } catch (thrown) {
    signal.throwIfAborted();
    return (thrown as Error).message;
  }
}

/** Made beside its place and moved there, so that a killed copy is never taken for a whole one. */
async function copyWhole(from: string, to: string, tryCopy: () => Promise<string | undefined>): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const making = await mkdtemp(join(dirname(to), 'making-'));
  try {
    await cp(from, join(making, 'native'), { recursive: true, verbatimSymlinks: true });
    await makeLinks(join(making, 'native'));
    await rename(join(making, 'native'), to).catch(async (thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'ENOTEMPTY' && thrown.code !== 'EEXIST') throw thrown;
      // Another run was first; only a copy that does not run is replaced, the other one may be running by now.
      if ((await tryCopy()) === undefined) return;
      await rename(to, join(making, 'broken'));
      await rename(join(making, 'native'), to);
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

/** npm packages cannot hold symbolic links; their list is in pg-symlinks.json, with paths from the package's folder. */
async function makeLinks(nativeFolder: string): Promise<void> {
  const links = JSON.parse(await readFile(join(nativeFolder, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    await symlink(basename(source), join(dirname(nativeFolder), target)).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'EEXIST') throw thrown;
    });
  }
}

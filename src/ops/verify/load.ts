import { readdir, readFile, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { HeaderProblem } from '../../core/header.ts';
import { packageFolder } from '../../package.ts';
import { parseCheck, type Check } from './check.ts';
import { failOnProblems } from './problems.ts';

/** The checks that come with dbctl. */
export const builtInFolder = (): string => join(packageFolder(), 'checks');

/**
 * Reads every `*.sql` of the folders: the folder is the registry, there is no list to forget. A folder that does not exist has no
 * checks; one reached twice (dbctl's own repository is a project too) is read once. Sorted by group, then id. Files are named relative
 * to `cwd` where they are below it.
 * Fails with config.invalid, naming every problem of every file: a wrong header, an id two files share.
 */
export async function loadChecks(folders: readonly string[], cwd?: string): Promise<Check[]> {
  const checks: Check[] = [];
  const problems: HeaderProblem[] = [];
  for (const folder of await distinct(folders)) {
    // All at once: one after the other, 136 files take 90 ms.
    const files = await Promise.all((await sqlFiles(folder)).map(async (path) => [path, await readFile(path, 'utf8')] as const));
    for (const [path, text] of files) {
      const parsed = parseCheck(shown(path, cwd), text);
      problems.push(...parsed.problems);
      if (parsed.check !== null) checks.push(parsed.check);
    }
  }
  failOnProblems([...problems, ...sharedIds(checks)], 'Correct the files; docs/checks.md describes the header of a check.');
  return checks.toSorted((a, b) => compare(a.group, b.group) || compare(a.id, b.id));
}

async function distinct(folders: readonly string[]): Promise<string[]> {
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => null)));
  return [...new Set(real.filter((folder) => folder !== null))];
}

async function sqlFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) =>
    fail('config.invalid', `cannot read the folder of checks ${folder}`, {
      cause,
      hint: 'Check verify.checks in dbctl.yaml and the rights of the folder.',
    }),
  );
  return names
    .filter((name) => name.endsWith('.sql'))
    .toSorted(compare)
    .map((name) => join(folder, name));
}

function shown(path: string, cwd: string | undefined): string {
  const short = cwd === undefined ? path : relative(cwd, path);
  return short.startsWith('..') ? path : short;
}

function sharedIds(checks: readonly Check[]): HeaderProblem[] {
  return checks.flatMap((check, index) => {
    const first = checks.slice(0, index).find((other) => other.id === check.id);
    if (first === undefined) return [];
    return [
      {
        message: `check id "${check.id}" is taken by ${first.file}: rename this file`,
        position: { file: check.file, line: 1, column: 1 },
      },
    ];
  });
}

/** By code units, so that the order is the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Item } from '../../core/report.ts';
import { absent, healthy, ill } from './examination.ts';

const run = promisify(execFile);

/** The lowest Node.js dbctl is tested with (package.json `engines`). */
const NODE_FLOOR = [20, 19] as const;

export function examineNode(version: string): Item {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const enough = major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1]);
  if (enough) return healthy('node', version, 'Node.js is new enough');
  return ill(
    'node',
    version,
    'high',
    `dbctl needs Node.js ${NODE_FLOOR.join('.')} or newer`,
    'Install a current Node.js (20, 22 or 24).',
  );
}

/** Programs of PostgreSQL that dbctl calls or that its runbooks name. A client must not be older than the server it dumps. */
const CLIENT_PROGRAMS = ['psql', 'pg_dump', 'pg_restore', 'pg_basebackup', 'pg_verifybackup'] as const;

export interface MachinePaths {
  /** The PATH variable. */
  readonly path: string;
  readonly major: number;
}

/** Each client program with its version, taken by running it: the first on PATH, or a newer one in the folder of a distribution. */
export async function examineClientPrograms({ path, major }: MachinePaths): Promise<Item[]> {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...(await distributionFolders())];
  return Promise.all(CLIENT_PROGRAMS.map((program) => examineProgram(program, folders, major)));
}

async function examineProgram(program: string, folders: readonly string[], major: number): Promise<Item> {
  const id = `client-${program.replace('_', '-')}`;
  const found = await Promise.all(folders.map((folder) => programVersion(join(folder, program))));
  const programs = found.filter((entry) => entry !== undefined).sort((a, b) => b.major - a.major);
  const best = programs.find((entry) => entry.major >= major) ?? programs[0];
  if (best === undefined)
    return ill(
      id,
      program,
      'low',
      'not found on PATH or in the usual folders',
      `Install the client programs of PostgreSQL ${major}.`,
    );
  if (best.major >= major) return healthy(id, best.path, `version ${best.version}`);
  return ill(
    id,
    best.path,
    'low',
    `version ${best.version} is older than the pinned server (${major})`,
    `Install the client programs of PostgreSQL ${major}.`,
  );
}

async function distributionFolders(): Promise<string[]> {
  const roots = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt', '/usr/pgsql-18/..'];
  const lists = await Promise.all(
    roots.map(async (root) =>
      (await readdir(root).catch(() => []))
        .filter((name) => /^(?:postgresql@|libpq|pgsql-)?\d*/.test(name))
        .map((name) => join(root, name, 'bin')),
    ),
  );
  return lists.flat();
}

async function programVersion(path: string): Promise<{ path: string; version: string; major: number } | undefined> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await run(path, ['--version'], { timeout: 5_000 });
    const version = /(\d+)(?:\.\d+)?/.exec(stdout.replace(/^.*PostgreSQL\)?/, ''));
    return version === null ? undefined : { path, version: version[0], major: Number(version[1]) };
  } catch {
    return undefined;
  }
}

/** Whether a container engine answers: needed for `dev up --engine container` and by some tests, by nothing else. */
export async function examineContainerEngine(): Promise<Item> {
  for (const engine of ['docker', 'podman']) {
    try {
      const { stdout } = await run(engine, ['version', '--format', '{{.Server.Version}}'], { timeout: 5_000 });
      return healthy('container-engine', engine, `answers, version ${stdout.trim()}`);
    } catch {
      // The next engine, or none: told below.
    }
  }
  return absent('container-engine', 'docker', 'no container engine answers; the embedded server needs none');
}

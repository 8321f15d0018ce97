import { createHash } from 'node:crypto';
import { access, chmod, chown, constants, mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { ServerAccount } from '../process/account.ts';
import { folderSlug, realFolder, userId, type DevEnvironment } from './environment.ts';
import type { Major } from './lines.ts';
import { runProgram } from '../process/program.ts';

/** Where everything about one project's server of one major is kept. Paths only: nothing need be there yet. */
export interface StateFolder {
  readonly root: string;
  readonly folder: string;
  /** `learning-lab-1a2b3c4d-18`: also the server's cluster_name and the container's name. */
  readonly name: string;
  readonly major: Major;
  readonly data: string;
  /** Start of the names of folders initdb works in: one is moved to `data` when it is whole. */
  readonly making: string;
  readonly logs: string;
  /** undefined when the path would be too long for a socket: the server then listens on TCP only. */
  readonly socket: string | undefined;
  readonly record: string;
  readonly passfile: string;
  /** Beside the folder, because a purge removes the folder while it holds the lock. */
  readonly lock: string;
}

/** sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS, with the final NUL. */
const LONGEST_SOCKET_PATH = 103;

/**
 * The state folder of the environment's project. `DBCTL_STATE_HOME` beats the places the system has for it: /var/lib/dbctl for
 * root, else `$XDG_STATE_HOME/dbctl` or ~/.local/state/dbctl.
 * Fails with config.invalid when one of the variables is not an absolute path.
 */
export function stateFolder(environment: DevEnvironment, major: Major): StateFolder {
  const root = stateRoot(environment);
  const project = realFolder(environment);
  const hash = createHash('sha256').update(project).digest('hex').slice(0, 8);
  const name = `${folderSlug(project)}-${hash}-${major}`;
  const folder = join(root, 'dev', name);
  const socket = join(folder, 'socket');
  return {
    root,
    folder,
    name,
    major,
    data: join(folder, 'data'),
    making: join(folder, 'making-'),
    logs: join(folder, 'logs'),
    socket: Buffer.byteLength(join(socket, '.s.PGSQL.65535')) <= LONGEST_SOCKET_PATH ? socket : undefined,
    record: join(folder, 'server.json'),
    passfile: join(folder, 'pgpass'),
    lock: join(root, 'dev', `${name}.lock`),
  };
}

function stateRoot(environment: DevEnvironment): string {
  const { variables, home } = environment;
  const own = absolute('DBCTL_STATE_HOME', variables);
  if (own !== undefined) return own;
  if (userId(environment) === 0) return '/var/lib/dbctl';
  return join(absolute('XDG_STATE_HOME', variables) ?? join(home, '.local', 'state'), 'dbctl');
}

function absolute(name: string, variables: DevEnvironment['variables']): string | undefined {
  const value = variables[name];
  if (value === undefined || value === '') return undefined;
  if (isAbsolute(value)) return value;
  return fail('config.invalid', `${name} is not an absolute path: ${value}`, {
    hint: `Set ${name} to a path that starts with /.`,
  });
}

/**
 * Makes the folder the lock is kept in.
 * Fails with server.failed when the caller may not write there.
 */
export async function makeLockFolder(state: StateFolder): Promise<void> {
  try {
    for (const folder of [state.root, dirname(state.lock)]) await makeFolder(folder, passableMode());
    await access(dirname(state.lock), constants.W_OK | constants.X_OK);
  } catch (thrown) {
    cannotKeep(state, thrown);
  }
}

/**
 * Makes the folders of one server. The caller owns them, and the server's account the ones the server writes to.
 * Fails with server.failed when the caller may not write there or the account may not enter.
 */
export async function makeStateFolder(state: StateFolder, account: ServerAccount | undefined): Promise<void> {
  try {
    await makeFolder(state.folder, passableMode());
    await makeFolder(state.logs, 0o700, account);
    if (state.socket !== undefined) await makeFolder(state.socket, 0o700, account);
  } catch (thrown) {
    cannotKeep(state, thrown);
  }
  if (account !== undefined) await requireEntry(state, account);
}

/** Others see nothing; where root is the caller, the server's account must be able to pass through. */
const passableMode = (): number => (process.getuid?.() === 0 ? 0o711 : 0o700);

/** The mode is set again after mkdir, which the umask cuts; a folder that was there keeps its mode. */
async function makeFolder(folder: string, mode: number, owner?: ServerAccount): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode });
  if (first === undefined) return;
  // mkdir gives back the first folder it made: those between it and the last are ours too.
  for (let made = folder; made.length >= first.length; made = dirname(made)) await chmod(made, mode);
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
}

function cannotKeep(state: StateFolder, thrown: unknown): never {
  const { code, path, message } = thrown as NodeJS.ErrnoException;
  return fail(
    'server.failed',
    `cannot keep the development server in ${state.folder}: ${code ?? message} at ${path ?? state.folder}`,
    {
      cause: thrown,
      hint: 'Set DBCTL_STATE_HOME to a folder you can write to.',
    },
  );
}

async function requireEntry(state: StateFolder, account: ServerAccount): Promise<void> {
  const ended = await runProgram({ file: '/bin/sh', args: ['-c', 'cd "$1" && test -w .', 'sh', state.logs], account });
  if (ended.status === 0) return;
  fail('server.failed', `user ${account.name}, whom the server runs as, cannot enter ${state.folder}`, {
    hint: 'Set DBCTL_STATE_HOME to a folder whose parents every user may pass (mode 711), such as /var/lib/dbctl.',
  });
}

import { fail } from '../../core/errors.ts';
import { runProgram } from './program.ts';

/** A user of the operating system. */
export interface ServerAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Asked in this order: the usual owner of a PostgreSQL server, then the one dbctl makes where there is none. */
export const ACCOUNT_NAMES = ['postgres', 'dbctl'] as const;

/** How accounts are found and made; tests hand in their own. */
export interface AccountSource {
  find(name: string): Promise<ServerAccount | undefined>;
  /** Returns what went wrong, or undefined. */
  create(name: string): Promise<string | undefined>;
}

/**
 * Whom the server runs as: undefined for the caller, and for root a system user, because PostgreSQL refuses to run as root
 * (its code would hold every right of the machine).
 * Fails with server.failed when root finds no such user and cannot make one.
 */
export async function serverAccount(uid: number | undefined, source: AccountSource = system): Promise<ServerAccount | undefined> {
  if (uid !== 0) return undefined;
  for (const name of ACCOUNT_NAMES) {
    const account = await source.find(name);
    if (account !== undefined && account.uid !== 0) return account;
  }
  const problem = await source.create('dbctl');
  const made = problem === undefined ? await source.find('dbctl') : undefined;
  return (
    made ??
    fail('server.failed', `PostgreSQL does not run as root, and no system user could be made: ${problem ?? 'not found after'}`, {
      hint: 'Make a system user named postgres or dbctl (useradd --system dbctl), or run dbctl as an ordinary user.',
    })
  );
}

/** A user of this machine; undefined: there is none of that name. */
export const findAccount = (name: string): Promise<ServerAccount | undefined> => system.find(name);

const system: AccountSource = {
  async find(name) {
    const ids = await Promise.all(['-u', '-g'].map((flag) => runProgram({ file: 'id', args: [flag, name] })));
    const [uid, gid] = ids.map(({ status, stdout }) => (status === 0 ? Number(stdout) : undefined));
    return uid === undefined || gid === undefined ? undefined : { name, uid, gid };
  },
  async create(name) {
    const args = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name];
    const ended = await runProgram({ file: 'useradd', args }).catch((error: Error) => ({ status: null, stderr: error.message }));
    return ended.status === 0 ? undefined : ended.stderr.trim();
  },
};

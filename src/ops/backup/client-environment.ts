import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionTarget, HostAddress } from '../../runtime/connection/target.ts';

/** Environment of a client program: where it connects, and where the password is. The password itself is in none of it. */
export type ClientEnvironment = Readonly<Record<string, string>>;

/**
 * Runs `use` with the environment that sends a client program to the host a session of ours is on. The password is in a file of mode 0600
 * in a folder of ours for that time, since an argument or a variable could be read by others of the same machine (ps, /proc).
 */
export async function withClientEnvironment<T>(
  target: ConnectionTarget,
  at: { readonly host: string; readonly port: number },
  use: (environment: ClientEnvironment) => Promise<T>,
): Promise<T> {
  await removeLeftBehind();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    const address = target.hosts.find(({ host, port }) => host === at.host && port === at.port) ?? target.hosts[0];
    const password = address === undefined ? undefined : await target.password(address);
    const passfile = join(folder, 'pgpass');
    await writeFile(passfile, password === undefined ? '' : `*:*:*:*:${escaped(password)}\n`, { mode: 0o600, flag: 'wx' });
    return await use({ ...environmentOf(target, address), PGPASSFILE: passfile });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Folders with a password in them are named after the process they are for. */
const PREFIX = 'dbctl-login-';

/** A killed process leaves its folder; the next one takes it away. Those of others cannot be removed, and are none of ours. */
async function removeLeftBehind(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * What a database or a role may set otherwise for its applications: limits that would end a program that works, and how definitions are written,
 * which are compared with those of a copy that has no such settings yet.
 */
const PINNED = [
  'statement_timeout=0',
  'lock_timeout=0',
  'idle_in_transaction_session_timeout=0',
  'quote_all_identifiers=off',
  'standard_conforming_strings=on',
  'escape_string_warning=on',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

/** What libpq reads from variables; nothing of the caller's own environment gets through. */
function environmentOf(target: ConnectionTarget, address: HostAddress | undefined): ClientEnvironment {
  const { tls } = target;
  return given({
    PGHOST: address?.host,
    PGHOSTADDR: address?.address,
    PGPORT: address === undefined ? undefined : String(address.port),
    PGDATABASE: target.database,
    PGUSER: target.user,
    PGOPTIONS: [PINNED, target.options].filter(Boolean).join(' '),
    PGSSLMODE: tls.mode,
    PGSSLROOTCERT: tls.systemRoots ? 'system' : tls.rootCert,
    PGSSLCERT: tls.cert,
    PGSSLKEY: tls.key,
    PGSSLNEGOTIATION: tls.negotiation === 'direct' ? 'direct' : undefined,
    PGCHANNELBINDING: target.channelBinding,
    PGCONNECT_TIMEOUT: String(Math.ceil(target.connectTimeoutMs / 1000)),
    PGAPPNAME: 'dbctl backup',
    PGCLIENTENCODING: 'UTF8',
  });
}

const given = (values: Readonly<Record<string, string | undefined>>): ClientEnvironment =>
  Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );

/** As libpq reads a field: `:` and `\` behind a backslash. */
const escaped = (password: string): string => password.replaceAll(/[\\:]/g, String.raw`\$&`);

/** A database for `--dbname`, where programs take a name with `=` in it for connection parameters. */
export const databaseOption = (name: string): string => `dbname='${name.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

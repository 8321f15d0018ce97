import { chown, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { ServerAccount } from '../process/account.ts';
import { SUPERUSER } from './passfile.ts';
import { runProgram, type Ended } from '../process/program.ts';
import type { ServerSettings } from './settings.ts';

/** The programs of one server and the user they run as. */
export interface ServerPrograms {
  readonly binFolder: string;
  /** undefined: the caller. */
  readonly account: ServerAccount | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ClusterRequest {
  /** Appears only when it is whole. */
  readonly data: string;
  /** Start of the name of the work folder, in the same file system; what killed runs left under it is removed. */
  readonly making: string;
  readonly password: string;
  readonly settings: ServerSettings;
  /** Method in pg_hba.conf; tests of other methods choose another. */
  readonly auth?: string;
}

/**
 * Makes a data folder: UTF-8, the server's own C.UTF-8 collation (the same order on every system, PostgreSQL 17 and later),
 * checksums on, SCRAM passwords. The password reaches initdb in a file of mode 0600 that is removed at once, never on a command line.
 * Fails with server.failed, with what initdb said.
 */
export async function createCluster(programs: ServerPrograms, request: ClusterRequest): Promise<void> {
  await removeLeftOvers(request.making);
  const folder = await mkdtemp(request.making);
  try {
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, `${request.password}\n`, { mode: 0o600, flag: 'wx' });
    for (const path of [passwordFile, folder]) await give(path, programs.account);
    const ended = await run(programs, 'initdb', initdbArguments(join(folder, 'data'), passwordFile, request));
    if (ended.status !== 0) initdbFailed(ended);
    await rm(passwordFile);
    await rename(join(folder, 'data'), request.data);
  } finally {
    await rm(folder, REMOVE_ALL);
  }
}

/** Files appear while one removes: a program that was killed may have children that still end. */
const REMOVE_ALL = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/** An initdb whose dbctl was killed may be at work in its folder still. What cannot be removed for that waits for the next time. */
async function removeLeftOvers(making: string): Promise<void> {
  const names = (await readdir(dirname(making))).filter((name) => name.startsWith(basename(making)));
  for (const name of names) await rm(join(dirname(making), name), REMOVE_ALL).catch(() => {});
}

function initdbArguments(data: string, passwordFile: string, { settings, auth }: ClusterRequest): readonly string[] {
  return [
    `--pgdata=${data}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    `--auth=${auth ?? 'scram-sha-256'}`,
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    '--lc-messages=C',
    '--data-checksums',
    ...Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
  ];
}

function initdbFailed({ status, stdout, stderr }: Ended): never {
  const said = (stderr.trim() === '' ? stdout : stderr).trim();
  fail('server.failed', `initdb ended with status ${status}: ${said.split('\n')[0]?.replace(/^initdb: (error: )?/, '') ?? ''}`, {
    detail: said,
    hint: 'Read what initdb said; a full disk and a folder of another user are the usual causes.',
  });
}

async function give(path: string, account: ServerAccount | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

export interface ServerAddress {
  readonly port: number;
  readonly socket: string | undefined;
}

/** Longest a start may take, in seconds: replaying the log after a crash is part of it. */
const START_SECONDS = 300;
/** Longest an orderly stop may take; a checkpoint of a busy server is part of it. */
const STOP_SECONDS = 120;

/**
 * Starts the server in its own session, so that it survives the command and its terminal, and waits until it takes connections.
 * Returns what pg_ctl said; a status other than 0 means that it did not come up.
 */
export async function startCluster(programs: ServerPrograms, data: string, address: ServerAddress, log: string): Promise<Ended> {
  const options = `-h 127.0.0.1 -p ${address.port} -k ${shellWord(address.socket ?? '')}`;
  return run(programs, 'pg_ctl', ['start', '-D', data, '-w', '-t', String(START_SECONDS), '-l', log, '-o', options]);
}

/**
 * Stops the server of a data folder: sessions are ended, nothing committed is lost (`fast`); `immediate` is for servers that are
 * thrown away. Call it only when a server was seen at work there: pg_ctl believes postmaster.pid and would signal whoever
 * has that process id now.
 * Fails with server.failed when it is still there after two minutes.
 */
export async function stopCluster(programs: ServerPrograms, data: string, mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
  const ended = await run(programs, 'pg_ctl', ['stop', '-D', data, '-w', '-t', String(STOP_SECONDS), '-m', mode]);
  if (ended.status === 0) return;
  fail('server.failed', `the server in ${data} did not stop: ${(ended.stderr + ended.stdout).trim().split('\n').at(-1)}`, {
    hint: 'Look at its log and at what still works in the folder (ps -ef | grep postgres).',
  });
}

/**
 * Gives the superuser a new password while no server runs, through the single-user mode of postgres: the way back when the
 * password file is lost. The statement goes over standard input.
 * Fails with server.failed, with what postgres said.
 */
export async function setPassword(programs: ServerPrograms, data: string, password: string): Promise<void> {
  const args = ['--single', '-D', data, '-c', 'logging_collector=off', '-c', 'log_min_error_statement=panic', 'postgres'];
  const input = `alter role ${SUPERUSER} with login superuser password '${password}'\n`;
  const ended = await run(programs, 'postgres', args, input);
  if (ended.status !== 0 || /ERROR|FATAL|PANIC/.test(ended.stderr)) {
    fail('server.failed', `the password of role ${SUPERUSER} could not be set again`, {
      detail: ended.stderr.trim(),
      hint: 'When the data is not needed, start over: dbctl dev down --purge, then dbctl dev up.',
    });
  }
}

function run(programs: ServerPrograms, name: string, args: readonly string[], input?: string): Promise<Ended> {
  const { binFolder, account, signal } = programs;
  return runProgram({ file: join(binFolder, name), args, account, signal, ...(input === undefined ? {} : { input }) });
}

/** pg_ctl hands its -o to /bin/sh. */
const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

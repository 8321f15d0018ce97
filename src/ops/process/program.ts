import { spawn } from 'node:child_process';
import type { ServerAccount } from './account.ts';

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** Whom to become first; only root can. */
  readonly account?: ServerAccount | undefined;
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
  /** Added to the bare environment every program gets. */
  readonly variables?: Readonly<Record<string, string>>;
}

export interface Ended {
  /** null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The caller's environment is kept from the server on purpose: PGPORT, PGDATA, LD_PRELOAD or a foreign LC_ALL would change what
 * initdb and postgres do, and a secret in it would sit in /proc for as long as the server runs.
 */
export const BARE = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Runs a program to its end and returns what it said; a status other than 0 is an answer, not an error.
 * Rejects when it cannot be run at all (ENOENT, EACCES) and, with an AbortError, when `signal` fires.
 */
export function runProgram({ file, args, account, input, signal, variables }: Program): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      // postgres complains about a current folder its user cannot enter.
      cwd: '/',
      env: { ...BARE, ...variables },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
      ...(signal === undefined ? {} : { signal }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // An abort is told at once, but the program is still ending then, and its files are still being written.
    let failure: Error | undefined;
    child.on('error', (error) => (child.pid === undefined ? reject(error) : (failure = error)));
    child.on('close', (status) => {
      if (failure === undefined) resolve({ status, stdout: text(stdout), stderr: text(stderr) });
      else reject(failure);
    });
    // A program that never reads closes the pipe early; its status tells the rest.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}

const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');

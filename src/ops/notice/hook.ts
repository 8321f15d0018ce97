import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../core/errors.ts';
import { signalGroup } from '../process/group.ts';
import { BARE } from '../process/program.ts';

/** A program of the user's that runs before or after a command. */
export interface Hook {
  readonly command: readonly string[];
  readonly input?: string;
  readonly variables: Readonly<Record<string, string>>;
}

export interface HookSurroundings {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** How long a program may take, in milliseconds; default: a minute. One that hangs must not hold up the next backup. */
  readonly patienceMs?: number;
}

/** Between the word that it should end and the one it cannot refuse. */
const GRACE_MS = 2_000;

/** A program that has ended has said what it had to say; what it started in the background may hold its output open for ever. */
const LAST_WORDS_MS = 200;

/** As much of what it says on its standard error is kept as a message can show. */
const MOST_SAID = 4_096;

const HINT = 'It is under hooks or notify in dbctl.yaml; run it by hand.';

/**
 * Runs a program of the user's, with what it starts in a group of its own. Its environment is bare but for PATH and what is said here; what it
 * says on its standard output is thrown away. Fails with refused where it cannot be run, ends with another status than 0, or takes longer than
 * the patience: it is then ended together with what it started. Fails with the reason of the signal.
 */
export async function runHook(
  { command: [file = '', ...args], input, variables }: Hook,
  { signal, variables: own, patienceMs = 60_000 }: HookSurroundings,
): Promise<void> {
  signal.throwIfAborted();
  const path = own['PATH'];
  const child = spawn(file, args, {
    cwd: '/',
    env: { ...BARE, ...(path === undefined ? {} : { PATH: path }), ...variables },
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, MOST_SAID)));
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const ended = endOf(child);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const outcome = await Promise.race([ended, aborted(limit)]);
  if (outcome === null) await endGroup(child, ended);
  else if ('status' in outcome) await Promise.race([finished(child), sleep(LAST_WORDS_MS)]);
  child.stderr.destroy();
  signal.throwIfAborted();
  if (outcome === null) return refuse(`took more than ${patienceMs / 1000} s`);
  if ('failure' in outcome) return refuse(`cannot be run: ${outcome.failure}`);
  if (outcome.status === 0) return;
  const [first = ''] = said.trim().split('\n');
  return refuse(`ended with ${outcome.status ?? 'a signal'}${first === '' ? '' : `: ${first}`}`);

  function refuse(why: string): never {
    fail('refused', `the hook ${file} ${why}`, { hint: HINT });
  }
}

type Ended = { readonly status: number | null } | { readonly failure: string };

const endOf = (child: ChildProcess): Promise<Ended> =>
  new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve({ failure: error.code ?? error.message }));
    child.once('exit', (status) => resolve({ status }));
  });

const finished = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('close', () => resolve()));

const aborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });

async function endGroup(child: ChildProcess, ended: Promise<Ended>): Promise<void> {
  signalGroup(child, 'SIGTERM');
  await Promise.race([ended, sleep(GRACE_MS)]);
  // The program itself may have ended, and what it started not.
  signalGroup(child, 'SIGKILL');
  await ended;
}

import { fail } from '../../core/errors.ts';
import { runProgram } from '../process/program.ts';
import type { Notice } from './notice.ts';

/** Who is told, and of what. */
export type Listener =
  | { readonly kind: 'command'; readonly on: readonly Notice['outcome'][]; readonly command: readonly string[] }
  | { readonly kind: 'webhook'; readonly on: readonly Notice['outcome'][]; readonly variable: string };

export interface TellSurroundings {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** A program that hangs, or a service that does not answer, must not hold up the next backup: milliseconds. */
const PATIENCE = { command: 60_000, webhook: 15_000 } as const;

/**
 * Runs a program of the user's. Its environment is bare but for PATH and what is said here. Fails with refused where it cannot be run, ends with
 * another status than 0, or takes more than a minute.
 */
export async function runHook(
  [file = '', ...args]: readonly string[],
  { input, variables }: { readonly input?: string; readonly variables: Readonly<Record<string, string>> },
  { signal, variables: own }: TellSurroundings,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE.command)]);
  const path = own['PATH'];
  const ended = await runProgram({
    file,
    args,
    signal: limit,
    variables: { ...(path === undefined ? {} : { PATH: path }), ...variables },
    ...(input === undefined ? {} : { input }),
  }).catch((thrown: NodeJS.ErrnoException) => {
    if (signal.aborted) throw thrown;
    const why = limit.aborted ? `took more than ${PATIENCE.command / 1000} s` : `cannot be run: ${thrown.code ?? thrown.message}`;
    return fail('refused', `the hook ${file} ${why}`, { hint: HINT });
  });
  if (ended.status === 0) return;
  const [said = ''] = ended.stderr.trim().split('\n');
  fail('refused', `the hook ${file} ended with ${ended.status ?? 'a signal'}${said === '' ? '' : `: ${said}`}`, { hint: HINT });
}

const HINT = 'It is in backup.hooks or backup.notify of dbctl.yaml; run it by hand.';

/** Tells one listener. Fails with refused, without the URL in any word, where it cannot be told. */
export async function tell(listener: Listener, notice: Notice, surroundings: TellSurroundings): Promise<void> {
  const body = JSON.stringify(notice);
  if (listener.kind === 'command')
    return runHook(listener.command, { input: `${body}\n`, variables: { DBCTL_OUTCOME: notice.outcome } }, surroundings);
  return post(listener.variable, body, surroundings);
}

async function post(variable: string, body: string, { variables, signal }: TellSurroundings): Promise<void> {
  const text = variables[variable];
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isSafe(url)) {
    const what = text === undefined ? 'is not set' : 'is no https URL';
    fail('refused', `nobody can be told: ${variable} ${what}`, { hint: 'backup.notify in dbctl.yaml names it.' });
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE.webhook)]);
  // A redirect would carry the notice to where nobody meant it to go.
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    redirect: 'error',
    signal: limit,
  } as const;
  const answer = await fetch(url, request).catch((thrown: Error & { cause?: { code?: string } }) => {
    if (signal.aborted) throw thrown;
    const why = limit.aborted ? `no answer in ${PATIENCE.webhook / 1000} s` : (thrown.cause?.code ?? 'no connection');
    return fail('refused', `nobody could be told by ${variable}: ${why}`, { hint: 'The run itself is as it says.' });
  });
  await answer.body?.cancel();
  if (!answer.ok)
    fail('refused', `nobody could be told by ${variable}: the service answered ${answer.status}`, {
      hint: 'The run itself is as it says.',
    });
}

/** Plain http only within this machine. */
const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname));

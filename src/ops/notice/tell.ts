import { fail } from '../../core/errors.ts';
import { runHook, type HookSurroundings } from './hook.ts';
import type { Notice } from './notice.ts';

/** Who is told, and of what. */
export type Listener =
  | { readonly kind: 'command'; readonly on: readonly Notice['outcome'][]; readonly command: readonly string[] }
  | { readonly kind: 'webhook'; readonly on: readonly Notice['outcome'][]; readonly variable: string };

/** A service that does not answer must not hold up the next backup: milliseconds. */
const WEBHOOK_MS = 15_000;

/** Tells one listener. Fails with refused, without the URL in any word, where it cannot be told. */
export async function tell(listener: Listener, notice: Notice, surroundings: HookSurroundings): Promise<void> {
  const body = JSON.stringify(notice);
  if (listener.kind === 'command')
    return runHook({ command: listener.command, input: `${body}\n`, variables: { DBCTL_OUTCOME: notice.outcome } }, surroundings);
  return post(listener.variable, body, surroundings);
}

async function post(
  variable: string,
  body: string,
  { variables, signal, patienceMs = WEBHOOK_MS }: HookSurroundings,
): Promise<void> {
  const patience = Math.min(patienceMs, WEBHOOK_MS);
  const text = variables[variable];
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isSafe(url)) {
    const what = text === undefined ? 'is not set' : 'is no https URL';
    fail('refused', `nobody can be told: ${variable} ${what}`, { hint: 'notify in dbctl.yaml names it.' });
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
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
    const why = limit.aborted ? `no answer in ${patience / 1000} s` : (thrown.cause?.code ?? 'no connection');
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

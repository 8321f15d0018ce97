import { DbctlError, type ErrorCode } from '../../core/errors.ts';
import { explainNetwork } from './explain-network.ts';
import { explainServer, isServerError } from './explain-server.ts';
import { explainTls } from './explain-tls.ts';
import type { Failure } from './failure.ts';
import { LoginMethodRefused } from './login-guard.ts';
import { NoPassword } from './login.ts';
import { TlsRefused } from './negotiate.ts';
import type { ConnectionTarget } from './target.ts';

/** Why an attempt failed, in the words of whoever must mend it. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint: string;
  readonly sqlstate?: string | undefined;
}

export function explain(failure: Failure, target: ConnectionTarget): Explanation {
  const { error, step } = failure;
  if (step === 'attributes') return unsuitableServer(error, target);
  if (error instanceof DbctlError) return { code: error.code, reason: error.message, hint: error.hint ?? 'Correct the file.' };
  if (error instanceof NoPassword) return noPassword(error);
  if (error instanceof LoginMethodRefused) return { code: 'db.denied', reason: error.message, hint: error.hint };
  const timedOut = error instanceof Error && error.name === 'TimeoutError';
  if (error instanceof TlsRefused || (step === 'tls' && !timedOut)) return explainTls(error, target);
  if (isServerError(error)) return explainServer(error, failure, target);
  return explainNetwork(error, failure, target);
}

function noPassword({ message, sources }: NoPassword): Explanation {
  const looked = sources.length === 0 ? '' : `Looked for one: ${sources.join('; ')}. `;
  return { code: 'db.denied', reason: message, hint: `${looked}Set DB_PASSWORD or PGPASSWORD, or add a line to .pgpass.` };
}

function unsuitableServer(error: unknown, { targetSessionAttrs }: ConnectionTarget): Explanation {
  const silent = 'the server could not say whether it is a standby';
  if (typeof error !== 'string') return { code: 'db.unreachable', reason: silent, hint: "Look into the server's log." };
  const wantsWrites = targetSessionAttrs === 'read-write' || targetSessionAttrs === 'primary';
  const hint = `target_session_attrs is ${targetSessionAttrs}: check what each server is, and that the list has all of them.`;
  return { code: wantsWrites ? 'db.read-only' : 'db.unreachable', reason: error, hint };
}

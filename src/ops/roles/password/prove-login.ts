import { DbctlError } from '../../../core/errors.ts';
import { connect } from '../../../runtime/connection/connect.ts';
import type { TargetExtras } from '../../../runtime/connection/extras.ts';
import type { ConnectionTarget } from '../../../runtime/connection/target.ts';

/** works: the server let it in · refused: it did not · unknown: it could not be tried, or the way out is not about the password. */
export type Proof = { readonly verdict: 'works' } | { readonly verdict: 'refused' | 'unknown'; readonly reason: string };

/** invalid_password and invalid_authorization_specification: the answers to a login, whatever its reason. */
const LOGIN_REFUSED = new Set(['28P01', '28000']);

/** Logs in as `user` where `target` leads, and out again. Never fails but for the signal. */
export async function tryLogin(target: ConnectionTarget, user: string, password: string, signal: AbortSignal): Promise<Proof> {
  try {
    const client = await connect(loginTarget(target, user, password), { applicationName: 'dbctl roles passwords', signal });
    await client.end().catch(() => {});
    return { verdict: 'works' };
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof DbctlError)) throw thrown;
    const verdict = LOGIN_REFUSED.has(thrown.sqlstate ?? '') ? 'refused' : 'unknown';
    return { verdict, reason: thrown.message };
  }
}

/** The same place as somebody else: no password of the target's own places is looked up for them. */
function loginTarget(target: ConnectionTarget, user: string, password: string): ConnectionTarget & Partial<TargetExtras> {
  return {
    ...target,
    user,
    password: () => Promise.resolve(password),
    lookUpPassword: () => Promise.resolve({ password, sources: ['the password being tried'] }),
  };
}

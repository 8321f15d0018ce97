import type { Session } from '../../../db/session.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { withAdvisoryLock } from '../../../db/advisory-lock.ts';
import { changePassword, recordChange, type Operator } from './change-password.ts';
import { readLogins } from './login-state.ts';
import { isVerifierOf, parseVerifier } from './verifier.ts';

/** A role of roles.yaml and the password its place holds. */
export interface GivenPassword {
  readonly login: string;
  readonly password: string;
}

/**
 * same: the verifier is of this password already · differs: it is of another one, or there is none · unknown: the caller may not look ·
 * absent: there is no such role that logs in.
 */
export type Comparison = 'same' | 'differs' | 'unknown' | 'absent';

export interface Compared extends GivenPassword {
  readonly is: Comparison;
  readonly sessions: number;
}

/** Whether each role has the password it should have: the StoredKey is computed here and compared, and nobody logs in. */
export async function comparePasswords(session: Session, given: readonly GivenPassword[]): Promise<Compared[]> {
  const logins = await readLogins(session);
  return Promise.all(
    given.map(async ({ login, password }) => {
      const state = logins.find((one) => one.login === login);
      if (state === undefined) return { login, password, is: 'absent', sessions: 0 };
      const { sessions } = state;
      if (state.password === null) return { login, password, is: 'unknown', sessions };
      const verifier = state.stored === null ? undefined : parseVerifier(state.stored);
      const isSame = verifier !== undefined && (await isVerifierOf(verifier, password));
      return { login, password, is: isSame ? 'same' : 'differs', sessions };
    }),
  );
}

/** Sets all of them, or none. Fails with lock.held, db.denied. Returns whether it was recorded. */
export function setPasswords(session: Session, given: readonly GivenPassword[], operator: Operator): Promise<boolean> {
  return withAdvisoryLock(session, 'passwords', { waitMs: 0 }, () =>
    inTransaction(session, 'read write', async () => {
      let recorded = true;
      for (const { login, password } of given) {
        await changePassword(session, login, password);
        recorded = (await recordChange(session, 'roles passwords set', operator, { login })) && recorded;
      }
      return recorded;
    }),
  );
}

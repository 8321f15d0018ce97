import { fail } from '../../../core/errors.ts';
import type { LoginState } from './login-state.ts';

export interface Wish {
  /** The login that was named; undefined: whichever nobody uses. */
  readonly login: string | undefined;
  /** A login may be changed although it has sessions, or is the only one of the role. */
  readonly evenInUse: boolean;
}

type Sessions = Pick<LoginState, 'login' | 'sessions' | 'rotatedAt' | 'expired' | 'validUntil' | 'password'>;

/**
 * The login whose password is changed: the one nobody uses. Where nobody uses any, the one that was not changed last, since whoever comes back
 * comes with the newest secret. Pure.
 * Fails with refused where that would break a login in use and `evenInUse` was not said.
 */
export function chooseLogin({ role, logins }: { role: string; logins: readonly Sessions[] }, { login, evenInUse }: Wish): string {
  const named = login === undefined ? undefined : logins.find((one) => one.login === login);
  if (login !== undefined && named === undefined) {
    fail('usage', `${login} is no login of ${role}`, { hint: `It has ${logins.map((one) => one.login).join(' and ')}.` });
  }
  const chosen = named ?? leastUsed(logins);
  if (chosen === undefined) return fail('internal', `${role} has no login`);
  if (chosen.expired) {
    fail('refused', `the password of ${chosen.login} is good until ${chosen.validUntil} only, which is over`, {
      hint: `Change valid_until of ${role} in roles.yaml, then dbctl roles apply.`,
    });
  }
  if (!evenInUse) refuseInUse(role, chosen, logins);
  return chosen.login;
}

function leastUsed(logins: readonly Sessions[]): Sessions | undefined {
  return logins.toSorted(
    (a, b) =>
      a.sessions - b.sessions ||
      // Nobody waits to log in with a password that is not there yet; and where no runs are recorded, nothing else tells them apart.
      Number(b.password?.kind === 'none') - Number(a.password?.kind === 'none') ||
      (a.rotatedAt ?? '').localeCompare(b.rotatedAt ?? ''),
  )[0];
}

const WHAT_HAPPENS = 'Its sessions go on, and new logins with the old password fail from then on.';

function refuseInUse(role: string, chosen: Sessions, logins: readonly Sessions[]): void {
  // Nobody has a password that is not there yet.
  if (chosen.password?.kind === 'none' && chosen.sessions === 0) return;
  if (logins.length === 1) {
    fail('refused', `${role} has one login, so that changing its password locks out whoever has the old one`, {
      hint: `${WHAT_HAPPENS} Give it two logins in roles.yaml, or say --even-in-use and restart what uses it at once.`,
    });
  }
  if (chosen.sessions === 0) return;
  const counts = logins.map(({ login, sessions }) => `${login} ${sessions}`).join(', ');
  fail('refused', `${chosen.login} is in use (sessions: ${counts})`, {
    hint: `Restart what uses it with the secret of the other login first. ${WHAT_HAPPENS} If that is what you want: --even-in-use.`,
  });
}

import { item, type Item, type Severity, type Status } from '../../../core/report.ts';
import { ident } from '../../../db/ident.ts';
import { GRANT_PASSWORDS, type LoginState } from './login-state.ts';

/** Whom a login logs in for: a role with two logins, or itself; null: roles.yaml does not know it. */
export type RoleOf = (login: string) => string | null;

/** Each login as an item; md5 and a password that is over are findings, and what may not be looked at is unknown. Pure. */
export function statusItems(logins: readonly LoginState[], roleOf: RoleOf, user: string): Item[] {
  return logins.map((state) => {
    const { login, sessions, validUntil, rotatedAt, password } = state;
    const { status, severity, message, fix } = judge(state, user);
    return item({
      id: 'password',
      object: login,
      status,
      severity,
      message,
      fix,
      role: roleOf(login),
      kind: password === null ? 'unknown' : kindText(password),
      validUntil,
      sessions,
      rotatedAt,
      use: useText(state, logins, roleOf),
      problem: status === 'fail' ? message : null,
    });
  });
}

interface Judgement {
  readonly status: Status;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string | null;
}

function judge({ login, password, expired, validUntil, sessions }: LoginState, user: string): Judgement {
  const role = ident(login);
  if (expired) {
    const message = `its password is over since ${validUntil}: sessions go on (${sessions}), and nobody gets in any more`;
    return { status: 'fail', severity: 'medium', message, fix: 'Change valid_until in roles.yaml, then dbctl roles apply.' };
  }
  if (password === null) {
    const message = `${user} may not look at passwords`;
    return { status: 'unknown', severity: 'low', message, fix: GRANT_PASSWORDS(ident(user)) };
  }
  switch (password.kind) {
    case 'md5': {
      const message = 'md5: whoever reads the hash can log in with it, and the next major version may not take it';
      return { status: 'fail', severity: 'high', message, fix: 'dbctl roles passwords rotate, or set' };
    }
    case 'other': {
      const message = 'neither a SCRAM verifier nor md5: nobody gets in with a password';
      return { status: 'fail', severity: 'medium', message, fix: `alter role ${role} password null;` };
    }
    case 'none':
      return { status: 'pass', severity: 'info', message: 'no password: nobody gets in with one', fix: null };
    case 'scram':
      return weak(password.iterations);
  }
}

/** RFC 7677 asks for 4096 at least, and the server counts from there. */
const FEWEST_ITERATIONS = 4_096;

function weak(iterations: number): Judgement {
  if (iterations >= FEWEST_ITERATIONS) {
    return { status: 'pass', severity: 'info', message: `scram-sha-256, ${iterations} iterations`, fix: null };
  }
  const message = `scram-sha-256 with ${iterations} iterations, and ${FEWEST_ITERATIONS} is the least`;
  return { status: 'fail', severity: 'medium', message, fix: 'Raise scram_iterations on the server, then rotate.' };
}

function kindText(password: NonNullable<LoginState['password']>): string {
  return password.kind === 'scram' ? `scram ${password.iterations}` : password.kind;
}

/** Which of two logins an app uses, and so which one the next rotation changes. */
function useText({ login, sessions }: LoginState, logins: readonly LoginState[], roleOf: RoleOf): string {
  const role = roleOf(login);
  if (role === null) return 'not in roles.yaml';
  const others = logins.filter((one) => one.login !== login && roleOf(one.login) === role);
  if (others.length === 0) return sessions > 0 ? 'in use' : 'not in use';
  const both = sessions > 0 && others.some((one) => one.sessions > 0);
  return both ? 'in use, as the other one' : sessions > 0 ? 'in use' : 'free to rotate';
}

import { createHash } from 'node:crypto';
import type { LoginState } from '../password/login-state.ts';
import type { Proof } from '../password/prove-login.ts';
import { isVerifierOf, parseVerifier } from '../password/verifier.ts';

/** One of the two environments, as its server shows it. */
export interface Side {
  readonly environment: string;
  readonly systemIdentifier: string | null;
  readonly logins: readonly LoginState[];
}

/** A password of the other environment, which this machine knows. */
export interface KnownSecret {
  /** Whose it is there. */
  readonly user: string;
  readonly password: string;
  /** Where it is kept, for messages: `variable DEV_PASSWORD`. */
  readonly from: string;
}

/** Something the two environments share. */
export interface Shared {
  readonly id: 'same-cluster' | 'copied-verifier' | 'reused-password' | 'login-crosses';
  readonly object: string;
  readonly message: string;
  readonly fix: string;
}

/** Roles, memberships, parameters and passwords are of the whole cluster: two databases on one are not two environments. Pure. */
export function sameCluster(here: Side, there: Side): Shared[] {
  if (here.systemIdentifier === null || here.systemIdentifier !== there.systemIdentifier) return [];
  return [
    {
      id: 'same-cluster',
      object: here.systemIdentifier,
      message: `${here.environment} and ${there.environment} are on one cluster: its roles and passwords are those of both`,
      fix: `Give ${there.environment} a server of its own.`,
    },
  ];
}

/** The salt of a verifier is made by chance: two that are equal were copied, as pg_dumpall --globals-only does. Pure. */
export function copiedVerifiers(here: Side, there: Side): Shared[] {
  const others = new Map(there.logins.flatMap(({ login, stored }) => (stored === null ? [] : [[stored, login] as const])));
  return here.logins.flatMap(({ login, stored }): Shared[] => {
    const other = stored === null ? undefined : others.get(stored);
    if (other === undefined) return [];
    const message = `its password was copied: ${other} of ${there.environment} has the very same verifier`;
    return [{ id: 'copied-verifier', object: login, message, fix: rotation(login, there) }];
  });
}

/** Whether a login here has a password that is known there: the StoredKey is computed in memory, and nobody logs in. */
export async function reusedPasswords(here: Side, there: Side, secrets: readonly KnownSecret[]): Promise<Shared[]> {
  const found: Shared[] = [];
  for (const state of here.logins) {
    for (const secret of secrets) {
      if (!(await isPasswordOf(state, secret.password))) continue;
      const message = `its password is that of ${secret.user} in ${there.environment} (${secret.from})`;
      found.push({ id: 'reused-password', object: state.login, message, fix: rotation(state.login, there) });
    }
  }
  return found;
}

/** Of an md5 hash as well: it is of the password and the name (pg_md5_encrypt). */
async function isPasswordOf({ login, stored }: LoginState, password: string): Promise<boolean> {
  if (stored === null) return false;
  const verifier = parseVerifier(stored);
  if (verifier !== undefined) return isVerifierOf(verifier, password);
  return stored === `md5${createHash('md5').update(`${password}${login}`).digest('hex')}`;
}

/** A login of the other environment that was let in here. Pure. */
export function crossingLogin(here: Side, there: Side, { user, from }: KnownSecret, proof: Proof): Shared[] {
  if (proof.verdict !== 'works') return [];
  const message = `${user} of ${there.environment} (${from}) gets into ${here.environment}`;
  return [{ id: 'login-crosses', object: user, message, fix: rotation(user, there) }];
}

function rotation(login: string, { environment }: Side): string {
  return `Give it a password of its own here: dbctl roles passwords rotate, for the role of ${login}. Whoever knows those of ${environment} can use it until then.`;
}

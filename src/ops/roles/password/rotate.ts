import { DbctlError, fail } from '../../../core/errors.ts';
import type { Progress } from '../../../core/progress.ts';
import { withAdvisoryLock } from '../../../db/advisory-lock.ts';
import type { Session } from '../../../db/session.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { ConnectionTarget } from '../../../runtime/connection/target.ts';
import { randomPassword } from '../../dev/secret-file.ts';
import { changePassword, recordChange, type Operator } from './change-password.ts';
import { chooseLogin, type Wish } from './choose-login.ts';
import { readLogins, type LoginState } from './login-state.ts';
import { tryLogin, type Proof } from './prove-login.ts';
import { draftOf, publishDraft, readDraft, refuseTaken, removeDraft, writeDraft, type SecretDraft } from './secret-draft.ts';
import { passwordIn, secretText, type SecretForm } from './secret-text.ts';

/** Who gets the new secret. */
export type Receiver =
  | { readonly kind: 'file'; readonly path: string }
  /** Runs the command with the secret on its standard input; fails when the command does. */
  | { readonly kind: 'command'; readonly hand: (login: string, secret: string) => Promise<void> };

export interface Rotation {
  readonly role: string;
  /** Names of those who log in for it. */
  readonly logins: readonly string[];
  readonly wish: Wish;
  readonly receiver: Receiver;
  readonly form: SecretForm;
  /** Where the session leads: the new password is tried there. */
  readonly target: ConnectionTarget;
  readonly operator: Operator;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Rotated {
  readonly login: string;
  /** Sessions it had then. */
  readonly sessions: number;
  readonly proof: Proof;
  /** False: the database keeps no records of runs, or not for this caller. */
  readonly recorded: boolean;
  /** An earlier run had changed the password and was killed before its file was there. */
  readonly finished: boolean;
}

/** The logins of a role as the server has them. Fails with refused where one is missing. */
export async function loginsOf(session: Session, { role, logins }: Pick<Rotation, 'role' | 'logins'>): Promise<LoginState[]> {
  const all = await readLogins(session);
  return logins.map(
    (login) =>
      all.find((one) => one.login === login) ??
      fail('refused', `${login} of ${role} is not on the server, or may not log in`, { hint: 'Make it: dbctl roles apply.' }),
  );
}

/**
 * Changes the password of the login that nobody uses, and hands the new one over.
 *
 * To a file: draft on the disk, change, proof, then the name. To a command: the command runs while the change is not committed, and its failure
 * takes the change back. Killed at any point there is a login that works with a secret somebody has: the one in use is never touched.
 *
 * Fails with refused (in use, file taken, command failed), lock.held (another rotation), db.denied.
 */
export function rotate(session: Session, rotation: Rotation): Promise<Rotated> {
  return withAdvisoryLock(session, 'passwords', { waitMs: 0 }, async () => {
    const { receiver, role } = rotation;
    if (receiver.kind === 'command') return changeFor(session, rotation, receiver.hand);
    const draft = draftOf(receiver.path, role);
    await refuseTaken(draft);
    return (await finishEarlier(session, rotation, draft)) ?? toFile(session, rotation, draft);
  });
}

/** A draft with a password that works is the work of a run that was killed; any other is thrown away. */
async function finishEarlier(session: Session, rotation: Rotation, draft: SecretDraft): Promise<Rotated | undefined> {
  const left = await readDraft(draft);
  if (left === undefined) return undefined;
  for (const { login, sessions } of await loginsOf(session, rotation)) {
    const proof = await tryLogin(rotation.target, login, passwordIn(left), rotation.signal);
    if (proof.verdict === 'refused') continue;
    if (proof.verdict === 'unknown') {
      fail('refused', `an earlier run left ${draft.waiting}, and ${login} could not be tried with it: ${proof.reason}`, {
        hint: 'It may hold a password that works. Try again when the server lets it in, or move the file away.',
      });
    }
    await publishDraft(draft);
    return { login, sessions, proof, recorded: true, finished: true };
  }
  await removeDraft(draft);
  return undefined;
}

async function toFile(session: Session, rotation: Rotation, draft: SecretDraft): Promise<Rotated> {
  const rotated = await changeFor(session, rotation, (_login, secret) =>
    shown(rotation, 'write the secret', () => writeDraft(draft, secret)),
  ).catch(async (thrown: unknown) => {
    await dropUnused(thrown, draft);
    throw thrown;
  });
  await shown(rotation, 'publish the secret', () => publishDraft(draft));
  return rotated;
}

/** Where the connection was lost at COMMIT, the change may have been done: the draft stays, and the next run tries it. */
async function dropUnused(thrown: unknown, draft: SecretDraft): Promise<void> {
  const mayBeChanged = thrown instanceof DbctlError && (thrown.code === 'db.unreachable' || thrown.code === 'interrupted');
  if (!mayBeChanged) await removeDraft(draft);
}

type Hand = (login: string, secret: string) => Promise<void>;

async function changeFor(session: Session, rotation: Rotation, hand: Hand): Promise<Rotated> {
  const { target, form, role, operator, receiver, signal } = rotation;
  const password = randomPassword();
  const changed = await inTransaction(session, 'read write', async () => {
    const logins = await loginsOf(session, rotation);
    const login = chooseLogin({ role, logins }, rotation.wish);
    await shown(rotation, 'change the password', () => changePassword(session, login, password));
    const summary = { role, login, to: receiver.kind };
    const recorded = await recordChange(session, 'roles passwords rotate', operator, summary);
    await shown(rotation, 'hand the secret over', () => hand(login, secretText(form, target, login, password)));
    signal.throwIfAborted();
    return { login, recorded, sessions: logins.find((one) => one.login === login)?.sessions ?? 0 };
  });
  const proof = await shown(rotation, 'prove the new password', () => tryLogin(target, changed.login, password, signal));
  return { ...changed, proof, finished: false };
}

async function shown<T>({ progress }: Rotation, name: string, act: () => Promise<T>): Promise<T> {
  const step = progress.step(name);
  try {
    const result = await act();
    step.done();
    return result;
  } catch (thrown) {
    step.failed();
    throw thrown;
  }
}

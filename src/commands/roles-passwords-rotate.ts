import path from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError, fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { RolesFile } from '../config/roles/load.ts';
import type { Receiver, Rotated, Rotation } from '../ops/roles/password/rotate.ts';
import type { SecretForm } from '../ops/roles/password/secret-text.ts';
import type { Context } from './context.ts';
import { loginNames, operatorOf, rolesFileOf } from './roles-passwords-context.ts';

export const spec: CommandSpec = {
  name: 'roles passwords rotate',
  summary: 'a new password for the login of a role that nobody uses',
  description:
    'For a role with two logins: changes the password of the one without sessions and hands the new secret over, so that no app stops. ' +
    'Restart the app with it, then run this again for the other login. The password is made here (192 bits), the server gets a SCRAM ' +
    'verifier alone, and the secret is printed nowhere. To a file: mode 0600, never overwriting; it is there only once the password in it ' +
    'works. To the command roles.hand_over of dbctl.yaml: on its standard input; where the command fails nothing is changed. At the end the ' +
    'new password is tried with a login. A login in use, and the only one of a role, are changed with --even-in-use alone: its sessions go ' +
    'on, and new logins with the old password fail. Needs a superuser, or CREATEROLE with ADMIN on the login.',
  effect: 'changes',
  args: [{ name: '<role>', description: 'a role of roles.yaml' }],
  options: [
    { flags: '--to-file <path>', description: 'write the secret to this new file' },
    { flags: '--to-command', description: 'give the secret to the command roles.hand_over of dbctl.yaml' },
    {
      flags: '--as <form>',
      description: 'the password alone, or a connection URL with it',
      choices: ['password', 'url'],
      default: 'password',
    },
    { flags: '--login <login>', description: 'this login, not the one nobody uses' },
    { flags: '--even-in-use', description: 'also a login that is in use, or the only one of the role' },
  ],
  examples: [
    ['dbctl roles passwords rotate web_app --env prod --to-file secrets/web_app.url --as url', 'then restart the app with it'],
    ['dbctl roles passwords rotate web_app --env prod --to-command', 'into a vault'],
    ['dbctl roles passwords rotate web_app --env prod --to-file new --dry-run', 'which login would it be?'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { rotate, loginsOf } = await import('../ops/roles/password/rotate.ts');
  const { chooseLogin } = await import('../ops/roles/password/choose-login.ts');
  const role = options['role'] as string;
  const [{ file }, target, operator] = await Promise.all([rolesFileOf(context), context.connection(), operatorOf(context)]);
  const logins = knownLogins(file, role);
  const receiver = await receiverOf(options, role, context);
  const wish = { login: options['login'] as string | undefined, evenInUse: options['evenInUse'] === true };
  const form = options['as'] as SecretForm;
  const { progress, signal, globals } = context;
  const access = globals.dryRun ? 'read' : 'write';
  return context.withDatabase({ access, applicationName: 'dbctl roles passwords' }, async (session) => {
    const login = chooseLogin({ role, logins: await loginsOf(session, { role, logins }) }, wish);
    if (globals.dryRun) return planned(role, login, context.target(session));
    await context.confirm(
      `${globals.env}: change the password of ${login} on ${session.host}:${session.port}? ${wish.evenInUse ? LOCKS_OUT : 'Nobody uses it now.'}`,
    );
    const rotation: Rotation = { role, logins, wish, receiver, form, target, operator, progress, signal };
    const rotated = await rotate(session, rotation);
    if (!rotated.recorded) context.log.warn(NOT_RECORDED);
    return answer(rotated, { role, logins }, receiver, context.target(session));
  });
}

const NOT_RECORDED =
  'the run was not recorded: this database has no dbctl.run, or not for this role. Which login was changed last is then not known: ' +
  'while nobody is logged in, name the one to change with --login';
const LOCKS_OUT = 'Its sessions go on, and new logins with the old password fail.';

function knownLogins(file: RolesFile, role: string): readonly string[] {
  const logins = loginNames(file, role);
  if (logins.length > 0) return logins;
  const names = Object.keys(file.roles).filter((name) => loginNames(file, name).length > 0);
  return fail('usage', `${role} is no role of ${file.label} that logs in`, { hint: `Those that do: ${names.join(', ')}.` });
}

/** The hand-over is within the transaction, whose session may sit idle for a minute. */
const PATIENCE_MS = 45_000;

async function receiverOf(options: ParsedOptions, role: string, context: Context): Promise<Receiver> {
  const file = options['toFile'] as string | undefined;
  if ((file === undefined) === (options['toCommand'] !== true)) {
    fail('usage', 'say where the new secret goes: --to-file PATH or --to-command, one of them', {
      hint: 'It is never printed. The command is roles.hand_over of dbctl.yaml.',
    });
  }
  if (file !== undefined) return { kind: 'file', path: path.resolve(context.cwd, file) };
  const { runHook } = await import('../ops/notice/hook.ts');
  const { config } = await context.config();
  const command = config.roles.hand_over;
  if (command === undefined) {
    fail('config.invalid', 'dbctl.yaml names no command that takes a secret', {
      hint: 'Write roles: { hand_over: [PROGRAM, ARGUMENT, …] }, or use --to-file.',
    });
  }
  const surroundings = { variables: context.variables, signal: context.signal, patienceMs: PATIENCE_MS };
  const hand = async (login: string, secret: string): Promise<void> => {
    const variables = { HOME: context.home, DBCTL_ENV: context.globals.env, DBCTL_ROLE: role, DBCTL_LOGIN: login };
    await runHook({ command, input: `${secret}\n`, variables }, surroundings).catch((thrown: unknown) =>
      refuseHandOver(thrown, command[0] ?? '', context),
    );
  };
  return { kind: 'command', hand };
}

/** How it ended is said; what it said is not, since that may be the secret. */
function refuseHandOver(thrown: unknown, program: string, { signal }: Context): never {
  signal.throwIfAborted();
  if (!(thrown instanceof DbctlError)) throw thrown;
  const [how = 'did not take the secret'] = HOW_IT_ENDED.exec(thrown.message) ?? [];
  return fail('refused', `${program} ${how}, and the password was not changed`, {
    hint: 'Run roles.hand_over of dbctl.yaml by hand, from the folder /, with a word on its standard input, and see what it says.',
  });
}

const HOW_IT_ENDED = /cannot be run: [A-Z]+|took more than \d+ s|ended with (?:\d+|a signal)/;

function planned(role: string, login: string, target: Answer['target']): Answer {
  const message = `the password of ${login} would be changed`;
  return {
    ok: true,
    items: [item({ id: 'password-change', object: login, message, role, state: 'planned' })],
    summary: { role, login, state: 'planned' },
    target: target ?? null,
    view: { text: `${message}. Nothing was.` },
  };
}

function answer(
  { login, proof, finished, sessions }: Rotated,
  { role, logins }: Pick<Rotation, 'role' | 'logins'>,
  receiver: Receiver,
  target: Answer['target'],
): Answer {
  const place = receiver.kind === 'file' ? receiver.path : 'roles.hand_over';
  const changed = finished
    ? `an earlier run had changed it and was stopped: its secret is in ${place} now`
    : `changed; the secret is in ${place}`;
  const proven = {
    works: ['pass', 'info', 'a login with the new password works'],
    refused: ['fail', 'high', `a login with the new password was refused: ${'reason' in proof ? proof.reason : ''}`],
    unknown: ['unknown', 'medium', `the new password could not be tried: ${'reason' in proof ? proof.reason : ''}`],
  } as const;
  const [status, severity, message] = proven[proof.verdict];
  return {
    ok: proof.verdict === 'works',
    items: [
      item({ id: 'password-change', object: login, message: changed, role, state: 'done', sessions }),
      item({ id: 'password-proof', object: login, status, severity, message, role }),
    ],
    summary: { role, login, state: 'done', proof: proof.verdict, finished },
    target: target ?? null,
    view: {
      columns: [
        { field: 'object', title: 'login' },
        { field: 'message', title: '' },
      ],
      notes: [
        sessions > 0
          ? `${sessions} sessions of ${login} go on; new logins need the new password.`
          : `Restart what uses ${role} with it.`,
        ...(logins.length > 1
          ? ['When dbctl roles passwords status shows the other login free, rotate again for that one.']
          : []),
      ],
    },
  };
}

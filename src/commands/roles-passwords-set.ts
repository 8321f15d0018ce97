import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { countByStatus, item, type Answer, type Item } from '../core/report.ts';
import type { Compared, GivenPassword } from '../ops/roles/password/set.ts';
import type { Context } from './context.ts';
import { operatorOf, rolesFileOf } from './roles-passwords-context.ts';

export const spec: CommandSpec = {
  name: 'roles passwords set',
  summary: 'give roles the passwords whose places roles.yaml names',
  description:
    'For every role with `password: {variable|file}`: computes from the password what the server keeps of it, compares, and sets it where it ' +
    'is another one, all in one transaction. The server gets a SCRAM verifier alone. Who may not look at pg_authid cannot compare: then ' +
    'nothing is set without --unseen. Roles that have the password already are left alone. dbctl roles apply makes roles without a password; ' +
    'this comes after it. Exit 1 with --dry-run when one is to be set.',
  effect: 'changes',
  options: [{ flags: '--unseen', description: 'set also what cannot be compared' }],
  examples: [
    ['dbctl roles passwords set --env ci --yes', 'in a pipeline, after dbctl roles apply'],
    ['dbctl roles passwords set --env prod --dry-run', 'do the roles have the passwords they should have?'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { comparePasswords, setPasswords } = await import('../ops/roles/password/set.ts');
  const given = await givenPasswords(context);
  const { dryRun } = context.globals;
  const access = dryRun ? 'read' : 'write';
  return context.withDatabase({ access, applicationName: 'dbctl roles passwords' }, async (session) => {
    const compared = await comparePasswords(session, given);
    const unseen = options['unseen'] === true;
    const wanted = compared.filter(({ is }) => is === 'differs' || (is === 'unknown' && unseen));
    if (!dryRun && wanted.length > 0) {
      const list = wanted.map(({ login, sessions }) => `${login} (${sessions} sessions)`).join(', ');
      await context.confirm(
        `${context.globals.env}: set the passwords of ${list}? Sessions go on, and new logins with an old password fail.`,
      );
      const recorded = await setPasswords(session, wanted, await operatorOf(context));
      if (!recorded) context.log.warn('the run was not recorded: this database has no dbctl.run, or not for this role');
    }
    const items = compared.map((one) => itemOf(one, wanted.includes(one), dryRun));
    return {
      ok: items.every(({ status }) => status === 'pass'),
      items,
      summary: { ...countByStatus(items), set: dryRun ? 0 : wanted.length },
      target: context.target(session),
      view: {
        columns: [
          { field: 'object', title: 'login' },
          { field: 'message', title: '' },
        ],
        notes: [given.length === 0 ? 'No role of roles.yaml names a place for its password here.' : ''].filter(
          (note) => note !== '',
        ),
      },
    };
  });
}

async function givenPasswords(context: Context): Promise<GivenPassword[]> {
  const { readRolePassword, passwordPlaceText } = await import('../config/roles/password.ts');
  const { file, folder } = await rolesFileOf(context);
  const found: GivenPassword[] = [];
  for (const [login, role] of Object.entries(file.roles)) {
    if (role.password === undefined) continue;
    if (!role.login) {
      fail(
        'config.invalid',
        `${file.label}:${file.place(['roles', login]).line}: ${login} does not log in itself, and has a password`,
        {
          hint: 'Two logins have passwords of their own: dbctl roles passwords rotate. Take password away here.',
        },
      );
    }
    const password = await readRolePassword(role.password, { folder, variables: context.variables });
    if (password === undefined) {
      fail('config.invalid', `the password of ${login} is missing: ${passwordPlaceText(role.password)} is not set`, {
        hint: `Set it, or name another place in ${file.label}. Nothing was changed.`,
      });
    }
    if (password.includes('\0')) fail('config.invalid', `the password of ${login} holds a NUL byte, which no server takes`);
    found.push({ login, password });
  }
  return found;
}

function itemOf({ login, is }: Compared, wanted: boolean, dryRun: boolean): Item {
  const about = { id: 'password', object: login };
  if (is === 'same') return item({ ...about, message: 'has it already' });
  if (is === 'absent') {
    return item({
      ...about,
      status: 'fail',
      severity: 'medium',
      message: 'is not there, or may not log in',
      fix: 'dbctl roles apply',
    });
  }
  if (wanted) {
    return dryRun
      ? item({ ...about, status: 'fail', severity: 'medium', message: 'would be set: it has another one, or none' })
      : item({ ...about, message: 'set', state: 'done' });
  }
  const message = 'cannot be compared: pg_authid is closed to this login';
  return item({
    ...about,
    status: 'unknown',
    severity: 'medium',
    message,
    fix: 'Run it as a superuser, or set it blindly with --unseen.',
  });
}

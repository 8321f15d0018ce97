import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { countByStatus, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { roleOfLogin, rolesFileOf } from './roles-passwords-context.ts';

export const spec: CommandSpec = {
  name: 'roles passwords status',
  summary: 'what kind of password each login has, and who uses it now',
  description:
    'Every role that may log in: SCRAM with its iterations, md5 (which is refused), none; until when it is good; its sessions now, in any ' +
    'database; and of two logins of a role which one is in use, and which one the next rotation changes. Kinds of passwords are in ' +
    'pg_authid, which is closed to all but superusers: without the right to look they are unknown, with the GRANT that would show them. ' +
    'Changes nothing. Exit 1 when a password is md5, over, or has too few iterations.',
  effect: 'reads',
  targets: true,
  examples: [
    ['dbctl roles passwords status --env prod', 'before and after a rotation'],
    ['dbctl roles passwords status --env prod --format json', 'for a monitor'],
  ],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ readLogins }, { statusItems }] = await Promise.all([
    import('../ops/roles/password/login-state.ts'),
    import('../ops/roles/password/status.ts'),
  ]);
  const { file } = await rolesFileOf(context);
  return context.withDatabase({ access: 'read', applicationName: 'dbctl roles' }, async (session) => {
    const items = statusItems(await readLogins(session), roleOfLogin(file), session.user);
    return {
      ok: items.every(({ status }) => status !== 'fail'),
      items,
      summary: { ...countByStatus(items) },
      target: context.target(session),
      view: {
        columns: [
          { field: 'object', title: 'login' },
          { field: 'role', title: 'of' },
          { field: 'kind', title: 'password' },
          { field: 'validUntil', title: 'valid until' },
          { field: 'sessions', title: 'sessions', align: 'right' },
          { field: 'use', title: '' },
          { field: 'problem', title: '' },
        ],
      },
    };
  });
}

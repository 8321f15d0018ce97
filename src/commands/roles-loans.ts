import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Loan } from '../ops/roles/loan/loan.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'roles loans',
  summary: 'which roles were lent: to whom, by whom, why, until when',
  description:
    'The record of dbctl roles lend in this database, oldest first. Needs membership in dbctl_auditor. Exit 1 when one is overdue: its time is ' +
    'over, and nobody has taken it back.',
  effect: 'reads',
  targets: true,
  options: [{ flags: '--open', description: 'those that have not ended' }],
  examples: [
    ['dbctl roles loans --env prod --format markdown', 'for the access review'],
    ['dbctl roles loans --env prod --open', 'who has more than usual right now'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { readLoans } = await import('../ops/roles/loan/loan.ts');
  return context.withDatabase({ access: 'read', applicationName: 'dbctl roles' }, async (session) => {
    const all =
      (await readLoans(session)) ?? fail('db.denied', `${session.user} may not see loans`, { hint: 'grant dbctl_auditor to it' });
    const loans = options['open'] === true ? all.filter(({ state }) => state !== 'ended') : all;
    const overdue = loans.filter(({ state }) => state === 'overdue').length;
    return {
      ok: overdue === 0,
      items: loans.map(loanItem),
      summary: { loans: loans.length, overdue },
      target: context.target(session),
      view: {
        columns: [
          { field: 'loan', title: 'loan', align: 'right' },
          { field: 'object', title: 'who' },
          { field: 'givenAt', title: 'from' },
          { field: 'until', title: 'until' },
          { field: 'state', title: 'state' },
          { field: 'operator', title: 'by' },
          { field: 'message', title: 'why' },
        ],
        notes:
          loans.length === 0
            ? ['No role is lent.']
            : overdue === 0
              ? []
              : ['Take back what is overdue: dbctl roles return --overdue'],
      },
    };
  });
}

function loanItem({ id, role, login, reason, state, ...rest }: Loan) {
  return item({
    id: 'loan',
    object: `${login} in ${role}`,
    status: state === 'overdue' ? 'fail' : 'pass',
    severity: state === 'overdue' ? 'critical' : 'info',
    message: reason,
    fix: state === 'overdue' ? 'dbctl roles return --overdue' : null,
    loan: id,
    state,
    ...rest,
  });
}

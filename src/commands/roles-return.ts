import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Loan } from '../ops/roles/loan/loan.ts';
import type { Context } from './context.ts';
import { endLoan, membershipWants, withPatientDatabase } from './roles-loan-context.ts';

export const spec: CommandSpec = {
  name: 'roles return',
  summary: 'take back roles that were lent',
  description:
    'Takes one loan back, by its number, or with --overdue all whose time is over: the membership goes back to what roles.yaml wants without ' +
    'the loan, mostly none, and the open sessions of the login are ended, since one that has become the role would keep it. Exit 1 when a ' +
    'session could not be ended, with the statement that does. Several runs at once do it once. Needs what dbctl roles lend needs, and ' +
    'pg_signal_backend where it is no superuser.',
  effect: 'changes',
  args: [{ name: '[loan]', description: 'the number of the loan: dbctl roles loans' }],
  options: [{ flags: '--overdue', description: 'all whose time is over; asks nothing' }],
  examples: [
    ['dbctl roles return 12 --env prod', 'before its time'],
    ['dbctl roles return --overdue --env prod', 'every minute, from a timer'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { readLoans } = await import('../ops/roles/loan/loan.ts');
  const wanted = options['loan'] as string | undefined;
  const overdue = options['overdue'] === true;
  if ((wanted === undefined) === !overdue)
    fail('usage', 'name one loan, or --overdue', { hint: 'See them with dbctl roles loans.' });
  return withPatientDatabase(context, async (session) => {
    const loans =
      (await readLoans(session)) ?? fail('db.denied', `${session.user} may not see loans`, { hint: 'grant dbctl_owner to it' });
    const chosen = overdue ? loans.filter(({ state }) => state === 'overdue') : [oneOf(loans, wanted ?? '')];
    if (!overdue && !context.globals.dryRun) await context.confirm(`${context.globals.env}: ${chosen.map(question).join('\n')}`);
    const items: Item[] = [];
    const wants = await membershipWants(context);
    for (const loan of chosen) items.push(context.globals.dryRun ? planned(loan) : await endLoan(session, loan, context, wants));
    return {
      ok: items.every(({ status }) => status === 'pass'),
      items,
      summary: { loans: items.length },
      target: context.target(session),
      view: { notes: items.length === 0 ? ['Nothing to take back.'] : [] },
    };
  });
}

const planned = ({ id, role, login }: Loan): Item =>
  item({ id: 'loan', object: `${login} in ${role}`, message: 'would be taken back', loan: id });

function oneOf(loans: readonly Loan[], wanted: string): Loan {
  const loan = loans.find(({ id }) => String(id) === wanted);
  if (loan === undefined) return fail('refused', `there is no loan ${wanted}`, { hint: 'See them with dbctl roles loans.' });
  if (loan.state === 'ended')
    fail('refused', `loan ${wanted} ended at ${loan.endedAt}`, { hint: 'Nothing is left to take back.' });
  return loan;
}

const question = ({ role, login, until }: Loan): string =>
  `${login} loses ${role}, which it has until ${until}, and its open sessions end. Go on?`;

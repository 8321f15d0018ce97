import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration, parseDuration } from '../config/duration.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError, fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { LoanWish } from '../ops/roles/loan/lend.ts';
import type { Loan } from '../ops/roles/loan/loan.ts';
import type { Context } from './context.ts';
import { operatorName } from './migrate-settings.ts';
import { endLoan, ensureLoans, membershipWants, withPatientDatabase } from './roles-loan-context.ts';

export const spec: CommandSpec = {
  name: 'roles lend',
  summary: 'let somebody have a role for some hours, recorded, and take it back',
  description:
    'For an emergency: makes a login a member of a role and records who, why and until when, append-only, in one transaction. Then it waits: at ' +
    'the end of the time, and on Ctrl-C or SIGTERM, it takes the role back and ends the open sessions of that login. PostgreSQL has no grants ' +
    'that end by themselves: when this is killed, dbctl roles audit says so from the end of the time on, and dbctl roles apply or dbctl roles ' +
    'return --overdue takes it back. Until then audit shows an exception, and plan leaves the membership alone. The rights are inherited, which ' +
    'a REVOKE ends in the middle of a session; with --set the login can also become the role, so that what it makes belongs to it.\n\n' +
    'Needs a superuser, or ADMIN on the role, membership in dbctl_owner, and pg_signal_backend to end sessions. Roles that are superuser, and ' +
    'those that guard append-only tables, are not lent.',
  effect: 'changes',
  args: [{ name: '<role>', description: 'the role whose rights are needed' }],
  options: [
    { flags: '--to <login>', description: 'the login of the person' },
    { flags: '--for <duration>', description: 'how long, up to 24h', default: '1h' },
    { flags: '--reason <text>', description: 'why, such as the number of the incident; 10 characters at least' },
    { flags: '--set', description: 'the login may also become the role by SET ROLE' },
    { flags: '--detach', description: 'do not wait: dbctl roles return --overdue has to run from a timer' },
  ],
  examples: [
    [
      'dbctl roles lend lab_owner --env prod --to ann --for 2h --reason "incident 4711: index is corrupt"',
      'and leave it running',
    ],
    [
      'dbctl roles lend readonly --env prod --to ann --for 30min --reason "incident 4711: what is there" --detach',
      'with a timer on the server',
    ],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const wish = wishOf(options, context);
  const detached = options['detach'] === true;
  if (context.globals.dryRun)
    return { ok: true, items: [], summary: { state: 'planned' }, view: { notes: [question(wish, detached)] } };
  await context.confirm(`${context.globals.env}: ${question(wish, detached)}`);
  const { lend } = await import('../ops/roles/loan/lend.ts');
  const { loan, target } = await withPatientDatabase(context, async (session) => {
    await ensureLoans(session, context);
    return { loan: await lend(session, wish), target: context.target(session) };
  });
  if (detached)
    return answer(loan, target, [
      `Nothing ends it by itself. A timer has to run: dbctl roles return --overdue --env ${context.globals.env}`,
      `Before that, by hand: dbctl roles return ${loan.id} --env ${context.globals.env}`,
    ]);
  await waitFor(loan, wish, context);
  try {
    return { ...(await takeBackNow(loan, context)), target };
  } catch (thrown) {
    throw stillLent(loan, thrown);
  }
}

/** Whoever watches this command has to know that its end was not the end of the loan. */
function stillLent({ id, role, login }: Loan, thrown: unknown): unknown {
  if (!(thrown instanceof DbctlError)) return thrown;
  const { code, message, hint, sqlstate, detail } = thrown;
  return new DbctlError(code, `${login} still has ${role}, which could not be taken back: ${message}`, {
    hint: [`As soon as it can be done: dbctl roles return ${id}.`, ...(hint === undefined ? [] : [hint])].join(' '),
    cause: thrown,
    ...(sqlstate === undefined ? {} : { sqlstate }),
    ...(detail === undefined ? {} : { detail }),
  });
}

/** Longer is not an emergency but a job: that belongs into roles.yaml. The table refuses it as well. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

function wishOf(options: ParsedOptions, context: Context): LoanWish {
  const [role, login, reason] = [options['role'], options['to'], options['reason']] as (string | undefined)[];
  const hint = 'Run dbctl roles lend --help.';
  if (role === undefined || login === undefined) fail('usage', 'say to whom: --to LOGIN', { hint });
  if (reason === undefined || reason.trim().length < 10 || reason.length > 2000)
    fail('usage', 'say why in 10 characters at least: --reason TEXT', { hint });
  let forMs: number;
  try {
    forMs = parseDuration(options['for'] as string);
  } catch (thrown) {
    return fail('usage', `--for: ${(thrown as Error).message}`, { hint });
  }
  if (forMs < 1000 || forMs > LONGEST_MS)
    fail('usage', `--for is between 1s and 24h, and not ${options['for'] as string}`, {
      hint: 'What is needed for longer belongs into roles.yaml.',
    });
  return { role, login, reason: reason.trim(), forMs, operator: operatorName(context), set: options['set'] === true };
}

function question({ role, login, reason, forMs, set }: LoanWish, detached: boolean): string {
  const how = set ? 'has the rights of, and can become,' : 'has the rights of';
  const end = detached ? 'Nothing takes them back by itself.' : 'This command has to go on running, and takes them back.';
  return `${login} ${how} ${role} for ${formatDuration(forMs)}: ${reason}. ${end} Go on?`;
}

/** Until its time is over, or somebody asks for the end. */
async function waitFor({ login, role, until }: Loan, { forMs }: LoanWish, { log, progress, signal }: Context): Promise<void> {
  // Where no terminal is, a step is told when it ends: who reads the log of a service has to know that it began.
  log.warn(`${login} has ${role} until ${until}: this has to go on running`);
  const step = progress.step('lent; Ctrl-C takes it back now');
  await sleep(forMs, undefined, { signal }).catch(() => {});
  step.done();
}

async function takeBackNow(loan: Loan, context: Context): Promise<Answer> {
  const { readLoans } = await import('../ops/roles/loan/loan.ts');
  const wants = await membershipWants(context);
  return withPatientDatabase(context, async (session) => {
    const now = (await readLoans(session))?.find(({ id }) => id === loan.id) ?? loan;
    const { status, severity, message, fix, detail } = await endLoan(session, now, context, wants);
    const ended = answer({ ...now, state: 'ended' }, null, [
      `${loan.login} in ${loan.role}: ${message}. What was made meanwhile: dbctl roles audit`,
      ...(fix === null ? [] : [fix]),
    ]);
    const items = ended.items.map((one) => ({ ...one, status, severity, fix, detail }));
    return { ...ended, ok: status === 'pass', items };
  });
}

function answer(loan: Loan, target: Answer['target'], notes: readonly string[]): Answer {
  const { id, role, login, reason, until, state } = loan;
  return {
    ok: true,
    items: [item({ id: 'loan', object: `${login} in ${role}`, message: reason, loan: id, until, state })],
    summary: { loan: id, role, login, until, state },
    target: target ?? null,
    view: {
      columns: [
        { field: 'loan', title: 'loan', align: 'right' },
        { field: 'object', title: 'who' },
        { field: 'until', title: 'until' },
        { field: 'state', title: 'state' },
        { field: 'message', title: 'why' },
      ],
      notes,
    },
  };
}

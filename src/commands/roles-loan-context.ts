import { fail } from '../core/errors.ts';
import type { Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { WantedMembership } from '../ops/roles/loan/end-membership.ts';
import type { Loan } from '../ops/roles/loan/loan.ts';
import type { Context } from './context.ts';
import { operatorName } from './migrate-settings.ts';
import { takenBackItem } from './roles-taken-back.ts';

/** Brings schema dbctl to what this dbctl knows, where loans are recorded. Fails with db.version where a newer dbctl made it. */
export async function ensureLoans(session: Session, context: Context): Promise<void> {
  const [{ readSchemaVersion }, { ensureDbctlSchema, SCHEMA_VERSION }, { withAdvisoryLock }] = await Promise.all([
    import('../ops/schema/schema-version.ts'),
    import('../ops/schema/dbctl-schema.ts'),
    import('../db/advisory-lock.ts'),
  ]);
  const version = await readSchemaVersion(session).catch((thrown: unknown) => refuseUnrecorded(thrown, session));
  if (version >= SCHEMA_VERSION) return;
  const { config } = await context.config();
  await withAdvisoryLock(session, 'migrate', { waitMs: LOCK_WAIT_MS, signal: context.signal }, async () =>
    ensureDbctlSchema(session, config.migrations.table, await readSchemaVersion(session)),
  );
}

/** 42501: schema dbctl is closed to whoever runs it, and so is the record of loans. */
function refuseUnrecorded(thrown: unknown, { user }: Session): never {
  if ((thrown as { sqlstate?: string }).sqlstate !== '42501') throw thrown;
  return fail('db.denied', `${user} may not record loans`, {
    hint: 'Let a superuser lend, or a member of dbctl_owner that has ADMIN on the role.',
  });
}

/** A migration is waited for this long. */
const LOCK_WAIT_MS = 10_000;

/** A session that Ctrl-C does not cancel: what was lent has to be taken back then. */
export async function withPatientDatabase<T>(context: Context, use: (session: Session) => Promise<T>): Promise<T> {
  const patient = new AbortController().signal;
  return context.withDatabase({ access: 'write', applicationName: 'dbctl roles', signal: patient }, use);
}

/** What roles.yaml wants a login to have of a role, whatever was lent; null: nothing. */
export type Wants = (loan: Loan) => WantedMembership | null;

/**
 * Reads what roles.yaml wants. A loan has to end also where the file cannot be read: then everything is taken, as before the loan, and a warning
 * says so. Where there is none, nobody wants anything.
 */
export async function membershipWants(context: Context): Promise<Wants> {
  const [{ fileExists }, { default: path }, { loadRolesFile }, { wantedMembership }] = await Promise.all([
    import('../config/find-file.ts'),
    import('node:path'),
    import('../config/roles/load.ts'),
    import('../ops/roles/loan/end-membership.ts'),
  ]);
  const { config, folder } = await context.config();
  const file = path.join(folder, config.roles.file);
  if (!(await fileExists(file))) return () => null;
  try {
    const read = await loadRolesFile(file, context.cwd, context.globals.env);
    return (loan) => wantedMembership(read, loan);
  } catch (thrown) {
    context.log.warn(
      `what ${config.roles.file} wants cannot be read (${(thrown as Error).message}): what was lent is taken back whole; ` +
        'correct the file, then: dbctl roles apply',
    );
    return () => null;
  }
}

/** Takes one loan back, to what roles.yaml wants without it. Fails as takeBack does. */
export async function endLoan(session: Session, loan: Loan, context: Context, wants: Wants): Promise<Item> {
  const { takeBack } = await import('../ops/roles/loan/take-back.ts');
  const taken = await takeBack(session, loan, { operator: operatorName(context), wanted: wants(loan) });
  return takenBackItem(loan, taken, session.user);
}

/** Takes back every role whose time is over: the plan has revoked the membership, and this records the end and ends the sessions. */
export async function endOverdueLoans(session: Session, context: Context): Promise<Item[]> {
  const { readLoans } = await import('../ops/roles/loan/loan.ts');
  const overdue = ((await readLoans(session)) ?? []).filter(({ state }) => state === 'overdue');
  if (overdue.length === 0) return [];
  const wants = await membershipWants(context);
  const items: Item[] = [];
  for (const loan of overdue) items.push(await endLoan(session, loan, context, wants));
  return items;
}

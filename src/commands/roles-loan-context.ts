import { fail } from '../core/errors.ts';
import type { Session } from '../db/session.ts';
import type { Context } from './context.ts';
import { operatorName } from './migrate-settings.ts';

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

/** Takes back every role whose time is over: the plan has revoked the membership, and this records the end and ends the sessions. */
export async function endOverdueLoans(session: Session, context: Context): Promise<void> {
  const [{ readLoans }, { takeBack }] = await Promise.all([
    import('../ops/roles/loan/loan.ts'),
    import('../ops/roles/loan/take-back.ts'),
  ]);
  for (const loan of (await readLoans(session)) ?? []) {
    if (loan.state === 'overdue') await takeBack(session, loan, operatorName(context));
  }
}

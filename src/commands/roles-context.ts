import type { RolesFile } from '../config/roles/load.ts';
import type { Session } from '../db/session.ts';
import type { Comparison } from '../ops/roles/difference/inputs.ts';
import type { Context } from './context.ts';

/** Compares a database with roles.yaml; each call reads the database again, within the caller's transaction where there is one. */
export type Compare = (session: Session) => Promise<Comparison>;

/** Membership options, which decide who reaches what, came with 16. */
const OLDEST = 160_000;

/**
 * Reads roles.yaml of the environment. Fails with config.invalid where it is missing or wrong. What it returns fails with db.version on a
 * server before 16.
 */
export async function comparer(context: Context): Promise<Compare> {
  const [{ default: path }, { loadRolesFile }, { immutabilitySettings }, { executorsOf }] = await Promise.all([
    import('node:path'),
    import('../config/roles/load.ts'),
    import('../ops/immutability/settings.ts'),
    import('../ops/schema/immutability/executors.ts'),
  ]);
  const { config, folder, environment } = await context.config();
  const file = await loadRolesFile(path.join(folder, config.roles.file), context.cwd, context.globals.env);
  if (environment.protected) await refuseSuperuserLogins(context, file);
  const guarded = immutabilitySettings(config);
  const governed = {
    executors: executorsOf(guarded),
    readers: [...new Set([...guarded.archivers, ...guarded.archiveVerifiers])],
    tables: guarded.tables,
  };
  const today = context.clock().toISOString().slice(0, 10);
  return async (session) => {
    await requireMembershipOptions(session);
    const [{ readInTransaction }, { readInsertableColumns }, { readNamedColumns }, { desiredState }, { readLoans }] =
      await Promise.all([
        import('../ops/roles/catalog/read.ts'),
        import('../ops/roles/desired/generated.ts'),
        import('../ops/roles/desired/columns.ts'),
        import('../ops/roles/desired/state.ts'),
        import('../ops/roles/loan/loan.ts'),
      ]);
    const catalog = await readInTransaction(session);
    const insertable = await readInsertableColumns(session, guarded.tables);
    const schemas = [...new Set(guarded.tables.map(({ schema }) => schema))];
    const isInstalled = catalog.roles.some(({ name }) => name === guarded.owner);
    const guardedSchemas = isInstalled ? schemas : [];
    const columns = await readNamedColumns(session, file);
    const desired = desiredState(file, {
      catalog,
      insertable,
      columns,
      guardedSchemas,
      today,
      ...(isInstalled ? { governed } : {}),
    });
    const loans = await readLoans(session);
    return { file, desired, catalog, guarded: isInstalled ? { owner: guarded.owner, schemas } : null, today, loans };
  };
}

/** Nothing stops a superuser: no grant, no policy, no trigger. An app does not log in as one where it counts. */
async function refuseSuperuserLogins({ globals }: Context, file: RolesFile): Promise<void> {
  const { fail } = await import('../core/errors.ts');
  for (const [name, { login, logins, attributes }] of Object.entries(file.roles)) {
    if (!attributes.includes('superuser') || !(login || logins !== undefined)) continue;
    const { line } = file.place(['roles', name]);
    fail('refused', `${file.label}:${line}: ${name} logs in as a superuser, and environment ${globals.env} is protected`, {
      hint: 'Take superuser away from it. People who need one in an emergency use a role that apps do not.',
    });
  }
}

/** Fails with db.version on a server before 16. */
export async function requireMembershipOptions(session: Pick<Session, 'serverVersion' | 'serverVersionText'>): Promise<void> {
  if (session.serverVersion >= OLDEST) return;
  const { fail } = await import('../core/errors.ts');
  fail('db.version', `the server is PostgreSQL ${session.serverVersionText}, and dbctl roles needs 16 or newer`, {
    hint: 'Before 16 memberships have no options, and CREATEROLE reaches every role.',
  });
}

/** One snapshot of the database for a command that only reads: whatever `compare` reads is of one moment. */
export async function compareOnce<T>(
  context: Context,
  compare: (session: Session) => Promise<T>,
): Promise<{ comparison: T; session: Session }> {
  const { inTransaction } = await import('../db/transaction.ts');
  return context.withDatabase({ access: 'read', applicationName: 'dbctl roles' }, async (session) => ({
    comparison: await inTransaction(session, 'isolation level repeatable read, read only', () => compare(session)),
    session,
  }));
}

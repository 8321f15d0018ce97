import path from 'node:path';
import type { ExpectedIdentity } from '../config/identity.ts';
import type { Session } from '../db/session.ts';
import type { WantedDatabase } from '../ops/database/wanted.ts';
import type { ConnectionTarget } from '../runtime/connection/target.ts';
import type { Context } from './context.ts';
import { loginNames, rolesFileOf } from './roles-passwords-context.ts';

/** What dbctl.yaml and roles.yaml say the database of the environment is. Without roles.yaml it has no owner and no roles. */
export async function wantedDatabase(context: Context, target: ConnectionTarget): Promise<WantedDatabase> {
  const { config, folder } = await context.config();
  const { fileExists } = await import('../config/find-file.ts');
  const hasRoles = await fileExists(path.join(folder, config.roles.file));
  const file = hasRoles ? (await rolesFileOf(context)).file : null;
  const { locale, timezone, extensions } = config.postgres;
  return {
    name: target.database,
    owner: file?.owner ?? null,
    otherOwners: [config.immutability.owner],
    encoding: locale.encoding,
    provider: locale.provider,
    locale: locale.name,
    timezone,
    extensions: { schema: extensions.schema, required: extensions.required },
    logins: file === null ? [] : Object.keys(file.roles).flatMap((role) => loginNames(file, role)),
  };
}

/** The identity that is expected of the environment; null: nobody said. */
export async function expectedOf(context: Context): Promise<ExpectedIdentity | null> {
  const { expectedIdentity } = await import('../config/identity.ts');
  const { environment, folder } = await context.config();
  return expectedIdentity(environment, folder, context.cwd);
}

/** The server alone, where the database may not be there yet. Fails with refused on another server than expected. */
export async function requireExpectedServer(
  session: Session,
  expected: ExpectedIdentity | null,
  context: Context,
): Promise<void> {
  if (expected === null) return;
  const { refuseOther } = await import('../ops/environment/guard.ts');
  refuseOther(session, { ...expected, database: undefined }, context.globals.env);
}

/** The same over the replication protocol, for commands that have no other session. Fails with refused on another server than expected. */
export async function requireExpectedOrigin(target: ConnectionTarget, context: Context): Promise<void> {
  const expected = await expectedOf(context);
  if (expected === null) return;
  const [{ withReplication }, { fail }] = await Promise.all([import('../db/replication.ts'), import('../core/errors.ts')]);
  const options = { applicationName: 'dbctl', signal: context.signal };
  const { systemIdentifier } = await withReplication(target, options, (on) => on.identify());
  if (systemIdentifier === expected.systemIdentifier) return;
  fail('refused', `the server is ${systemIdentifier}, and ${expected.from} says ${expected.systemIdentifier}: nothing was done`, {
    hint: `The address of environment ${context.globals.env} leads to another server. If it was replaced on purpose, correct ${expected.from} in a reviewed change.`,
  });
}

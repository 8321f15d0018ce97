import type { Environment } from '../../config/config.ts';
import type { ExpectedIdentity } from '../../config/identity.ts';
import { fail } from '../../core/errors.ts';
import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';

/** What a session is asked before a command gets it. */
export interface GuardRules {
  readonly environment: Environment;
  /** null: nobody said which server it is. */
  readonly expected: ExpectedIdentity | null;
}

type Identity = Pick<Session, 'systemIdentifier' | 'database' | 'serverVersion' | 'host' | 'port' | 'user'>;

/**
 * Looks at a session before anything is done with it: is it the server the environment means, and, on a protected one, is it encrypted? That
 * it is a superuser's is a warning, which is returned: some commands need one. Logins of apps that are superusers are refused by dbctl roles.
 * Fails with refused on another server, database or major version than expected, and without TLS on a protected environment.
 */
export async function guardSession(session: Session, { environment, expected }: GuardRules): Promise<string[]> {
  if (expected !== null) refuseOther(session, expected, environment.name);
  if (!environment.protected || environment.embedded) return [];
  refuseUnencrypted(session, environment);
  const [role] = await session.rows<{ superuser: boolean }>(SUPERUSER);
  const warning = `environment ${environment.name} is protected, and ${session.user} is a superuser: no grant and no trigger stops a mistake`;
  return role?.superuser === true ? [warning] : [];
}

/** Fails with refused where the session is not on the server, the database and the major version that were expected. Pure. */
export function refuseOther(session: Identity, expected: ExpectedIdentity, environment: string): void {
  const { systemIdentifier, database, serverVersion, host, port } = session;
  const place = `${host}:${port}`;
  if (systemIdentifier === null) {
    fail('refused', `${place} does not tell its system identifier, and ${expected.from} says which it must have`, {
      hint: `Let the role ask: grant execute on function pg_catalog.pg_control_system() to ${ident(session.user)}`,
    });
  }
  if (systemIdentifier !== expected.systemIdentifier) {
    fail(
      'refused',
      `${place} is server ${systemIdentifier}, and ${expected.from} says ${expected.systemIdentifier}: nothing was done`,
      {
        hint: `The address of environment ${environment} leads to another server. If it was replaced on purpose, correct ${expected.from} in a reviewed change.`,
      },
    );
  }
  if (expected.database !== undefined && database !== expected.database) {
    fail('refused', `the database is ${database}, and ${expected.from} says ${expected.database}: nothing was done`, {
      hint: `Correct the URL of environment ${environment}, or ${expected.from} in a reviewed change.`,
    });
  }
  const major = Math.floor(serverVersion / 10_000);
  if (expected.major !== undefined && major !== expected.major) {
    fail('refused', `${place} is PostgreSQL ${major}, and ${expected.from} says ${expected.major}: nothing was done`, {
      hint: `After an upgrade correct ${expected.from} in a reviewed change.`,
    });
  }
}

/** On a protected environment what crosses a network is encrypted, unless dbctl.yaml says that it need not be. Fails with refused. Pure. */
function refuseUnencrypted(
  { encrypted, crossesNetwork, host, port }: Pick<Session, 'encrypted' | 'crossesNetwork' | 'host' | 'port'>,
  { name, tls }: Environment,
): void {
  const isAllowed = tls === 'disable' || tls === 'allow' || tls === 'prefer';
  if (encrypted || !crossesNetwork || isAllowed) return;
  fail('refused', `the connection to ${host}:${port} is not encrypted, and environment ${name} is protected`, {
    hint: `Write tls: verify-full under environments.${name} in dbctl.yaml; where nobody can listen, tls: disable says so.`,
  });
}

const SUPERUSER = /* sql */ `
select r.rolsuper as superuser
from pg_catalog.pg_roles r
where r.rolname = session_user`;

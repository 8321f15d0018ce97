import type { Item } from '../../core/report.ts';
import { versionNumber } from '../../core/pin.ts';
import type { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { healthy, ill, unseen } from './examination.ts';

interface Facts {
  readonly tls: boolean | null;
  readonly remote: boolean;
  readonly in_recovery: boolean;
  readonly superuser: boolean;
  readonly may_create_schema: boolean;
  readonly may_create_role: boolean;
  readonly sees_settings: boolean;
}

/**
 * What a connected session tells about the server and about our rights on it.
 *
 * @param pin the project's release, such as 18.2
 * @param development the server is the project's own development server, where a superuser is no finding
 */
export async function examineServer(session: Session, pin: string, development: boolean): Promise<Item[]> {
  const [facts] = await session.rows<Facts>(FACTS);
  const address = `${session.host}:${session.port}`;
  const connection = healthy('connection', address, `answers as ${session.user} on database ${session.database}`);
  if (facts === undefined) return [connection];
  return [connection, version(session, pin), tls(address, facts), role(address, facts), ...rights(session, facts, development)];
}

/** An unreachable or refusing server is a finding here, not an error: the other examinations go on. */
export function unreachable(error: DbctlError): Item {
  return ill('connection', 'server', 'high', error.message, error.hint ?? null);
}

function version(session: Session, pin: string): Item {
  const wanted = versionNumber(pin);
  const server = session.serverVersion;
  if (server === wanted) return healthy('server-version', session.serverVersionText, 'is the pinned version');
  if (Math.floor(server / 10_000) !== Math.floor(wanted / 10_000)) {
    return ill(
      'server-version',
      session.serverVersionText,
      'high',
      `the project is pinned to ${pin}: another major version`,
      'Connect to the right server, or change postgres.version in a reviewed change.',
    );
  }
  const message = server < wanted ? `older than the pinned ${pin}` : `newer than the pinned ${pin}`;
  return ill(
    'server-version',
    session.serverVersionText,
    server < wanted ? 'high' : 'low',
    message,
    'dbctl verify says which advisories that opens or closes.',
  );
}

function tls(address: string, facts: Facts): Item {
  if (facts.tls === true) return healthy('tls', address, 'the connection is encrypted');
  if (facts.tls === null) return unseen('tls', address, 'pg_stat_ssl does not tell', null);
  if (!facts.remote) return healthy('tls', address, 'not encrypted, and local to this machine');
  return ill(
    'tls',
    address,
    'high',
    'the connection crosses the network unencrypted',
    'Set tls: verify-full for this environment in dbctl.yaml.',
  );
}

function role(address: string, facts: Facts): Item {
  if (!facts.in_recovery) return healthy('server-role', address, 'primary: takes writes');
  return ill(
    'server-role',
    address,
    'low',
    'standby: reading commands work, changing ones do not',
    'Name both hosts and target_session_attrs=read-write in the URL.',
  );
}

function rights(session: Session, facts: Facts, development: boolean): Item[] {
  const { user, database } = session;
  const quoted = `"${user.replaceAll('"', '""')}"`;
  return [
    facts.may_create_schema
      ? healthy('right-create', database, `${user} may create schemas: migrations can run`)
      : ill(
          'right-create',
          database,
          'low',
          `${user} may not create schemas: migrations cannot run as this role`,
          `grant create on database "${database.replaceAll('"', '""')}" to ${quoted}`,
        ),
    facts.sees_settings
      ? healthy('right-settings', user, 'sees all settings: verify can judge them')
      : ill(
          'right-settings',
          user,
          'low',
          `${user} does not see all settings: some checks will be unknown`,
          `grant pg_read_all_settings to ${quoted}`,
        ),
    superuser(user, facts, development),
  ];
}

function superuser(user: string, facts: Facts, development: boolean): Item {
  if (!facts.superuser) return healthy('right-superuser', user, 'is no superuser');
  if (development) return healthy('right-superuser', user, 'is a superuser, as on every development server');
  return ill(
    'right-superuser',
    user,
    'low',
    `${user} is a superuser: no trigger and no grant stops what it does by mistake`,
    'Use a role of its own for each app and for dbctl.',
  );
}

const FACTS = /* sql */ `
select (select s.ssl from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid()) as tls,
       coalesce(not (pg_catalog.inet_client_addr() <<= '127.0.0.0/8' or pg_catalog.inet_client_addr() = '::1'), false) as remote,
       pg_catalog.pg_is_in_recovery() as in_recovery,
       r.rolsuper as superuser,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as may_create_schema,
       r.rolsuper or r.rolcreaterole as may_create_role,
       r.rolsuper or pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') as sees_settings
from pg_catalog.pg_roles r
where r.rolname = session_user`;

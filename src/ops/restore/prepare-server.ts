import { ident } from '../../db/ident.ts';
import { withSession, type Session } from '../../db/session.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import type { RoleFact, SourceFacts } from '../backup/manifest.ts';
import { missingRoles } from '../backup/source.ts';
import { createDatabase } from './preflight.ts';

/** A server that was made for a backup: nobody else has anything on it. */
export interface OwnServer {
  target(database: string): ConnectionTarget;
}

/**
 * Makes an empty database like the one backed up on a server of our own, and before it what is part of what is compared: roles for owners and
 * grants, as none of which anybody can log in, and tablespaces. Databases a server is born with are made anew.
 * Fails with sql.failed where the server does not have the locale.
 */
export async function prepareServer(
  server: OwnServer,
  source: SourceFacts,
  database: string,
  signal: AbortSignal,
): Promise<void> {
  // Nobody can drop the database they are in.
  const target = server.target(database === 'postgres' ? 'template1' : 'postgres');
  await withSession(target, { access: 'write', statementTimeoutMs: 0, signal }, async (session) => {
    await makeRoles(session, source.roles);
    await makeTablespaces(session, source.tablespaces ?? []);
    if (database === 'template1') await session.script(`alter database template1 is_template false`);
    await session.script(`drop database if exists ${ident(database)} with (force)`);
    await session.script(createDatabase(database, source));
  });
}

async function makeRoles(session: Session, roles: readonly RoleFact[]): Promise<void> {
  const there = await names(session, 'select r.rolname::pg_catalog.text as name from pg_catalog.pg_roles r');
  const missing = missingRoles(roles, there);
  for (const { name, superuser } of missing) await session.script(`create role ${ident(name)}${superuser ? ' superuser' : ''}`);
  const known = new Set([...there, ...missing.map(({ name }) => name)]);
  for (const { name, memberOf } of missing) {
    // A group that owns nothing and was granted nothing is not in the manifest.
    for (const group of memberOf.map(unquoted)) {
      if (known.has(group)) await session.script(`grant ${ident(group)} to ${ident(name)}`);
    }
  }
}

/** The server wrote these as they stand in SQL. */
const unquoted = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

/** In the data folder: the disks of production are not here. */
async function makeTablespaces(session: Session, wanted: readonly string[]): Promise<void> {
  const there = await names(session, 'select t.spcname::pg_catalog.text as name from pg_catalog.pg_tablespace t');
  const missing = wanted.filter((name) => !there.includes(name));
  if (missing.length > 0) await session.script('set allow_in_place_tablespaces = on');
  for (const name of missing) await session.script(`create tablespace ${ident(name)} location ''`);
}

const names = async (session: Session, sql: string): Promise<string[]> =>
  (await session.rows<{ name: string }>(sql)).map(({ name }) => name);

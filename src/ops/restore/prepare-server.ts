import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { RoleFact, SourceFacts } from '../backup/manifest.ts';
import { missingRoles } from '../backup/source.ts';
import { createDatabase } from './preflight.ts';

/** Roles first, then the database: owners and grants are part of what is compared. Nobody can log in as one of these roles. */
export async function prepareServer(session: Session, source: SourceFacts, database: string): Promise<void> {
  const [{ there } = { there: [] }] = await session.rows<{ there: string[] }>(
    'select array(select r.rolname::pg_catalog.text from pg_catalog.pg_roles r) as there',
  );
  const missing = missingRoles(source.roles, there);
  for (const role of missing) await session.script(createRole(role));
  const known = new Set([...there, ...missing.map(({ name }) => name)]);
  for (const { name, memberOf } of missing) {
    for (const of of memberOf) if (known.has(of)) await session.script(`grant ${ident(of)} to ${ident(name)}`);
  }
  await session.script(createDatabase(database, source));
}

const createRole = ({ name, superuser }: RoleFact): string => `create role ${ident(name)}${superuser ? ' superuser' : ''}`;

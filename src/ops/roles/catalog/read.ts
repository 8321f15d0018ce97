import { fail } from '../../../core/errors.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { Session } from '../../../db/session.ts';
import { defaultAcl, parseAcl, type AclEntry, type RoleId } from '../rights/acl.ts';
import { PUBLIC_NAME } from '../desired/model.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import type { Membership } from '../rights/memberships.ts';
import type { DefaultPrivileges, Role, RoleCatalog, RoleSetting, RowSecurity, SecuredObject, Use } from './model.ts';
import { DATABASE, DEFAULTS, MEMBERSHIPS, OBJECTS, ROLES, ROW_SECURITY, SETTINGS, USES } from './queries.ts';

type ObjectRow = Omit<SecuredObject, 'acl' | 'explicit'> & { readonly acl: string | null };
type DefaultsRow = Omit<DefaultPrivileges, 'acl'> & { readonly acl: string };

/**
 * Reads roles, memberships, rights and settings of the cluster and of this database in one snapshot, with no more than a login.
 * Fails with sql.failed and its like where the connection or a query does.
 */
export function readRoleCatalog(session: Session): Promise<RoleCatalog> {
  return inTransaction(session, 'isolation level repeatable read, read only', () => readInTransaction(session));
}

/**
 * The same within the caller's transaction, such as one that is about to change what it reads. Fails with refused where a role is named like
 * what everybody is a member of.
 */
export async function readInTransaction(session: Session): Promise<RoleCatalog> {
  const [database] = await session.rows<RoleCatalog['database']>(DATABASE);
  if (database === undefined) throw new RangeError('the current database is not in pg_database');
  const roles = await session.rows<Role>(ROLES);
  refuseNamesake(roles);
  const memberships = await session.rows<Membership>(MEMBERSHIPS);
  const objects = await session.rows<ObjectRow>(OBJECTS);
  const defaults = await session.rows<DefaultsRow>(DEFAULTS);
  const settings = await session.rows<RoleSetting>(SETTINGS);
  const { serverVersion } = session;
  const acls = new AclReader(roles, serverVersion);
  const shared = sharedTexts();
  return {
    serverVersion,
    database,
    roles,
    memberships,
    objects: objects.map((row) => ({
      ...row,
      kind: shared(row.kind),
      what: shared(row.what),
      schema: row.schema === null ? null : shared(row.schema),
      acl: acls.of(row),
      explicit: row.acl !== null,
    })),
    defaults: defaults.map((row) => ({ ...row, acl: acls.parse(row.acl) })),
    settings,
    uses: await session.rows<Use>(USES),
    rowSecurity: await session.rows<RowSecurity>(ROW_SECURITY),
  };
}

/** The server lets a role be named "PUBLIC", in capitals: rights of it would be told, and taken, as those of everybody. */
function refuseNamesake(roles: readonly Role[]): void {
  if (!roles.some(({ name }) => name === PUBLIC_NAME)) return;
  fail('refused', 'a role is named "PUBLIC", and nobody could tell its rights from those of PUBLIC, which everybody has', {
    hint: 'Look what it is for, and who made it; then: alter role "PUBLIC" rename to another name, or drop it.',
  });
}

/** One text for all that are equal: each row brings its own, and those are compared letter by letter, millions of times in an audit. */
function sharedTexts(): <Text extends string>(text: Text) => Text {
  const known = new Map<string, string>();
  return <Text extends string>(text: Text): Text => {
    const one = known.get(text) ?? text;
    known.set(text, one);
    return one as Text;
  };
}

/** Ten thousand tables have a few dozen different ACLs: each text is taken apart once. */
class AclReader {
  readonly #ids: ReadonlyMap<string, RoleId>;
  readonly #serverVersion: number;
  readonly #parsed = new Map<string, readonly AclEntry[]>();

  constructor(roles: readonly Role[], serverVersion: number) {
    this.#ids = new Map(roles.map(({ id, name }) => [name, id]));
    this.#serverVersion = serverVersion;
  }

  of({ kind, owner, acl }: { kind: ObjectKind; owner: RoleId; acl: string | null }): readonly AclEntry[] {
    return acl === null ? this.#once(`${kind}/${owner}`, () => defaultAcl(kind, owner, this.#serverVersion)) : this.parse(acl);
  }

  parse(acl: string): readonly AclEntry[] {
    return this.#once(acl, () => parseAcl(acl, (name) => this.#ids.get(name)));
  }

  #once(key: string, make: () => readonly AclEntry[]): readonly AclEntry[] {
    const known = this.#parsed.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#parsed.set(key, made);
    return made;
  }
}

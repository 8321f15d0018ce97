import type { RolesFile } from '../../config/roles/load.ts';
import { creatorsOf, futureDefaults, publicDefaults } from '../roles/desired/defaults.ts';
import type { DesiredDefault, DesiredRole } from '../roles/desired/model.ts';
import { nameOf, schemaOf } from '../roles/desired/pattern.ts';
import { desiredRoles } from '../roles/desired/roles.ts';
import { privilegesOf } from '../roles/rights/privilege.ts';
import { publicGrants, type PublicGrant } from './public-policy.ts';

/** Lists of dbctl.yaml (verify.allow): roles besides those of roles.yaml. */
export interface AllowSource {
  readonly superusers: readonly string[];
  readonly createrole: readonly string[];
  readonly createdb: readonly string[];
  readonly bypassrls: readonly string[];
  readonly replication: readonly string[];
  readonly server_access: readonly string[];
  readonly database_creators: readonly string[];
  readonly libraries: readonly string[];
}

/** Which roles may have what, as the checks of privileges compare it. */
export interface RolePolicy {
  /** Roles applications log in as: they own nothing. null: no roles.yaml. */
  readonly appRoles: readonly string[] | null;
  /** Roles besides its owner that may create schemas and trusted extensions in a database. */
  readonly databaseCreators: readonly string[];
  /** Logins that may be superusers. */
  readonly superusers: readonly string[];
  /** Attribute in lower case to the roles that may have it. */
  readonly attributes: Readonly<Record<'createrole' | 'createdb' | 'bypassrls' | 'replication', readonly string[]>>;
  /** Predefined role to the logins that may reach it. */
  readonly serverAccess: Readonly<Record<string, readonly string[]>>;
  readonly publicGrants: readonly PublicGrant[];
  readonly defaultPrivileges: DefaultPrivileges;
  /** Tables that have to have policies. */
  readonly policyTables: readonly PolicyTable[];
}

/** What the creators of roles.yaml have to give away of each new object. */
interface DefaultPrivileges {
  /** Roles whose new objects roles.yaml decides about; null: there is no roles.yaml. */
  readonly creators: readonly string[] | null;
  /** Those it decides about; entries in others are not its business. */
  readonly schemas: readonly string[];
  readonly wanted: readonly {
    readonly creator: string;
    readonly schema: string | null;
    /** pg_default_acl.defaclobjtype. */
    readonly type: string;
    readonly grantee: string;
    readonly privileges: readonly string[];
  }[];
}

interface PolicyTable {
  readonly schema: string;
  readonly table: string;
  readonly enabled: boolean;
  readonly forced: boolean;
}

/** Roles with the rights of the operating system account of the server. */
const SERVER_ROLES = ['pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'] as const;

/** `today`: YYYY-MM-DD in UTC. */
export function rolePolicy(file: RolesFile | null, allow: AllowSource, today: string): RolePolicy {
  const roles = file === null ? [] : desiredRoles(file);
  const having = (has: (role: DesiredRole) => boolean, more: readonly string[]) =>
    unique([...roles.filter(has).map(({ name }) => name), ...more]);
  return {
    appRoles: file === null ? null : appRoles(file, roles),
    databaseCreators: unique([...(file === null ? [] : creatorsInDatabase(file)), ...allow.database_creators]),
    superusers: having(({ superuser }) => superuser, allow.superusers),
    attributes: {
      createrole: having(({ createRole }) => createRole, allow.createrole),
      createdb: having(({ createDatabase }) => createDatabase, allow.createdb),
      bypassrls: having(({ bypassRls }) => bypassRls, allow.bypassrls),
      replication: having(({ replication }) => replication, allow.replication),
    },
    serverAccess: Object.fromEntries(
      SERVER_ROLES.map((role) => [role, having(({ name }) => mayReach(name, role, roles), allow.server_access)]),
    ),
    publicGrants: publicGrants(file, today),
    defaultPrivileges: defaultPrivileges(file),
    policyTables: Object.entries(file?.row_security ?? {}).map(([table, { enabled, forced }]) => ({
      schema: schemaOf(table),
      table: nameOf(table),
      enabled,
      forced,
    })),
  };
}

/** Every login of the file and the groups behind them, but for those that make and own objects, or act as the one that does. */
function appRoles(file: RolesFile, roles: readonly DesiredRole[]): string[] {
  const makers = new Set([file.owner, ...creatorsOf(file), ...file.administrators]);
  const groups = Object.entries(file.roles).flatMap(([name, { logins }]) => (logins === undefined ? [] : [name]));
  return roles
    .filter(({ name, login, superuser }) => (login || groups.includes(name)) && !superuser)
    .filter(({ name, memberOf }) => !makers.has(name) && !Object.keys(memberOf).some((group) => makers.has(group)))
    .map(({ name }) => name);
}

/** The owner makes schemas; who else may is said by a grant on the database. */
function creatorsInDatabase({ owner, roles }: RolesFile): string[] {
  const granted = Object.entries(roles).filter(([, { grants }]) => grants.some(({ database }) => database?.includes('create')));
  return [owner, ...granted.map(([name]) => name)];
}

/** Whether the file itself makes a role a member, of whatever kind, through other roles of it too. */
function mayReach(name: string, target: string, roles: readonly DesiredRole[], seen: readonly string[] = []): boolean {
  const groups = Object.keys(roles.find((role) => role.name === name)?.memberOf ?? {});
  return groups.some((group) => group === target || (!seen.includes(group) && mayReach(group, target, roles, [...seen, name])));
}

function defaultPrivileges(file: RolesFile | null): DefaultPrivileges {
  if (file === null) return { creators: null, schemas: [], wanted: [] };
  const written = Object.entries(file.roles).flatMap(([role, { grants }]) => grants.map((grant) => [role, grant] as const));
  const future = [...written, ...file.public.grants.map((grant) => ['PUBLIC', grant] as const)].flatMap(([role, grant]) =>
    futureDefaults(grant, role, '', file),
  );
  return { creators: creatorsOf(file), schemas: file.schemas, wanted: [...future, ...publicDefaults(file)].map(wantedDefault) };
}

const OBJECT_TYPES: Readonly<Record<string, string>> = { table: 'r', sequence: 'S', routine: 'f', type: 'T' };

function wantedDefault({ creator, schema, kind, grantee, mask }: DesiredDefault): DefaultPrivileges['wanted'][number] {
  return { creator, schema, type: OBJECT_TYPES[kind] ?? kind, grantee, privileges: privilegesOf(mask) };
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];

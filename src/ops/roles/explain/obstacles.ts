import type { Role, RoleCatalog, SecuredObject } from '../catalog/model.ts';
import type { Guarded } from '../difference/inputs.ts';
import { roleNames } from '../difference/inputs.ts';
import { maskOf, type Mask } from '../rights/privilege.ts';
import type { Policy } from './facts.ts';
import { rowPolicies } from './row-policies.ts';
import type { Ways } from './ways.ts';

/** What stands in the way besides the privilege itself, or what comes with it. */
export interface Obstacle {
  readonly kind: 'schema' | 'database' | 'login' | 'password' | 'connections' | 'read-only' | 'policies' | 'append-only';
  /** True: as long as it stands the role cannot do it. False: it limits, or is worth knowing. */
  readonly blocks: boolean;
  readonly message: string;
}

export interface ObstacleInputs {
  readonly catalog: RoleCatalog;
  readonly ways: Ways;
  readonly policies: readonly Policy[];
  readonly guarded: Guarded | null;
  readonly now: Date;
  /** Logins that reach the role, itself among them. */
  readonly logins: readonly string[];
}

/** All that stands between a role and a privilege on an object. */
export function obstacles(role: Role, object: SecuredObject, bit: Mask, inputs: ObstacleInputs): Obstacle[] {
  const { catalog, ways, policies } = inputs;
  const rows = rowPolicies(role, object, bit, { catalog, reach: ways.reach, policies });
  return [
    ...schemaUsage(object, inputs),
    ...sessionObstacles(role, inputs),
    ...(isWrite(object, bit) ? readOnly(role, catalog) : []),
    ...(rows === null ? [] : [rows]),
    ...appendOnly(object, bit, inputs),
  ];
}

function schemaUsage({ schema, kind }: SecuredObject, { catalog, ways }: ObstacleInputs): Obstacle[] {
  const holder = catalog.objects.find((one) => one.kind === 'schema' && one.bare === schema);
  if (schema === null || holder === undefined || kind === 'schema') return [];
  const [best] = ways.to(holder, maskOf('USAGE'));
  if (best?.level === 'now') return [];
  const how = best === undefined ? 'which it cannot come to have' : `which it has ${best.level}`;
  return [{ kind: 'schema', blocks: true, message: `USAGE of the schema ${schema} is missing, ${how}` }];
}

/** What keeps the role, or those who act as it, from having a session at all. */
export function sessionObstacles(role: Role, { catalog, ways, now, logins }: ObstacleInputs): Obstacle[] {
  const found: Obstacle[] = [];
  if (!role.login) {
    const by = logins.length === 0 ? 'nobody who logs in reaches it' : `it is reached by ${logins.join(', ')}`;
    return [{ kind: 'login', blocks: false, message: `it does not log in by itself (NOLOGIN): ${by}` }];
  }
  const begins = settingOf(role, catalog, 'role');
  if (begins !== undefined && begins !== 'none' && begins !== role.name)
    found.push({ kind: 'login', blocks: false, message: `its sessions begin as ${begins}, and so with the rights of that` });
  const database = catalog.objects.find(({ kind, id }) => kind === 'database' && id === catalog.database.id);
  if (database !== undefined && ways.to(database, maskOf('CONNECT'))[0]?.level !== 'now')
    found.push({ kind: 'database', blocks: true, message: `CONNECT on the database ${catalog.database.name} is missing` });
  if (role.connectionLimit === 0 && !role.superuser)
    found.push({ kind: 'connections', blocks: true, message: 'its connection limit is 0: no session is let in' });
  if (role.validUntil !== null && Date.parse(role.validUntil) <= now.getTime())
    found.push({
      kind: 'password',
      blocks: false,
      message: `its password ended ${role.validUntil}: no login by password, while others (peer, certificate) go on`,
    });
  return found;
}

const WRITES = maskOf('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'MAINTAIN', 'REFERENCES', 'TRIGGER', 'CREATE');

const isWrite = ({ kind }: SecuredObject, bit: Mask): boolean =>
  kind !== 'parameter' && ((bit & WRITES) !== 0 || (kind === 'sequence' && (bit & maskOf('USAGE')) !== 0));

/** The session's own setting wins over that of the database, and both are only where a session begins. */
function readOnly(role: Role, catalog: RoleCatalog): Obstacle[] {
  const set = settingOf(role, catalog, 'default_transaction_read_only');
  if (set === undefined || !['on', 'true', 'yes', '1'].includes(set.toLowerCase())) return [];
  const message =
    'its sessions begin read-only (default_transaction_read_only): it is refused until the session sets that off, which it may';
  return [{ kind: 'read-only', blocks: true, message }];
}

/** The value sessions of a role begin with: in this database, then everywhere, then that of the database. */
export function settingOf(role: Pick<Role, 'id'>, { settings }: Pick<RoleCatalog, 'settings'>, name: string): string | undefined {
  const named = settings.filter((one) => one.name === name);
  const own = named.filter((one) => one.role === role.id);
  const chosen = own.find(({ here }) => here) ?? own.find(({ here }) => !here);
  const all = named.filter((one) => one.role === null);
  return (chosen ?? all.find(({ here }) => here) ?? all[0])?.value;
}

function appendOnly(object: SecuredObject, bit: Mask, { guarded, catalog }: ObstacleInputs): Obstacle[] {
  const changes = maskOf('UPDATE', 'DELETE', 'TRUNCATE');
  const owner = roleNames(catalog).of(object.owner);
  if (guarded === null || owner !== guarded.owner || (bit & changes) === 0) return [];
  if (object.kind !== 'table' && object.kind !== 'column') return [];
  return [{ kind: 'append-only', blocks: true, message: 'the table is append-only: its guards refuse it, whoever asks' }];
}

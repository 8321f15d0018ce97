import { pathText, reachesOfLogins, type ReachedBy } from '../audit/reached-by.ts';
import { creatorsOf } from '../desired/defaults.ts';
import { PUBLIC_NAME } from '../desired/model.ts';
import { administratorsOf } from '../difference/administrators.ts';
import { OWN_ROLES, roleNames, type Comparison } from '../difference/inputs.ts';
import { PUBLIC, type RoleId } from '../rights/acl.ts';
import type { Reach, Reached } from '../rights/reach.ts';
import type { EscalationDetails } from './details.ts';
import type { Facts, Grant } from './model.ts';

/** PUBLIC is nobody's membership: whoever logs in has it. */
const EVERYBODY: readonly ReachedBy[] = [{ login: PUBLIC_NAME, level: 'now', path: 'everybody who logs in' }];

/** Works out once what the rules ask. Superusers are left out: nothing is an escalation to them. */
export function escalationFacts(comparison: Comparison, details: EscalationDetails): Facts {
  const { file, desired, catalog } = comparison;
  const names = roleNames(catalog);
  const reaches = reachesOfLogins(catalog);
  const having = waysBy(reaches, ({ has }) => has, names.of);
  const becoming = waysBy(reaches, ({ becomes }) => becomes, names.of);
  const holders = (role: RoleId): readonly ReachedBy[] => (role === PUBLIC ? EVERYBODY : (having.get(role) ?? []));
  const builders = new Set([file.owner, ...creatorsOf(file)].map((name) => names.role(name)?.id));
  return {
    catalog,
    details,
    file,
    desired,
    names,
    reaches,
    holders,
    becomers: (role) => becoming.get(role) ?? [],
    administrators: administratorsOf(comparison),
    isBuilder: (role) => builders.has(role),
    grants: reachedGrants(catalog, holders, names.of),
    relations: new Map(catalog.objects.filter(({ kind }) => kind === 'table').map((object) => [object.id, object])),
    routines: new Map(catalog.objects.filter(({ kind }) => kind === 'routine').map((object) => [object.id, object])),
  };
}

function waysBy(
  reaches: ReadonlyMap<RoleId, Reach>,
  part: (reach: Reach) => ReadonlyMap<RoleId, Reached>,
  nameOf: (id: RoleId) => string,
): Map<RoleId, ReachedBy[]> {
  const found = new Map<RoleId, ReachedBy[]>();
  for (const [login, reach] of reaches) {
    const name = nameOf(login);
    for (const { role, level, path } of part(reach).values()) {
      const way = { login: name, level, path: pathText(name, path, nameOf) };
      const ways = found.get(role);
      if (ways === undefined) found.set(role, [way]);
      else ways.push(way);
    }
  }
  return found;
}

function reachedGrants(
  { objects, database }: Comparison['catalog'],
  holders: Facts['holders'],
  nameOf: (id: RoleId) => string,
): Grant[] {
  const found: Grant[] = [];
  for (const object of objects) {
    // Rights on other databases are for an audit of those.
    if (object.kind === 'database' && object.id !== database.id) continue;
    for (const entry of object.acl) {
      if (entry.grantee === object.owner || OWN_ROLES.includes(nameOf(entry.grantee))) continue;
      const ways = holders(entry.grantee);
      if (ways.length > 0) found.push({ object, entry, ways });
    }
  }
  return found;
}

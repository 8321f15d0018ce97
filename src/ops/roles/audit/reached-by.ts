import { graphOf } from '../catalog/graph.ts';
import type { RoleCatalog } from '../catalog/model.ts';
import { roleNames } from '../difference/inputs.ts';
import type { RoleId } from '../rights/acl.ts';
import { reach, type Level, type Reach, type Step } from '../rights/reach.ts';

/** Somebody who logs in and has, or can come to have, what a role was granted. */
export interface ReachedBy {
  readonly login: string;
  readonly level: Level;
  /** `web_app_1 inherits web_app`. */
  readonly path: string;
}

/** Answers who among those who log in reaches a role; the role itself, when it logs in, among them. */
export type WhoReaches = (role: string) => readonly ReachedBy[];

/** Works out once where every login leads. Superusers reach all, and are named with their own rights alone. */
export function whoReaches(catalog: RoleCatalog): WhoReaches {
  const names = roleNames(catalog);
  const found = new Map<string, ReachedBy[]>();
  for (const [login, { has }] of reachesOfLogins(catalog)) {
    for (const { role, level, path } of has.values()) {
      const name = names.of(role);
      const way = { login: names.of(login), level, path: pathText(names.of(login), path, names.of) };
      const ways = found.get(name);
      if (ways === undefined) found.set(name, [way]);
      else ways.push(way);
    }
  }
  for (const { name } of catalog.roles.filter(({ login, superuser, builtIn }) => login && superuser && !builtIn)) {
    found.set(name, [...(found.get(name) ?? []), { login: name, level: 'now', path: name }]);
  }
  return (role) => found.get(role) ?? [];
}

/** Where each role that logs in and is not superuser leads. */
export function reachesOfLogins(catalog: RoleCatalog): ReadonlyMap<RoleId, Reach> {
  const graph = graphOf(catalog);
  const logins = catalog.roles.filter(({ login, superuser }) => login && !superuser);
  return new Map(logins.map(({ id }) => [id, reach(id, graph)]));
}

/** `web_app_1 inherits web_app, sets lab_owner`; of a role itself its name. */
export function pathText(first: string, path: readonly Step[], nameOf: (id: RoleId) => string): string {
  return [first, path.map(({ by, role }) => `${STEP_WORDS[by]} ${nameOf(role)}`).join(', ')]
    .filter((part) => part !== '')
    .join(' ');
}

const STEP_WORDS: Readonly<Record<Step['by'], string>> = {
  inherits: 'inherits',
  sets: 'can become',
  'grants itself': 'can grant itself',
};

/** More are counted: the list is in the detail. */
const MOST_WAYS = 3;

/** `web_app_1 inherits web_app: now; …`, the first few of them. */
export function reachedByText(ways: readonly ReachedBy[]): string {
  const shown = ways
    .slice(0, MOST_WAYS)
    .map(({ login, level, path }) => (path === login ? `${login} logs in with it` : `${path}: ${level}`));
  const more = ways.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

import { whoReaches } from '../audit/reached-by.ts';
import { graphOf } from '../catalog/graph.ts';
import type { Role, RoleCatalog } from '../catalog/model.ts';
import type { Comparison } from '../difference/inputs.ts';
import { settingOf } from '../explain/obstacles.ts';
import { PUBLIC } from '../rights/acl.ts';
import { inherited } from '../rights/reach.ts';
import { keptLines, unsaidRights, unusedGrants, unusedRights, type UnusedGrant } from './compare.ts';
import { learn, type Learned, type UsedRight } from './learn.ts';
import type { Observation } from './observe.ts';
import { proposedYaml } from './proposal.ts';
import { nameRight, type NamedRight } from './right-sql.ts';
import type { Shapes } from './shapes.ts';
import { judgeWindows, mergeWindows, type Doubt } from './windows.ts';

/** What was learned of a role, and what roles.yaml could say instead. */
export interface Suggestion {
  readonly learned: Learned;
  readonly rights: readonly NamedRight[];
  readonly unsaid: readonly UsedRight[];
  readonly unused: readonly UnusedGrant[];
  readonly doubts: readonly Doubt[];
  readonly days: number;
  readonly since: string | null;
  readonly yaml: string;
  /** search_path as it is set for a user. */
  readonly pathOf: (user: string) => string;
}

/** Whose statements count for a role: its own, and those of the logins that have it without SET ROLE. */
export function usersOf(role: string, { file, catalog }: Pick<Comparison, 'file' | 'catalog'>): string[] {
  const declared = Object.hasOwn(file.roles, role) ? (file.roles[role]?.logins ?? []) : [];
  const members = whoReaches(catalog)(role).filter(({ level }) => level === 'now');
  return [...new Set([role, ...(declared.length > 0 ? declared : members.map(({ login }) => login))])];
}

/** Works out the fewest rights of all that was observed, and compares them with the file. Call loadParser() before. Pure. */
export function suggestRights(
  role: Role,
  observations: readonly Observation[],
  { comparison, shapes }: { comparison: Comparison; shapes: Shapes },
): Suggestion {
  const { catalog, desired, file } = comparison;
  const pathOf = pathsOf(role.name, usersOf(role.name, comparison), catalog, shapes.searchPath);
  const learned = learn(mergeWindows(observations), {
    shapes,
    pathOf,
    functionPaths: shapes.functionPaths,
    roles: [PUBLIC, ...inherited(role.id, graphOf(catalog))],
  });
  return {
    learned,
    rights: learned.used.map(({ right }) => nameRight(right, shapes, catalog.database.name)),
    unsaid: unsaidRights(role.name, learned.used, desired, catalog),
    unused: unusedGrants(unusedRights(role.name, learned.used, desired, file.label), catalog),
    ...judgeWindows(observations),
    yaml: proposedYaml(role.name, learned.used, shapes, keptLines(role.name, desired)),
    pathOf,
  };
}

/** A group has no sessions of its own: after SET ROLE the path is still that of whoever logged in. */
function pathsOf(role: string, users: readonly string[], catalog: RoleCatalog, otherwise: string): (user: string) => string {
  const byName = new Map(catalog.roles.map((one) => [one.name, one]));
  const own = (name: string): string | undefined => {
    const found = byName.get(name);
    return found === undefined ? undefined : settingOf(found, catalog, 'search_path');
  };
  const ofLogins = users
    .filter((name) => name !== role)
    .map(own)
    .find((path) => path !== undefined);
  return (user) => own(user) ?? (user === role ? ofLogins : undefined) ?? otherwise;
}

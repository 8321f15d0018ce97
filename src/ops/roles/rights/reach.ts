import type { RoleId } from './acl.ts';
import type { MembershipGraph } from './memberships.ts';

/** What a role has to do before the privileges of another are its own; each contains those before it. */
export const LEVELS = ['now', 'after SET ROLE', 'after granting itself'] as const;
export type Level = (typeof LEVELS)[number];

/** One step from a role to the next. */
export interface Step {
  readonly by: 'inherits' | 'sets' | 'grants itself';
  readonly role: RoleId;
}

export interface Reached {
  readonly role: RoleId;
  readonly level: Level;
  /** The steps from the first role to this one; empty for itself. */
  readonly path: readonly Step[];
}

export interface Reach {
  /** Every role whose privileges it has or can come to have, each by its shortest way of the least level. */
  readonly has: ReadonlyMap<RoleId, Reached>;
  /** Those it is or can become by SET ROLE: their attributes, settings and ownership count, which are not inherited. */
  readonly becomes: ReadonlyMap<RoleId, Reached>;
}

/**
 * The roles that `start` reaches. Inheriting goes through memberships WITH INHERIT alone and SET ROLE through those WITH SET alone, since
 * the session user is asked and not the role it acts as; a set role then has what it inherits. Whoever has or can become a holder of ADMIN
 * can grant itself the role with both options. Measured on 18.2: inherit and then set gives nothing; the server's rules are in
 * roles_is_member_of() of acl.c.
 */
export function reach(start: RoleId, graph: MembershipGraph): Reach {
  const has = new Map<RoleId, Reached>();
  const becomes = new Map<RoleId, Reached>();
  const become = (first: Reached): void => {
    for (const acting of closure(first, graph.sets, 'sets', becomes)) closure(acting, graph.inherits, 'inherits', has);
  };
  closure({ role: start, level: 'now', path: [] }, graph.inherits, 'inherits', has);
  become({ role: start, level: 'now', path: [] });
  // Each turn adds roles, so that it ends.
  for (let granted = selfGrants(has, becomes, graph); granted.length > 0; granted = selfGrants(has, becomes, graph)) {
    for (const one of granted) become(one);
  }
  return { has, becomes };
}

/** The privileges a role has without SET ROLE: of itself and of those it inherits from. */
export function inherited(start: RoleId, graph: MembershipGraph): ReadonlySet<RoleId> {
  const found = new Map<RoleId, Reached>();
  closure({ role: start, level: 'now', path: [] }, graph.inherits, 'inherits', found);
  return new Set(found.keys());
}

/** Adds to `found` what can be reached from `first`, breadth first; returns what was added. */
function closure(
  first: Reached,
  edges: (member: RoleId) => readonly RoleId[],
  by: Step['by'],
  found: Map<RoleId, Reached>,
): Reached[] {
  const added: Reached[] = [];
  const queue = [first];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { role: from, path } = next;
    if (found.has(from) && from !== first.role) continue;
    if (!found.has(from)) {
      found.set(from, next);
      added.push(next);
    }
    const level = by === 'sets' && first.level === 'now' ? 'after SET ROLE' : next.level;
    queue.push(...edges(from).map((role) => ({ role, level, path: [...path, { by, role }] })));
  }
  return added;
}

/** The roles that a reached holder of ADMIN lets it become, and that it could not become yet. */
function selfGrants(has: ReadonlyMap<RoleId, Reached>, becomes: ReadonlyMap<RoleId, Reached>, graph: MembershipGraph): Reached[] {
  const granted = new Map<RoleId, Reached>();
  for (const { role: holder, path } of has.values()) {
    for (const role of graph.administers(holder)) {
      if (becomes.has(role) || granted.has(role)) continue;
      granted.set(role, { role, level: 'after granting itself', path: [...path, { by: 'grants itself', role }] });
    }
  }
  return [...granted.values()];
}

import type { Role } from '../roles/catalog/model.ts';
import type { Comparison } from '../roles/difference/inputs.ts';
import { roleExplainer, type RoleFact } from '../roles/explain/explain-role.ts';
import { namedRights } from './named-rights.ts';

/** A role, and what it may do, in as few lines as that can be said: what `dbctl roles explain ROLE` says, with names. */
export interface ReviewedRole {
  readonly name: string;
  /** From roles.yaml; null: it does not name the role. */
  readonly purpose: string | null;
  /** Where in roles.yaml it stands. */
  readonly because: string | null;
  /** False: it is declared and is not in the database. */
  readonly there: boolean;
  readonly facts: readonly { readonly about: Exclude<RoleFact['about'], 'purpose'>; readonly text: string }[];
}

/** Every declared role, and every other one that can log in or is superuser, by name. Pure. */
export function reviewedRoles(comparison: Comparison, now: Date): ReviewedRole[] {
  const { catalog, desired } = comparison;
  const explain = roleExplainer(comparison, now, namedRights(catalog));
  const roles = new Map(catalog.roles.map((role) => [role.name, role]));
  const others = catalog.roles.filter(({ login, superuser }) => login || superuser).map(({ name }) => name);
  const names = [...new Set([...desired.roles.map(({ name }) => name), ...others])].toSorted();
  return names.map((name) => {
    const declared = desired.roles.find((one) => one.name === name);
    const role = roles.get(name);
    return {
      name,
      purpose: declared?.purpose ?? null,
      because: declared?.because ?? null,
      there: role !== undefined,
      facts: role === undefined ? [] : factsOf(role, explain),
    };
  });
}

const factsOf = (role: Role, explain: (role: Role) => RoleFact[]): ReviewedRole['facts'] =>
  explain(role).flatMap(({ about, text }) => (about === 'purpose' ? [] : [{ about, text }]));

/** What a role can do now and could not at the review before, and the other way round. */
export interface RoleChange {
  readonly role: string;
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

/** What is not as it was, role by role. Pure. */
export function roleChanges(before: readonly ReviewedRole[], now: readonly ReviewedRole[]): RoleChange[] {
  const [was, is] = [linesByRole(before), linesByRole(now)];
  return [...new Set([...was.keys(), ...is.keys()])].toSorted().flatMap((role): RoleChange[] => {
    const [old, current] = [was.get(role) ?? new Set<string>(), is.get(role) ?? new Set<string>()];
    const gained = [...current].filter((line) => !old.has(line));
    const lost = [...old].filter((line) => !current.has(line));
    return gained.length + lost.length === 0 ? [] : [{ role, gained, lost }];
  });
}

/** Where it stands in roles.yaml is no right, and moves with every line above it. */
const linesByRole = (roles: readonly ReviewedRole[]): Map<string, Set<string>> =>
  new Map(
    roles.map(({ name, there, facts }) => [
      name,
      new Set([there ? 'it is there' : 'it is declared', ...facts.map(({ about, text }) => `${about}: ${text}`)]),
    ]),
  );

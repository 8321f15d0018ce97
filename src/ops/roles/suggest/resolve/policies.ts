import type { Need } from '../need.ts';
import { bodyStatements } from './body.ts';
import { itemOf } from './range-items.ts';
import { QueryReader } from './query.ts';
import { Scope } from './scope.ts';
import type { Surroundings } from './surroundings.ts';

/** Which policies each privilege asks (pg_policy.polcmd). */
const COMMANDS: Readonly<Record<string, string>> = { SELECT: 'r', INSERT: 'a', UPDATE: 'w', DELETE: 'd' };

/**
 * Policies run with the rights of whoever asks: their functions, and the tables of their sub-selects. A policy may see every column of its own
 * table (measured on 18.2). `roles` are those whose policies hold, PUBLIC (0) among them.
 */
export function policyNeeds(reader: QueryReader, surroundings: Surroundings, roles: readonly number[]): Need[] {
  const { names } = surroundings;
  const found: Need[] = [];
  for (const [relation, commands] of commandsOf(reader.needs())) {
    const applying = names.shapes.policies.filter(
      (one) =>
        one.relation === relation &&
        (one.command === '*' || commands.has(one.command)) &&
        one.roles.some((role) => role === 0 || roles.includes(role)),
    );
    for (const expression of applying.flatMap(({ expressions }) => expressions)) {
      const inner = new QueryReader({ ...surroundings, path: ['pg_catalog'], temporary: new Map() });
      const scope = new Scope(null, false);
      const columns = new Map(names.relationById(relation)?.columns.map(({ name }) => [name, []] as const));
      scope.items.push(itemOf(names.relationById(relation)?.name ?? '', columns, false));
      for (const node of bodyStatements(`select ${expression}`)) inner.statement(node, scope);
      found.push(...inner.needs());
    }
  }
  return found;
}

function commandsOf(needs: readonly Need[]): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>();
  for (const need of needs) {
    if (need.kind !== 'column' && need.kind !== 'any column' && need.kind !== 'relation') continue;
    const privileges = need.kind === 'relation' ? need.oneOf : [need.privilege];
    const set = found.get(need.relation) ?? new Set<string>();
    found.set(need.relation, set);
    for (const privilege of privileges) set.add(COMMANDS[privilege] ?? '');
  }
  return found;
}

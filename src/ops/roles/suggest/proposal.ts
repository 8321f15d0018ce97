import type { Privilege } from '../rights/privilege.ts';
import { writtenName, writtenWord } from '../desired/written.ts';
import type { UsedRight } from './learn.ts';
import type { Right } from './need.ts';
import type { Shapes } from './shapes.ts';

type RelationRight = Extract<Right, { kind: 'relation' }>;

/** Privileges that a grant of roles.yaml can give on columns. */
const ON_COLUMNS: readonly Privilege[] = ['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'];

/**
 * The grants of a role as roles.yaml writes them: what was used, the lines that are `kept`, and nothing else. What follows by itself is left out: USAGE of schemas, CONNECT,
 * sequences and functions of defaults, checks and policies. Pure.
 */
export function proposedYaml(role: string, used: readonly UsedRight[], shapes: Shapes, kept: readonly string[] = []): string {
  const rights = used.map(({ right }) => right);
  const relations = new Map<number, RelationRight[]>();
  for (const right of rights) {
    if (right.kind === 'relation') relations.set(right.relation, [...(relations.get(right.relation) ?? []), right]);
  }
  const tables = [...relations]
    .map(([id, some]) => relationLine(id, some, shapes))
    .filter((line) => line !== '')
    .toSorted();
  const derived = derivedKeys(new Set(relations.keys()), shapes);
  const others = rights
    .filter((right) => !('id' in right) || !derived.has(`${right.kind}${right.id}`))
    .flatMap((right) => otherLine(right, shapes));
  const lines = [...tables, ...others.toSorted(), ...kept.toSorted()];
  return [
    `  ${role}:`,
    ...(lines.length === 0 ? ['    grants: []'] : ['    grants:', ...lines.map((line) => `      ${line}`)]),
  ].join('\n');
}

function relationLine(id: number, rights: readonly RelationRight[], { relations }: Shapes): string {
  const relation = relations.find((one) => one.id === id);
  if (relation === undefined) return '';
  const columns = relation.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const whole: string[] = [];
  const parts: string[] = [];
  for (const privilege of new Set(rights.map((one) => one.privilege))) {
    const named = rights.filter((one) => one.privilege === privilege).flatMap(({ column }) => (column === null ? [] : [column]));
    const isAll = named.length === 0 || (ON_COLUMNS.includes(privilege) && columns.every((column) => named.includes(column)));
    if (isAll) whole.push(privilege.toLowerCase());
    else parts.push(`${privilege.toLowerCase()}: [${named.map((name) => writtenWord(name) ?? name).join(', ')}]`);
  }
  const privileges = whole.length === 0 ? [] : [`privileges: [${whole.join(', ')}]`];
  const line = `- { on: [${writtenName(relation.schema, relation.name)}], ${[...privileges, ...parts].join(', ')} }`;
  if (rights.some(({ column }) => column !== null && writtenWord(column) === null))
    return `# a column that roles.yaml has no form for: ${line.slice(2)}`;
  // The file reaches partitions through their table, whose policies hold then.
  return relation.partitionOf === null ? line : `# a partition by its own name, which goes around its table: ${line.slice(2)}`;
}

/** What roles.yaml derives from grants on these relations. */
function derivedKeys(granted: ReadonlySet<number>, { used }: Shapes): Set<string> {
  return new Set(used.filter(({ relation }) => granted.has(relation)).map(({ kind, id }) => `${kind}${id}`));
}

function otherLine(right: Right, { functions, sequences }: Shapes): string[] {
  const word = right.privilege.toLowerCase();
  switch (right.kind) {
    case 'relation':
      return [];
    case 'routine': {
      const routine = functions.find(({ id }) => id === right.id);
      return routine === undefined
        ? []
        : [`- { routines: [${writtenName(routine.schema, routine.name, `(${routine.signature})`)}] }`];
    }
    case 'sequence': {
      const sequence = sequences.find(({ id }) => id === right.id);
      return sequence === undefined
        ? []
        : [`- { sequences: [${writtenName(sequence.schema, sequence.name)}], privileges: [${word}] }`];
    }
    case 'database':
      return [`- { database: [${word}] }`];
    case 'schema':
      return [`- { schemas: [${writtenWord(right.schema) ?? right.schema}], privileges: [${word}] }`];
    case 'parameter':
      return [`- { parameters: [${right.name}] }`];
  }
}

import type { UnsafeShape } from '../../config/immutability.ts';
import { displayName } from './display-name.ts';
import type { GuardFacts, TableFacts } from './inspect.ts';
import type { ImmutabilitySettings, ProtectedTable } from './settings.ts';

/** Why a table of dbctl.yaml is not protected as it is, and the way out. */
export interface Refusal {
  /** As dbctl.yaml writes it. */
  readonly object: string;
  readonly problem: string;
  readonly fix: string;
}

/** Every reason not to protect a table as it is; a table without one may be guarded. Pure. */
export function refusals(settings: ImmutabilitySettings, { tables, server, registered }: GuardFacts): readonly Refusal[] {
  const guarded = new Set(registered.filter(({ gone }) => !gone).map(({ name }) => name));
  return settings.tables.flatMap((table) => {
    const found = tables.find(({ schema, name }) => schema === table.schema && name === table.name);
    const object = `${table.schema}.${table.name}`;
    if (found === undefined || found.oid === null) {
      return [
        {
          object,
          problem: 'there is no such table',
          fix: 'run dbctl migrate up first, or correct immutability.tables in dbctl.yaml',
        },
      ];
    }
    const isGuarded = [displayName(table), ...found.partitions].every((name) => guarded.has(name));
    return [...unfit(found, server, isGuarded), ...missingColumns(table, found), ...unsafeShapes(table, found)].map(
      ([problem, fix]) => ({
        object,
        problem,
        fix,
      }),
    );
  });
}

type Reason = readonly [problem: string, fix: string];

/** What is guarded already needs nobody to act for its owner. */
function unfit(
  { kind, persistence, mayOwn, owner }: TableFacts,
  { user, superuser }: GuardFacts['server'],
  isGuarded: boolean,
): Reason[] {
  if (kind !== 'r' && kind !== 'p') return [['it is not a table', 'list the tables behind it in immutability.tables instead']];
  if (persistence !== 'p') return [['it is unlogged: a crash empties it', 'alter table … set logged']];
  if (!superuser && !mayOwn && !isGuarded)
    return [[`it belongs to ${owner}, and ${user} may not act for that role`, `run as a member of ${owner}, or as a superuser`]];
  return [];
}

function missingColumns({ generated }: ProtectedTable, { columns }: TableFacts): Reason[] {
  const missing = generated.filter((column) => !columns.includes(column));
  return missing.map((column) => [`it has no column ${column}`, 'correct generated: in dbctl.yaml']);
}

/** What the seven shapes allow, and the shape to use instead (reference: types count, 2.D). */
const WAY_OUT: Readonly<Record<UnsafeShape, string>> = {
  enum: 'renaming a label would rewrite history: make it text with a check constraint',
  composite: 'changing an attribute would rewrite history: use columns of built-in types',
  domain:
    'dropping the domain would drop the column, and a new constraint would stop inserts: use its base type with a check constraint',
  'virtual-column': 'a new expression would change every old row: make it stored, or a plain column filled on insert',
  'large-object': 'what an oid points to can be overwritten unseen: keep the bytes in a bytea column, with their hash',
  cascade: 'rows would change through another table: use no action or restrict',
  inheritance: 'a child is not covered by the guards of its parent: use partitions, or separate tables',
};

function unsafeShapes({ accept }: ProtectedTable, { shapes }: TableFacts): Reason[] {
  return shapes
    .filter(({ shape }) => !accept.includes(shape))
    .map(({ shape, what }) => [
      `${what} is an unsafe shape (${shape})`,
      `${WAY_OUT[shape]}; or accept it knowingly with accept: [${shape}]`,
    ]);
}

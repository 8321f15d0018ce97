import type { Alias, RangeVar } from 'libpg-query';
import type { RelationShape } from '../shapes.ts';
import type { FromReader } from './from.ts';
import { computed, itemOf, renamed } from './range-items.ts';
import type { RangeItem, Scope, Source } from './scope.ts';
import { unresolved } from './unresolved.ts';
import type { RelationUse } from './use.ts';

/** The table that a statement changes. Fails with Unresolved where it is no table that is known. */
export function targetItem(name: RangeVar | undefined, reader: FromReader): { item: RangeItem; use: RelationUse } {
  const relation = name === undefined ? undefined : namedRelation(name, reader);
  const bare = name?.relname ?? '';
  if (relation === 'temporary' || relation === undefined) {
    const columns = reader.surroundings.temporary.get(bare);
    if (relation === undefined) return unresolved(`the table ${bare} is not there`);
    // Nobody is granted a table of their own: asked for nothing, it is read like the others.
    const shape: RelationShape = {
      ...TEMPORARY,
      name: bare,
      columns: (columns ?? []).map((one) => ({ name: one, generated: false })),
    };
    const use = reader.use(shape);
    return { use, item: { ...itemOf(name?.alias?.aliasname ?? bare, sourcesOf(use, undefined), columns === null), uses: [use] } };
  }
  if (relation.invokerQuery !== null)
    return unresolved(`${bare} is a view with the rights of whoever asks, and is written through`);
  const use = reader.use(relation);
  return { use, item: relationItem(use, name?.alias, relation.schema) };
}

/** Stands for a table that belongs to the session. */
const TEMPORARY: RelationShape = {
  id: 0,
  schema: 'pg_temp',
  name: '',
  kind: 'r',
  partitionOf: null,
  columns: [],
  invokerQuery: null,
  system: true,
};

function namedRelation(
  { schemaname, relname = '' }: RangeVar,
  { surroundings }: FromReader,
): RelationShape | 'temporary' | undefined {
  const { names, path, temporary } = surroundings;
  if (schemaname === 'pg_temp') return 'temporary';
  // A temporary table hides all others of its name, unless the path puts pg_temp behind them.
  const isTemporary = schemaname === undefined && temporary.has(relname);
  const permanent = names.relation(schemaname, relname, path);
  if (isTemporary && permanent !== undefined)
    return unresolved(`${relname} may be a temporary table, or ${permanent.schema}.${relname}`);
  return isTemporary ? 'temporary' : permanent;
}

/** A name in FROM: a WITH query, a temporary table, or a relation that is read. Fails with Unresolved where it is none. */
export function readRelation(name: RangeVar, scope: Scope, reader: FromReader): RangeItem {
  const { relname = '', schemaname, alias } = name;
  const cte = schemaname === undefined ? scope.cte(relname) : undefined;
  if (cte !== undefined) return itemOf(alias?.aliasname ?? relname, computed(renamed(cte ?? [], alias)), cte === null);
  const relation = namedRelation(name, reader);
  if (relation === undefined)
    return unresolved(`the table ${schemaname === undefined ? '' : `${schemaname}.`}${relname} is not there`);
  if (relation === 'temporary') {
    const columns = reader.surroundings.temporary.get(relname) ?? null;
    return itemOf(alias?.aliasname ?? relname, computed(renamed(columns ?? [], alias)), columns === null);
  }
  const use = reader.use(relation);
  use.anyColumn('SELECT');
  reader.invoker(relation);
  return relationItem(use, alias, relation.schema);
}

function relationItem(use: RelationUse, alias: Alias | undefined, schema: string): RangeItem {
  return {
    alias: alias?.aliasname ?? use.relation.name,
    schema: alias === undefined ? schema : null,
    columns: sourcesOf(use, alias),
    open: false,
    uses: [use],
    bare: true,
  };
}

function sourcesOf(use: RelationUse, alias: Alias | undefined): Map<string, Source[]> {
  const names = use.relation.columns.map(({ name }) => name);
  const shown = renamed(names, alias);
  return new Map(names.map((column, index) => [shown[index] ?? column, [{ use, column }]]));
}

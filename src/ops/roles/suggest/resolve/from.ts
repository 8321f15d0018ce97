import type { Alias, JoinExpr, Node, RangeFunction, RangeVar, SelectStmt } from 'libpg-query';
import type { RelationShape } from '../shapes.ts';
import { splitParts, stringsOf } from './nodes.ts';
import type { RangeItem, Scope, Source } from './scope.ts';
import type { Surroundings } from './surroundings.ts';
import { unresolved } from './unresolved.ts';
import type { RelationUse } from './use.ts';

/** What reading FROM needs of whoever reads the statement. */
export interface FromReader {
  readonly surroundings: Surroundings;
  use(relation: RelationShape): RelationUse;
  select(query: SelectStmt, scope: Scope): readonly string[] | null;
  expression(value: unknown, scope: Scope): void;
  from(node: Node, scope: Scope): RangeItem[];
  invoker(relation: RelationShape): void;
}

/** The items one part of FROM brings: of a join without an alias those of both sides. */
export function fromItem(node: Node, scope: Scope, reader: FromReader): RangeItem[] {
  if ('RangeVar' in node) return [readRelation(node.RangeVar, scope, reader)];
  if ('JoinExpr' in node) return joined(node.JoinExpr, scope, reader);
  if ('RangeTableSample' in node) {
    reader.expression(node.RangeTableSample.args, scope);
    return node.RangeTableSample.relation === undefined ? [] : fromItem(node.RangeTableSample.relation, scope, reader);
  }
  if ('RangeSubselect' in node) {
    const { lateral, subquery, alias } = node.RangeSubselect;
    const inner = (lateral === true ? scope : siblingsHidden(scope)).inner();
    if (subquery === undefined || !('SelectStmt' in subquery))
      return unresolved('a part of FROM of a kind that is not known here');
    const names = reader.select(subquery.SelectStmt, inner);
    const uses = inner.items.flatMap((item) => item.uses);
    return [{ ...itemOf(alias?.aliasname ?? '', computed(renamed(names ?? [], alias)), names === null), uses }];
  }
  if ('RangeFunction' in node) return [readFunction(node.RangeFunction, scope, reader)];
  if ('RangeTableFunc' in node || 'JsonTable' in node) {
    const inner = 'RangeTableFunc' in node ? node.RangeTableFunc : node.JsonTable;
    reader.expression(inner, scope);
    return [itemOf(inner.alias?.aliasname ?? '', new Map(), true)];
  }
  return unresolved('a part of FROM of a kind that is not known here');
}

/** An item without relations of its own. */
export function itemOf(alias: string, columns: RangeItem['columns'], open: boolean): RangeItem {
  return { alias, schema: null, columns, open, uses: [], bare: true };
}

/** The table that a statement changes. Fails with Unresolved where it is no table that is known. */
export function targetItem(name: RangeVar | undefined, scope: Scope, reader: FromReader): { item: RangeItem; use: RelationUse } {
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

function readRelation(name: RangeVar, scope: Scope, reader: FromReader): RangeItem {
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

/** Columns that an alias gives other names: `t (a, b)`. */
function renamed(names: readonly string[], alias: Alias | undefined): readonly string[] {
  const given = stringsOf(alias?.colnames);
  return [...given, ...names.slice(given.length)];
}

const computed = (names: readonly string[]): Map<string, Source[]> => new Map(names.map((name) => [name, []]));

/** A sub-select that is not LATERAL sees what is around the whole FROM, and not the other items of it. */
function siblingsHidden(scope: Scope): Scope {
  const hidden = (scope.parent ?? scope).inner();
  if (scope.parent === null) hidden.items.length = 0;
  for (const [name, columns] of scope.ctes) hidden.ctes.set(name, columns);
  return hidden;
}

function readFunction({ functions, alias, coldeflist, ordinality }: RangeFunction, scope: Scope, reader: FromReader): RangeItem {
  reader.expression(functions, scope);
  const calls = (functions ?? []).flatMap((node) => ('List' in node ? (node.List.items ?? []).slice(0, 1) : []));
  const defined = (coldeflist ?? []).flatMap((node) => ('ColumnDef' in node ? [node.ColumnDef.colname ?? ''] : []));
  const outputs = calls.map((call) => functionOutputs(call, alias, reader));
  const known = defined.length > 0 ? defined : outputs.some((one) => one === null) ? null : outputs.flatMap((one) => one ?? []);
  const names = renamed([...(known ?? []), ...(ordinality === true ? ['ordinality'] : [])], alias);
  const [first] = calls;
  const own = first !== undefined && 'FuncCall' in first ? (stringsOf(first.FuncCall.funcname).at(-1) ?? '') : '';
  return itemOf(alias?.aliasname ?? own, computed(names), known === null);
}

function functionOutputs(call: Node, alias: Alias | undefined, { surroundings }: FromReader): readonly string[] | null {
  if (!('FuncCall' in call)) return null;
  const { schema, name } = splitParts(stringsOf(call.FuncCall.funcname));
  const routine = surroundings.names.routine(schema, name, call.FuncCall.args?.length ?? 0, surroundings.path);
  if (routine === undefined || routine.outputs === null) return null;
  return routine.outputs.length > 0 ? routine.outputs : [alias?.aliasname ?? name];
}

function joined({ larg, rarg, quals, usingClause, isNatural, alias }: JoinExpr, scope: Scope, reader: FromReader): RangeItem[] {
  const left = larg === undefined ? [] : reader.from(larg, scope);
  // The right side may be LATERAL.
  const before = scope.items.length;
  scope.items.push(...left);
  const right = rarg === undefined ? [] : reader.from(rarg, scope);
  scope.items.splice(before);
  const both = [...left, ...right];
  const inner = scope.inner();
  inner.items.push(...both);
  reader.expression(quals, inner);
  const common = isNatural === true ? namesInBoth(left, right) : stringsOf(usingClause);
  for (const name of common) readShared(name, left, right);
  if (alias === undefined) return both;
  const columns = new Map<string, readonly Source[]>();
  for (const item of both) {
    for (const [name, sources] of item.columns) columns.set(name, [...(columns.get(name) ?? []), ...sources]);
  }
  return [
    {
      ...itemOf(
        alias.aliasname ?? '',
        columns,
        both.some(({ open }) => open),
      ),
      uses: both.flatMap(({ uses }) => uses),
    },
  ];
}

function namesInBoth(left: readonly RangeItem[], right: readonly RangeItem[]): string[] {
  if ([...left, ...right].some(({ open }) => open)) return unresolved('a natural join with columns that are not known');
  const others = new Set(right.flatMap(({ columns }) => [...columns.keys()]));
  return left.flatMap(({ columns }) => [...columns.keys()].filter((name) => others.has(name)));
}

/** USING reads the column of both sides. */
function readShared(name: string, left: readonly RangeItem[], right: readonly RangeItem[]): void {
  for (const { columns } of [...left, ...right]) {
    for (const { use, column } of columns.get(name) ?? []) use.column('SELECT', column);
  }
}

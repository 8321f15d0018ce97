import type { Alias, Node, RangeFunction, SelectStmt } from 'libpg-query';
import type { RelationShape } from '../shapes.ts';
import { joined } from './joins.ts';
import { splitParts, stringsOf } from './nodes.ts';
import { computed, itemOf, renamed } from './range-items.ts';
import { readRelation } from './relations.ts';
import type { RangeItem, Scope } from './scope.ts';
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

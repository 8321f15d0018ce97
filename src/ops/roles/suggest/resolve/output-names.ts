import type { Node, SelectStmt } from 'libpg-query';
import { stringsOf } from './nodes.ts';
import type { Scope } from './scope.ts';

/** Names of the columns a query gives, as the server would call them (FigureColname); null where they cannot be known. */
export function outputNames(query: SelectStmt, scope: Scope): readonly string[] | null {
  if (query.valuesLists !== undefined) {
    const [row] = query.valuesLists;
    const width = row !== undefined && 'List' in row ? (row.List.items?.length ?? 0) : 0;
    return Array.from({ length: width }, (_, index) => `column${index + 1}`);
  }
  const names: string[] = [];
  for (const target of query.targetList ?? []) {
    if (!('ResTarget' in target)) return null;
    const { name, val } = target.ResTarget;
    const star = val !== undefined && 'ColumnRef' in val ? starOf(val, scope) : [];
    if (star === null) return null;
    if (star.length > 0) names.push(...star);
    else names.push(name ?? nameOf(val) ?? '?column?');
  }
  return names;
}

/** The columns `*` stands for; empty: it is no star; null: not known. */
function starOf(node: Node, scope: Scope): readonly string[] | null {
  if (!('ColumnRef' in node)) return [];
  const fields = node.ColumnRef.fields ?? [];
  if (!fields.some((field) => 'A_Star' in field)) return [];
  const [alias] = stringsOf(fields);
  const items = scope.items.filter((item) => item.bare && (alias === undefined || item.alias === alias));
  if (items.length === 0 || items.some(({ open }) => open)) return null;
  return items.flatMap(({ columns }) => [...columns.keys()]);
}

function nameOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if ('ColumnRef' in node) return stringsOf(node.ColumnRef.fields).at(-1);
  if ('FuncCall' in node) return stringsOf(node.FuncCall.funcname).at(-1);
  if ('TypeCast' in node) return nameOf(node.TypeCast.arg) ?? stringsOf(node.TypeCast.typeName?.names).at(-1);
  if ('CollateClause' in node) return nameOf(node.CollateClause.arg);
  if ('A_Indirection' in node) return stringsOf(node.A_Indirection.indirection).at(-1) ?? nameOf(node.A_Indirection.arg);
  if ('CaseExpr' in node) return nameOf(node.CaseExpr.defresult) ?? 'case';
  if ('CoalesceExpr' in node) return 'coalesce';
  if ('A_ArrayExpr' in node) return 'array';
  if ('RowExpr' in node) return 'row';
  if ('MinMaxExpr' in node) return node.MinMaxExpr.op === 'IS_GREATEST' ? 'greatest' : 'least';
  if ('SQLValueFunction' in node) return node.SQLValueFunction.op?.replace('SVFOP_', '').replace(/_N$/, '').toLowerCase();
  if (!('SubLink' in node)) return undefined;
  const { subLinkType, subselect } = node.SubLink;
  if (subLinkType === 'EXISTS_SUBLINK') return 'exists';
  if (subLinkType === 'ARRAY_SUBLINK') return 'array';
  const [target] = subselect !== undefined && 'SelectStmt' in subselect ? (subselect.SelectStmt.targetList ?? []) : [];
  return target !== undefined && 'ResTarget' in target ? (target.ResTarget.name ?? nameOf(target.ResTarget.val)) : undefined;
}

import type { JoinExpr } from 'libpg-query';
import type { FromReader } from './from.ts';
import { stringsOf } from './nodes.ts';
import { itemOf } from './range-items.ts';
import type { RangeItem, Scope, Source } from './scope.ts';
import { unresolved } from './unresolved.ts';

/** The items a join brings: with an alias it is one. */
export function joined(
  { larg, rarg, quals, usingClause, isNatural, alias }: JoinExpr,
  scope: Scope,
  reader: FromReader,
): RangeItem[] {
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

import { isDeepStrictEqual } from 'node:util';
import { ident, qualified } from '../../db/ident.ts';
import { parseStatements } from '../migrate/statements.ts';

/**
 * Sides of a condition's outermost OR that do not look at the row, read no table, and say the same throughout a statement: one that is true is true
 * of every row. `condition` is as pg_get_expr writes it. Pure; call loadParser() before.
 */
export function rowlessSides(condition: string): readonly string[] {
  const whole = expressionOf(condition);
  const pieces = piecesOf(condition);
  const sides = pieces.map(expressionOf);
  const args = sidesWithin(whole);
  // The text is cut by its brackets; the server's own grammar has to agree.
  if (whole === null || !isDeepStrictEqual(sides, args)) return [];
  return pieces.filter((_piece, at) => isRowless(sides[at]));
}

/** Names of functions an expression calls. Pure. */
export const functionsOf = (expression: string | null): readonly string[] => [
  ...new Set(
    expression === null ? [] : found(expressionOf(expression), 'FuncCall').map((call) => names(call['funcname']).at(-1) ?? ''),
  ),
];

/** Relations an expression reads, quoted. Pure. */
export const relationsOf = (expression: string | null): readonly string[] => [
  ...new Set(
    expression === null
      ? []
      : found(expressionOf(expression), 'RangeVar').map(({ schemaname: schema, relname: name }) =>
          typeof schema === 'string' ? qualified(schema, String(name)) : ident(String(name)),
        ),
  ),
];

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** What the grammar makes of it, without places in the text; null: it is no expression. */
function expressionOf(text: string): unknown {
  const parsed = parseStatements(`select (\n${text}\n)`);
  const [only, ...more] = Array.isArray(parsed) ? (parsed as readonly { readonly node: Tree }[]) : [];
  const select = only === undefined || more.length > 0 ? undefined : (only.node['SelectStmt'] as Tree | undefined);
  const [target] = (select?.['targetList'] ?? []) as Tree[];
  return target === undefined ? null : placeless((target['ResTarget'] as Tree)['val']);
}

function placeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(placeless);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'location')
      .map(([key, inner]) => [key, placeless(inner)]),
  );
}

function sidesWithin(whole: unknown): readonly unknown[] {
  const or = isTree(whole) ? (whole['BoolExpr'] as Tree | undefined) : undefined;
  return or?.['boolop'] === 'OR_EXPR' ? (or['args'] as unknown[]) : [whole];
}

/** Cut at each OR that is in no brackets but those around everything, and in no quotes. */
function piecesOf(condition: string): string[] {
  const inner = /^\((.*)\)$/s.exec(condition)?.[1];
  const parts = inner === undefined ? [] : cut(inner);
  return parts.length > 1 ? parts : [condition];
}

function cut(text: string): string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (const { 0: token, index } of text.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]| OR /g)) {
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (token !== ' OR ' || depth !== 0) continue;
    parts.push(text.slice(start, index));
    start = index + token.length;
  }
  return [...parts, text.slice(start)];
}

/** What a side may be made of: constants, settings, who asks, and pg_catalog's operators on them. */
const NODES = new Set(
  'A_Const A_Expr BoolExpr BooleanTest CoalesceExpr FuncCall List NullTest ResTarget SelectStmt SQLValueFunction String SubLink TypeCast'.split(
    ' ',
  ),
);
const FUNCTIONS = new Set(['current_setting', 'pg_has_role']);

function isRowless(side: unknown): boolean {
  const keys = keysWithin(side);
  if (keys.some((key) => (/^[A-Z]/.test(key) && !NODES.has(key)) || key === 'fromClause')) return false;
  const named = ['funcname', 'name', 'names'].flatMap((key) => listsNamed(side, key));
  if (named.some((list) => list.length > 1 && list[0] !== 'pg_catalog')) return false;
  return found(side, 'FuncCall').every((call) => FUNCTIONS.has(names(call['funcname']).at(-1) ?? ''));
}

function keysWithin(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysWithin);
  return isTree(value) ? Object.entries(value).flatMap(([key, inner]) => [key, ...keysWithin(inner)]) : [];
}

/** Every node of a kind. */
function found(value: unknown, kind: string): Tree[] {
  if (Array.isArray(value)) return value.flatMap((one) => found(one, kind));
  if (!isTree(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(key === kind && isTree(inner) ? [inner] : []),
    ...found(inner, kind),
  ]);
}

const names = (list: unknown): string[] =>
  Array.isArray(list) ? (list as { String?: { sval?: string } }[]).map((one) => one.String?.sval ?? '') : [];

function listsNamed(value: unknown, wanted: string): string[][] {
  if (Array.isArray(value)) return value.flatMap((one) => listsNamed(one, wanted));
  if (!isTree(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(key === wanted && Array.isArray(inner) ? [names(inner)] : []),
    ...listsNamed(inner, wanted),
  ]);
}

import type { Node } from 'libpg-query';
import { loadParser, parseStatements, type Statement, type SyntaxProblem } from '../migrate/statements.ts';

/**
 * What keeps a text from being one SQL condition on a row; null: nothing. It is read by the server's own grammar twice, in brackets and without:
 * `a) or (b` is whole only in brackets, `a order by b` and `a; b` only without, and what passes both cannot end the condition it is put into.
 */
export async function conditionProblem(text: string, what: 'condition' | 'expression' = 'condition'): Promise<string | null> {
  await loadParser();
  const bare = parseStatements(`select 1 where\n${text}\n`);
  if (!Array.isArray(bare)) return `is no SQL ${what}: ${(bare as SyntaxProblem).message.replace(/\s+"$/, '"')}`;
  const inBrackets = parseStatements(`select 1 where (\n${text}\n)`);
  if (!Array.isArray(inBrackets) || bare.length !== 1 || inBrackets.length !== 1)
    return `is more than one ${what}: write one expression, such as state = 'done' and attempts > 3`;
  return forbidden((bare[0] as Statement).node);
}

/** Kinds of nodes that have no place in a condition, in the words of whoever wrote one. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  ParamRef: 'has a parameter such as $1, which nobody fills in: write the value',
  InsertStmt: 'writes: a condition only reads',
  UpdateStmt: 'writes: a condition only reads',
  DeleteStmt: 'writes: a condition only reads',
  MergeStmt: 'writes: a condition only reads',
  IntoClause: 'writes: a condition only reads',
  LockingClause: 'locks rows: a condition only reads',
};

function forbidden(node: Node): string | null {
  const found = keysWithin(node).find((key) => Object.hasOwn(FORBIDDEN, key) || key === 'intoClause');
  return found === undefined ? null : (FORBIDDEN[found === 'intoClause' ? 'IntoClause' : found] ?? null);
}

function keysWithin(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(keysWithin);
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysWithin(inner)]);
}

/** Whether an index may have it as its own condition: no sub-select, and no function, which might not be immutable. Call {@link conditionProblem} before. */
export function isPlainCondition(text: string): boolean {
  const parsed = parseStatements(`select 1 where (${text}\n)`);
  return Array.isArray(parsed) && !keysWithin(parsed).some((key) => ['SubLink', 'FuncCall', 'SQLValueFunction'].includes(key));
}

import type { Node } from 'libpg-query';
import { parseStatements } from '../../../migrate/statements.ts';
import type { Need } from '../need.ts';
import { policyNeeds } from './policies.ts';
import { QueryReader } from './query.ts';
import { Scope } from './scope.ts';
import type { Surroundings } from './surroundings.ts';
import { Unresolved } from './unresolved.ts';
import { isNothing, utilityNeeds } from './utility.ts';

/** What one statement needs, or why that cannot be said. */
export type Resolution =
  | { readonly kind: 'needs'; readonly needs: readonly Need[] }
  /** It needs nothing that is granted: BEGIN, SHOW, what touches temporary tables alone. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unresolved'; readonly reason: string };

/** The statement as pg_stat_statements has it. */
export interface StatementText {
  readonly text: string;
  /** False: it ran inside a function, where names may be variables. */
  readonly toplevel: boolean;
}

/** What the statement needs under one search_path. Call loadParser() of migrate/statements.ts before. Pure. */
export function resolveStatement(
  { text, toplevel }: StatementText,
  surroundings: Surroundings,
  roles: readonly number[],
): Resolution {
  try {
    const nodes = parsed(text, toplevel);
    if (nodes.every(isNothing)) return { kind: 'nothing' };
    const reader = new QueryReader(surroundings);
    for (const node of nodes) readNode(node, reader, !toplevel);
    const needs = [...reader.needs(), ...policyNeeds(reader, surroundings, roles)];
    return needs.length === 0 ? { kind: 'nothing' } : { kind: 'needs', needs };
  } catch (thrown) {
    if (thrown instanceof Unresolved) return { kind: 'unresolved', reason: thrown.message };
    throw thrown;
  }
}

function readNode(node: Node, reader: QueryReader, variables: boolean): void {
  if (isQuery(node)) reader.statement(node, new Scope(null, variables));
  else utilityNeeds(node, reader, new Scope(null, variables), (inner) => readNode(inner, reader, variables));
}

export const isQuery = (node: Node): boolean =>
  ('SelectStmt' in node && node.SelectStmt.intoClause === undefined) ||
  'InsertStmt' in node ||
  'UpdateStmt' in node ||
  'DeleteStmt' in node ||
  'MergeStmt' in node;

/** Expressions and assignments of plpgsql are recorded as they stand there: `total := (select …)`. */
function parsed(text: string, toplevel: boolean): Node[] {
  const assigned = /^\s*[\w".[\]]+\s*:?=\s*(.+)$/s.exec(text)?.[1];
  const tries = toplevel ? [text] : [text, `select ${text}`, ...(assigned === undefined ? [] : [`select ${assigned}`])];
  let problem = '';
  for (const one of tries) {
    const found = parseStatements(one);
    if (!('message' in found)) return found.map(({ node }) => node);
    problem ||= found.message;
  }
  // `deallocate $1`: a normalised command may say a parameter where the grammar has none.
  const named = parseStatements(text.replaceAll(/\$\d+/g, 'x'));
  if (!('message' in named) && named.every(({ node }) => isNothing(node))) return named.map(({ node }) => node);
  throw new Unresolved(`it does not parse: ${problem}`);
}

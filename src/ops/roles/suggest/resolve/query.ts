import type { FuncCall, Node, SelectStmt, WithClause } from 'libpg-query';
import type { Need } from '../need.ts';
import type { FunctionShape, RelationShape } from '../shapes.ts';
import { bodyStatements } from './body.ts';
import { readCall, type CallReader } from './calls.ts';
import { deleteNames, insertNames, mergeNames, updateNames, type ChangeReader } from './changes.ts';
import { fromItem } from './from.ts';
import { childrenOf, inside, stringsOf } from './nodes.ts';
import { outputNames } from './output-names.ts';
import { Scope, type RangeItem } from './scope.ts';
import type { Surroundings } from './surroundings.ts';
import { unresolved } from './unresolved.ts';
import { RelationUse } from './use.ts';

/** How many functions may stand inside each other before it is given up. */
const DEEPEST = 8;

/** Walks one statement as the server's own analysis does, and collects what it asks for at each place. */
export class QueryReader implements ChangeReader, CallReader {
  readonly surroundings: Surroundings;
  readonly #uses: RelationUse[] = [];
  readonly #needs: Need[] = [];
  readonly #bodies = new Set<number>();
  readonly #depth: number;

  constructor(surroundings: Surroundings, depth = 0) {
    this.surroundings = surroundings;
    this.#depth = depth;
  }

  /** All that was asked for so far. */
  needs(): Need[] {
    return [...this.#needs, ...this.#uses.flatMap((use) => use.needs(this.surroundings.names.shapes))];
  }

  add(...needs: readonly Need[]): void {
    this.#needs.push(...needs);
  }

  use(relation: RelationShape): RelationUse {
    const use = new RelationUse(relation);
    this.#uses.push(use);
    return use;
  }

  /** A SELECT, INSERT, UPDATE, DELETE or MERGE, wherever it stands; the names of the columns it gives. */
  statement(node: Node | undefined, scope: Scope): readonly string[] | null {
    if (node === undefined) return [];
    if ('SelectStmt' in node) return this.select(node.SelectStmt, scope.inner());
    if ('InsertStmt' in node) return insertNames(node.InsertStmt, scope.inner(), this);
    if ('UpdateStmt' in node) return updateNames(node.UpdateStmt, scope.inner(), this);
    if ('DeleteStmt' in node) return deleteNames(node.DeleteStmt, scope.inner(), this);
    if ('MergeStmt' in node) return mergeNames(node.MergeStmt, scope.inner(), this);
    return unresolved('a statement inside another of a kind that is not known here');
  }

  select(query: SelectStmt, scope: Scope): readonly string[] | null {
    this.withQueries(query.withClause, scope);
    if (query.op !== undefined && query.op !== 'SETOP_NONE') {
      const names = this.select(query.larg ?? {}, scope.inner());
      this.select(query.rarg ?? {}, scope.inner());
      // ORDER BY of a UNION names its columns alone.
      this.expression(query.limitCount, scope);
      this.expression(query.limitOffset, scope);
      return names;
    }
    for (const node of query.fromClause ?? []) scope.items.push(...this.from(node, scope));
    this.expression(query.valuesLists, scope);
    this.expression(query.targetList, scope);
    const names = outputNames(query, scope);
    for (const part of [query.whereClause, query.havingClause, query.windowClause, query.limitCount, query.limitOffset])
      this.expression(part, scope);
    this.#ordering([...(query.groupClause ?? []), ...(query.sortClause ?? []), ...(query.distinctClause ?? [])], names, scope);
    for (const node of query.lockingClause ?? []) {
      if ('LockingClause' in node) lock(node.LockingClause.lockedRels, scope);
    }
    return names;
  }

  /** What GROUP BY, ORDER BY and DISTINCT ON name may be a column of the output, which was read where it is made. */
  #ordering(nodes: readonly Node[], names: readonly string[] | null, scope: Scope): void {
    for (const node of nodes) {
      const inner = 'SortBy' in node ? node.SortBy.node : node;
      const fields = inner !== undefined && 'ColumnRef' in inner ? stringsOf(inner.ColumnRef.fields) : [];
      if (fields.length === 1 && names?.includes(fields[0] ?? '') === true) continue;
      this.expression(inner, scope);
    }
  }

  from(node: Node, scope: Scope): RangeItem[] {
    return fromItem(node, scope, this);
  }

  withQueries(clause: WithClause | undefined, scope: Scope): void {
    for (const node of clause?.ctes ?? []) {
      if (!('CommonTableExpr' in node)) continue;
      const { ctename = '', ctequery, aliascolnames } = node.CommonTableExpr;
      const given = stringsOf(aliascolnames);
      // A recursive query sees itself: its first part says what it is called.
      if (clause?.recursive === true) scope.ctes.set(ctename, given.length > 0 ? given : this.#recursiveNames(ctequery, scope));
      const names = this.statement(ctequery, scope);
      scope.ctes.set(ctename, given.length > 0 && names !== null ? [...given, ...names.slice(given.length)] : names);
    }
  }

  #recursiveNames(query: Node | undefined, scope: Scope): readonly string[] | null {
    if (query === undefined || !('SelectStmt' in query) || query.SelectStmt.larg === undefined) return null;
    const reader = new QueryReader(this.surroundings, this.#depth);
    return reader.select(query.SelectStmt.larg, scope.inner());
  }

  /** Whatever is in a value of the tree: columns that are read, functions that are called, sub-selects. */
  expression(value: unknown, scope: Scope): void {
    if (typeof value !== 'object' || value === null) return;
    const column = inside(value, 'ColumnRef') as { fields?: Node[] } | undefined;
    if (column !== undefined) {
      const fields = stringsOf(column.fields);
      return fields.length === 1 && fields[0] === '*' ? scope.star() : scope.read(fields);
    }
    if (inside(value, 'SubLink') !== undefined) {
      const { testexpr, subselect } = inside(value, 'SubLink') as { testexpr?: Node; subselect?: Node };
      this.expression(testexpr, scope);
      this.statement(subselect, scope);
      return;
    }
    if (inside(value, 'SelectStmt') !== undefined) return void this.statement(value as Node, scope);
    if (inside(value, 'FuncCall') !== undefined) readCall(inside(value, 'FuncCall') as FuncCall, this);
    for (const child of childrenOf(value)) this.expression(child, scope);
  }

  /** A function in SQL that is not SECURITY DEFINER: what its statements need, once. */
  body({ id, body }: FunctionShape): void {
    if (body === null || this.#bodies.has(id)) return;
    this.#bodies.add(id);
    if (this.#depth >= DEEPEST) return unresolved(`functions call each other ${DEEPEST} deep`);
    const reader = new QueryReader(this.surroundings, this.#depth + 1);
    for (const node of bodyStatements(body)) reader.statement(node, new Scope(null, true));
    this.add(...reader.needs());
  }

  /** A view that reads its tables with the rights of whoever asks: what its own query needs. */
  invoker({ invokerQuery }: RelationShape): void {
    if (invokerQuery === null) return;
    const reader = new QueryReader({ ...this.surroundings, path: ['pg_catalog'], temporary: new Map() }, this.#depth + 1);
    if (this.#depth >= DEEPEST) return unresolved(`views read each other ${DEEPEST} deep`);
    for (const node of bodyStatements(invokerQuery)) reader.statement(node, new Scope(null, false));
    this.add(...reader.needs());
  }
}

/** FOR UPDATE and FOR SHARE: of these, or of all that stand in FROM, those inside sub-selects too. */
function lock(relations: readonly Node[] | undefined, scope: Scope): void {
  const named = (relations ?? []).flatMap((node) => ('RangeVar' in node ? [node.RangeVar.relname ?? ''] : []));
  for (const item of scope.items.filter(({ alias }) => named.length === 0 || named.includes(alias))) {
    for (const use of item.uses) use.anyColumn('UPDATE');
  }
}

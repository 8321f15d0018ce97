import type { DeleteStmt, InsertStmt, MergeStmt, Node, SelectStmt, UpdateStmt, WithClause } from 'libpg-query';
import type { Need } from '../need.ts';
import type { RelationShape } from '../shapes.ts';
import { bodyStatements } from './body.ts';
import { fromItem, targetItem, type FromReader } from './from.ts';
import { childrenOf, inside, splitParts, stringsOf } from './nodes.ts';
import { outputNames } from './output-names.ts';
import { Scope, type RangeItem } from './scope.ts';
import type { Surroundings } from './surroundings.ts';
import { unresolved } from './unresolved.ts';
import { RelationUse } from './use.ts';

/** How many functions may stand inside each other before it is given up. */
const DEEPEST = 8;

/** Walks one statement as the server's own analysis does, and collects what it asks for at each place. */
export class QueryReader implements FromReader {
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
    if ('InsertStmt' in node) return this.#insert(node.InsertStmt, scope.inner());
    if ('UpdateStmt' in node) return this.#update(node.UpdateStmt, scope.inner());
    if ('DeleteStmt' in node) return this.#delete(node.DeleteStmt, scope.inner());
    if ('MergeStmt' in node) return this.#merge(node.MergeStmt, scope.inner());
    return unresolved('a statement inside another of a kind that is not known here');
  }

  select(query: SelectStmt, scope: Scope): readonly string[] | null {
    this.#with(query.withClause, scope);
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

  #with(clause: WithClause | undefined, scope: Scope): void {
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
    if (inside(value, 'FuncCall') !== undefined) this.call(value as Extract<Node, { FuncCall: unknown }>);
    for (const child of childrenOf(value)) this.expression(child, scope);
  }

  /** A call: EXECUTE of what is not for all, and what a function in SQL does with the caller's rights. */
  call({ FuncCall: { funcname, args = [], agg_star: star } }: Extract<Node, { FuncCall: unknown }>): void {
    const { schema, name } = splitParts(stringsOf(funcname));
    const routine = this.surroundings.names.routine(schema, name, star === true ? 0 : args.length, this.surroundings.path);
    if (routine === undefined) return unresolved(`the function ${name} with ${args.length} arguments is not there`);
    if (routine.system && ['nextval', 'setval', 'currval'].includes(name)) return this.#sequence(name, args[0]);
    if (!routine.forAll) {
      if (routine.system) return unresolved(`${name} is a function of the server that not everybody may call`);
      this.add({ kind: 'routine', id: routine.id, privilege: 'EXECUTE' });
    }
    if (routine.body === null || this.#bodies.has(routine.id)) return;
    this.#bodies.add(routine.id);
    if (this.#depth >= DEEPEST) return unresolved(`functions call each other ${DEEPEST} deep`);
    const reader = new QueryReader(this.surroundings, this.#depth + 1);
    for (const node of bodyStatements(routine.body)) reader.statement(node, new Scope(null, true));
    this.add(...reader.needs());
  }

  #sequence(call: string, argument: Node | undefined): void {
    const text = literalOf(argument);
    if (text === null)
      return unresolved(`${call} of a sequence that the text does not say, since pg_stat_statements replaces constants`);
    const parts = text.split('.').map((part) => part.replaceAll('"', ''));
    const { schema, name } = splitParts(parts);
    const id = this.surroundings.names.sequence(schema, name, this.surroundings.path);
    if (id === undefined) return unresolved(`the sequence ${text} is not there`);
    this.add({ kind: 'sequence', id, privilege: call === 'setval' ? 'UPDATE' : 'USAGE' });
  }

  #insert(statement: InsertStmt, scope: Scope): readonly string[] | null {
    this.#with(statement.withClause, scope);
    const { item, use } = targetItem(statement.relation, scope, this);
    const listed = targetNames(statement.cols);
    const source = statement.selectStmt;
    const width = source === undefined ? 0 : this.#sourceWidth(source, scope);
    const settable = use.relation.columns.map(({ name }) => name);
    const columns = source === undefined ? [] : listed.length > 0 ? listed : settable.slice(0, width ?? settable.length);
    if (listed.length === 0 && width === null) unresolved('it is not known how many columns are inserted');
    this.#inserts(use, columns, source);
    const scopeOfTarget = scope.inner();
    scopeOfTarget.items.push(item);
    const conflict = statement.onConflictClause;
    if (conflict !== undefined) {
      scopeOfTarget.items.push({ ...item, alias: 'excluded', schema: null, bare: false });
      this.#conflict(conflict, use, scopeOfTarget);
    }
    return this.#returning(statement, item, scope);
  }

  #inserts(use: RelationUse, columns: readonly string[], source: Node | undefined): void {
    if (columns.length === 0) use.anyColumn('INSERT');
    use.column('INSERT', ...columns);
    const values = source !== undefined && 'SelectStmt' in source ? (source.SelectStmt.valuesLists ?? []) : [];
    const byDefault = new Set(values.flatMap((row) => ('List' in row ? defaultPlaces(row.List.items ?? []) : [])));
    use.write([
      ...use.relation.columns.map(({ name }) => name).filter((name) => !columns.includes(name)),
      ...columns.filter((_, place) => byDefault.has(place)),
    ]);
  }

  #sourceWidth(source: Node, scope: Scope): number | null {
    if (!('SelectStmt' in source)) return null;
    const names = this.statement(source, scope);
    return names === null ? null : names.length;
  }

  #conflict(clause: NonNullable<InsertStmt['onConflictClause']>, use: RelationUse, scope: Scope): void {
    const { infer, action, targetList, whereClause } = clause;
    if (infer?.conname !== undefined) {
      const key = this.surroundings.names.shapes.keys.find(
        (one) => one.relation === use.relation.id && one.name === infer.conname,
      );
      use.column('SELECT', ...(key?.columns ?? []));
    }
    for (const node of infer?.indexElems ?? []) {
      if (!('IndexElem' in node)) continue;
      if (node.IndexElem.name !== undefined) use.column('SELECT', node.IndexElem.name);
      this.expression(node.IndexElem.expr, scope);
    }
    this.expression(infer?.whereClause, scope);
    if (action !== 'ONCONFLICT_UPDATE') return;
    this.#changes(use, targetList, scope);
    this.expression(whereClause, scope);
  }

  /** `set` of UPDATE: the columns that change, and what the new values are made of. */
  #changes(use: RelationUse, targets: readonly Node[] | undefined, scope: Scope): void {
    const names = targetNames(targets);
    use.column('UPDATE', ...names);
    const toDefault = (targets ?? []).flatMap((node) =>
      'ResTarget' in node && node.ResTarget.val !== undefined && 'SetToDefault' in node.ResTarget.val
        ? [node.ResTarget.name ?? '']
        : [],
    );
    use.write(toDefault);
    for (const node of targets ?? []) {
      if ('ResTarget' in node) this.expression([node.ResTarget.val, node.ResTarget.indirection], scope);
    }
  }

  #update(statement: UpdateStmt, scope: Scope): readonly string[] | null {
    this.#with(statement.withClause, scope);
    const { item, use } = targetItem(statement.relation, scope, this);
    scope.items.push(item);
    for (const node of statement.fromClause ?? []) scope.items.push(...this.from(node, scope));
    this.#changes(use, statement.targetList, scope);
    this.expression(statement.whereClause, scope);
    return this.#returning(statement, item, scope, true);
  }

  #delete(statement: DeleteStmt, scope: Scope): readonly string[] | null {
    this.#with(statement.withClause, scope);
    const { item, use } = targetItem(statement.relation, scope, this);
    use.wholeRelation('DELETE');
    scope.items.push(item);
    for (const node of statement.usingClause ?? []) scope.items.push(...this.from(node, scope));
    this.expression(statement.whereClause, scope);
    return this.#returning(statement, item, scope, true);
  }

  #merge(statement: MergeStmt, scope: Scope): readonly string[] | null {
    this.#with(statement.withClause, scope);
    const { item, use } = targetItem(statement.relation, scope, this);
    scope.items.push(item);
    if (statement.sourceRelation !== undefined) scope.items.push(...this.from(statement.sourceRelation, scope));
    this.expression(statement.joinCondition, scope);
    for (const node of statement.mergeWhenClauses ?? []) {
      if (!('MergeWhenClause' in node)) continue;
      const { commandType, condition, targetList, values } = node.MergeWhenClause;
      this.expression(condition, scope);
      if (commandType === 'CMD_UPDATE') this.#changes(use, targetList, scope);
      if (commandType === 'CMD_DELETE') use.wholeRelation('DELETE');
      if (commandType !== 'CMD_INSERT') continue;
      this.expression(values, scope);
      const listed = targetNames(targetList);
      const all = use.relation.columns.map(({ name }) => name);
      const columns = listed.length > 0 ? listed : all.slice(0, values?.length ?? 0);
      if (columns.length === 0) use.anyColumn('INSERT');
      use.column('INSERT', ...columns);
      const byDefault = new Set(defaultPlaces(values ?? []));
      use.write([...all.filter((name) => !columns.includes(name)), ...columns.filter((_, place) => byDefault.has(place))]);
    }
    return this.#returning(statement, item, scope, true);
  }

  /** RETURNING sees the target, and since 18 its old and new row. */
  #returning(
    statement: Pick<UpdateStmt, 'returningClause'>,
    item: RangeItem,
    scope: Scope,
    isIn = false,
  ): readonly string[] | null {
    const { exprs, options } = statement.returningClause ?? {};
    if (exprs === undefined) return [];
    const own = isIn ? scope : scope.inner();
    if (!isIn) own.items.push(item);
    const aliases = (options ?? []).flatMap((node) => ('ReturningOption' in node ? [node.ReturningOption.value ?? ''] : []));
    for (const alias of ['old', 'new', ...aliases]) own.items.push({ ...item, alias, schema: null, bare: false });
    this.expression(exprs, own);
    return outputNames({ targetList: exprs }, own);
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

function targetNames(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('ResTarget' in node ? [node.ResTarget.name ?? ''] : []));
}

/** Where in a row of VALUES the word DEFAULT stands. */
function defaultPlaces(values: readonly Node[]): number[] {
  return values.flatMap((value, place) => ('SetToDefault' in value ? [place] : []));
}

/** The text of a constant, cast or not; null: none. */
function literalOf(node: Node | undefined): string | null {
  if (node === undefined) return null;
  if ('TypeCast' in node) return literalOf(node.TypeCast.arg);
  return 'A_Const' in node ? (node.A_Const.sval?.sval ?? null) : null;
}

import type { DeleteStmt, InsertStmt, MergeStmt, MergeWhenClause, Node, UpdateStmt, WithClause } from 'libpg-query';
import type { FromReader } from './from.ts';
import { outputNames } from './output-names.ts';
import { targetItem } from './relations.ts';
import type { RangeItem, Scope } from './scope.ts';
import { unresolved } from './unresolved.ts';
import type { RelationUse } from './use.ts';

/** What a statement that changes rows needs of whoever reads it. */
export interface ChangeReader extends FromReader {
  statement(node: Node | undefined, scope: Scope): readonly string[] | null;
  /** WITH: names of sub-selects for the scope. */
  withQueries(clause: WithClause | undefined, scope: Scope): void;
}

/** What an INSERT needs; the names of the columns it returns. */
export function insertNames(statement: InsertStmt, scope: Scope, reader: ChangeReader): readonly string[] | null {
  reader.withQueries(statement.withClause, scope);
  const { item, use } = targetItem(statement.relation, reader);
  const source = statement.selectStmt;
  inserted(use, insertedColumns(statement, use, scope, reader), defaultsOf(source));
  const scopeOfTarget = scope.inner();
  scopeOfTarget.items.push(item);
  const conflict = statement.onConflictClause;
  if (conflict !== undefined) {
    scopeOfTarget.items.push({ ...item, alias: 'excluded', schema: null, bare: false });
    conflicted(conflict, use, scopeOfTarget, reader);
  }
  const scopeOfReturning = scope.inner();
  scopeOfReturning.items.push(item);
  return returned(statement, item, scopeOfReturning, reader);
}

/** The columns that get a value: those that are listed, or as many of the table as the source has. */
function insertedColumns(statement: InsertStmt, use: RelationUse, scope: Scope, reader: ChangeReader): readonly string[] {
  const { cols, selectStmt: source } = statement;
  if (source === undefined) return [];
  const names = 'SelectStmt' in source ? reader.statement(source, scope) : null;
  const listed = targetNames(cols);
  if (listed.length > 0) return listed;
  if (names === null) return unresolved('it is not known how many columns are inserted');
  return use.relation.columns.map(({ name }) => name).slice(0, names.length);
}

/** Where in any row of VALUES the word DEFAULT stands. */
function defaultsOf(source: Node | undefined): ReadonlySet<number> {
  const rows = source !== undefined && 'SelectStmt' in source ? (source.SelectStmt.valuesLists ?? []) : [];
  return new Set(rows.flatMap((row) => ('List' in row ? defaultPlaces(row.List.items ?? []) : [])));
}

/** A row of which `columns` get a value, but for those at `byDefault`, and the others what the database fills in. */
function inserted(use: RelationUse, columns: readonly string[], byDefault: ReadonlySet<number>): void {
  if (columns.length === 0) use.anyColumn('INSERT');
  use.column('INSERT', ...columns);
  use.write([
    ...use.relation.columns.map(({ name }) => name).filter((name) => !columns.includes(name)),
    ...columns.filter((_, place) => byDefault.has(place)),
  ]);
}

function conflicted(
  clause: NonNullable<InsertStmt['onConflictClause']>,
  use: RelationUse,
  scope: Scope,
  reader: ChangeReader,
): void {
  const { infer, action, targetList, whereClause } = clause;
  if (infer?.conname !== undefined) {
    const key = reader.surroundings.names.shapes.keys.find(
      (one) => one.relation === use.relation.id && one.name === infer.conname,
    );
    use.column('SELECT', ...(key?.columns ?? []));
  }
  for (const node of infer?.indexElems ?? []) {
    if (!('IndexElem' in node)) continue;
    if (node.IndexElem.name !== undefined) use.column('SELECT', node.IndexElem.name);
    reader.expression(node.IndexElem.expr, scope);
  }
  reader.expression(infer?.whereClause, scope);
  if (action !== 'ONCONFLICT_UPDATE') return;
  changed(use, targetList, scope, reader);
  reader.expression(whereClause, scope);
}

/** What an UPDATE needs. */
export function updateNames(statement: UpdateStmt, scope: Scope, reader: ChangeReader): readonly string[] | null {
  reader.withQueries(statement.withClause, scope);
  const { item, use } = targetItem(statement.relation, reader);
  scope.items.push(item);
  for (const node of statement.fromClause ?? []) scope.items.push(...reader.from(node, scope));
  changed(use, statement.targetList, scope, reader);
  reader.expression(statement.whereClause, scope);
  return returned(statement, item, scope, reader);
}

/** What a DELETE needs. */
export function deleteNames(statement: DeleteStmt, scope: Scope, reader: ChangeReader): readonly string[] | null {
  reader.withQueries(statement.withClause, scope);
  const { item, use } = targetItem(statement.relation, reader);
  use.wholeRelation('DELETE');
  scope.items.push(item);
  for (const node of statement.usingClause ?? []) scope.items.push(...reader.from(node, scope));
  reader.expression(statement.whereClause, scope);
  return returned(statement, item, scope, reader);
}

/** What a MERGE needs. */
export function mergeNames(statement: MergeStmt, scope: Scope, reader: ChangeReader): readonly string[] | null {
  reader.withQueries(statement.withClause, scope);
  const { item, use } = targetItem(statement.relation, reader);
  scope.items.push(item);
  if (statement.sourceRelation !== undefined) scope.items.push(...reader.from(statement.sourceRelation, scope));
  reader.expression(statement.joinCondition, scope);
  for (const node of statement.mergeWhenClauses ?? []) {
    if ('MergeWhenClause' in node) merged(node.MergeWhenClause, use, scope, reader);
  }
  return returned(statement, item, scope, reader);
}

function merged(clause: MergeWhenClause, use: RelationUse, scope: Scope, reader: ChangeReader): void {
  const { commandType, condition, targetList, values = [] } = clause;
  reader.expression(condition, scope);
  if (commandType === 'CMD_UPDATE') changed(use, targetList, scope, reader);
  if (commandType === 'CMD_DELETE') use.wholeRelation('DELETE');
  if (commandType !== 'CMD_INSERT') return;
  reader.expression(values, scope);
  const listed = targetNames(targetList);
  const columns = listed.length > 0 ? listed : use.relation.columns.map(({ name }) => name).slice(0, values.length);
  inserted(use, columns, new Set(defaultPlaces(values)));
}

/** `set` of UPDATE: the columns that change, and what the new values are made of. */
function changed(use: RelationUse, targets: readonly Node[] | undefined, scope: Scope, reader: ChangeReader): void {
  const names = targetNames(targets);
  use.column('UPDATE', ...names);
  const toDefault = (targets ?? []).flatMap((node) =>
    'ResTarget' in node && node.ResTarget.val !== undefined && 'SetToDefault' in node.ResTarget.val
      ? [node.ResTarget.name ?? '']
      : [],
  );
  use.write(toDefault);
  for (const node of targets ?? []) {
    if ('ResTarget' in node) reader.expression([node.ResTarget.val, node.ResTarget.indirection], scope);
  }
}

/** RETURNING sees the target, which is in the scope, and since 18 its old and new row. */
function returned(
  { returningClause }: Pick<UpdateStmt, 'returningClause'>,
  item: RangeItem,
  scope: Scope,
  reader: ChangeReader,
): readonly string[] | null {
  const { exprs, options } = returningClause ?? {};
  if (exprs === undefined) return [];
  const aliases = (options ?? []).flatMap((node) => ('ReturningOption' in node ? [node.ReturningOption.value ?? ''] : []));
  for (const alias of ['old', 'new', ...aliases]) scope.items.push({ ...item, alias, schema: null, bare: false });
  reader.expression(exprs, scope);
  return outputNames({ targetList: exprs }, scope);
}

function targetNames(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('ResTarget' in node ? [node.ResTarget.name ?? ''] : []));
}

/** Where in a row of VALUES the word DEFAULT stands. */
function defaultPlaces(values: readonly Node[]): number[] {
  return values.flatMap((value, place) => ('SetToDefault' in value ? [place] : []));
}

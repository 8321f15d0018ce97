import type { CopyStmt, Node, RangeVar } from 'libpg-query';
import type { Privilege } from '../../rights/privilege.ts';
import { targetItem } from './relations.ts';
import { splitParts, stringsOf } from './nodes.ts';
import type { QueryReader } from './query.ts';
import type { Scope } from './scope.ts';
import { unresolved } from './unresolved.ts';
import type { RelationUse } from './use.ts';

/** Statements that ask for no right that is granted. What a prepared one or a cursor needs is asked where it is made. */
const NOTHING = [
  'TransactionStmt',
  'VariableShowStmt',
  'FetchStmt',
  'ClosePortalStmt',
  'DeallocateStmt',
  'ExecuteStmt',
  'DiscardStmt',
  'ListenStmt',
  'UnlistenStmt',
  'NotifyStmt',
  'ConstraintsSetStmt',
];

export const isNothing = (node: Node): boolean => NOTHING.some((kind) => kind in node);

/** What a statement that is no query needs. Fails with Unresolved where that is no grant, such as of DDL. */
export function utilityNeeds(node: Node, reader: QueryReader, scope: Scope, read: (inner: Node) => void): void {
  if (isNothing(node)) return;
  if ('DeclareCursorStmt' in node) return readSome(node.DeclareCursorStmt.query, read);
  if ('PrepareStmt' in node) return readSome(node.PrepareStmt.query, read);
  if ('ExplainStmt' in node) return readSome(node.ExplainStmt.query, read);
  if ('CreateTableAsStmt' in node) return createTableAs(node.CreateTableAsStmt, reader, read);
  if ('SelectStmt' in node) {
    const { intoClause, ...query } = node.SelectStmt;
    makes(intoClause?.rel, reader);
    return read({ SelectStmt: query });
  }
  if ('CreateStmt' in node) return makes(node.CreateStmt.relation, reader);
  if ('DropStmt' in node) return dropped(node.DropStmt.objects ?? [], reader);
  if ('CopyStmt' in node) return copies(node.CopyStmt, reader, scope, read);
  if ('LockStmt' in node) return locks(node.LockStmt.relations ?? [], node.LockStmt.mode ?? 8, reader);
  if ('TruncateStmt' in node) return truncates(node.TruncateStmt, reader);
  if ('CallStmt' in node) {
    const { funccall } = node.CallStmt;
    return funccall === undefined ? undefined : reader.expression({ FuncCall: funccall }, scope);
  }
  if ('VariableSetStmt' in node) return sets(node.VariableSetStmt.name ?? '', reader);
  if ('VacuumStmt' in node) {
    const relations = (node.VacuumStmt.rels ?? []).flatMap((one) =>
      'VacuumRelation' in one ? [one.VacuumRelation.relation] : [],
    );
    return relations.length === 0 ? unresolved('VACUUM or ANALYZE of the whole database') : maintains(relations, reader);
  }
  if ('RefreshMatViewStmt' in node) return maintains([node.RefreshMatViewStmt.relation], reader);
  if ('ClusterStmt' in node && node.ClusterStmt.relation !== undefined) return maintains([node.ClusterStmt.relation], reader);
  if ('DoStmt' in node)
    return unresolved('DO is opaque: what it ran is recorded statement by statement with pg_stat_statements.track = all');
  return unresolved(`${Object.keys(node)[0]?.replace(/Stmt$/, '')} needs ownership, or is no query: it belongs to migrations`);
}

function readSome(node: Node | undefined, read: (inner: Node) => void): void {
  if (node !== undefined) read(node);
}

function createTableAs(
  { into, query }: Extract<Node, { CreateTableAsStmt: unknown }>['CreateTableAsStmt'],
  reader: QueryReader,
  read: (inner: Node) => void,
): void {
  makes(into?.rel, reader);
  readSome(query, read);
}

/** TEMPORARY of the database for a temporary table; CREATE of the schema for others, which then belong to the app. */
function makes(relation: RangeVar | undefined, reader: QueryReader): void {
  if (relation?.relpersistence === 't') return reader.add({ kind: 'database', privilege: 'TEMPORARY' });
  return unresolved(`it makes the table ${relation?.relname ?? ''}, which would belong to the role: it belongs to migrations`);
}

function dropped(objects: readonly Node[], reader: QueryReader): void {
  const names = objects.flatMap((one) => ('List' in one ? [splitParts(stringsOf(one.List.items))] : []));
  const own =
    names.length > 0 && names.every(({ schema, name }) => schema === 'pg_temp' || reader.surroundings.temporary.has(name));
  if (!own) unresolved('DROP needs ownership: it belongs to migrations');
}

function copies(
  { relation, query, attlist, is_from: isFrom, is_program: isProgram, filename, whereClause }: CopyStmt,
  reader: QueryReader,
  scope: Scope,
  read: (inner: Node) => void,
): void {
  if (filename !== undefined)
    unresolved(`COPY ${isProgram === true ? 'with a program' : 'with a file of the server'} needs a predefined role`);
  if (query !== undefined) return read(query);
  const { item, use } = targetItem(relation, reader);
  const named = stringsOf(attlist);
  const columns = named.length > 0 ? named : use.relation.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  use.column(isFrom === true ? 'INSERT' : 'SELECT', ...columns);
  if (isFrom !== true) return;
  use.write(use.relation.columns.map(({ name }) => name).filter((name) => !columns.includes(name)));
  const inner = scope.inner();
  inner.items.push(item);
  reader.expression(whereClause, inner);
}

/** Lock modes by number (lockdefs.h): 1 ACCESS SHARE, 3 ROW EXCLUSIVE. */
function locks(relations: readonly Node[], mode: number, reader: QueryReader): void {
  const strong: readonly Privilege[] = maintainOr(reader, ['UPDATE', 'DELETE', 'TRUNCATE']);
  const some: readonly Privilege[] = [
    ...(mode <= 1 ? (['SELECT'] as const) : []),
    ...(mode <= 3 ? (['INSERT'] as const) : []),
    ...strong,
  ];
  for (const node of relations) {
    if ('RangeVar' in node) oneOf(targetItem(node.RangeVar, reader).use, some, reader);
  }
}

/** MAINTAIN, which changes no row, came with 17. */
const maintainOr = (reader: QueryReader, others: readonly Privilege[]): readonly Privilege[] =>
  reader.surroundings.names.shapes.serverVersion >= 170_000 ? ['MAINTAIN', ...others] : others;

function oneOf({ relation }: RelationUse, privileges: readonly Privilege[], reader: QueryReader): void {
  if (!relation.system) reader.add({ kind: 'relation', relation: relation.id, oneOf: privileges });
}

function truncates(
  { relations, restart_seqs: restarts, behavior }: Extract<Node, { TruncateStmt: unknown }>['TruncateStmt'],
  reader: QueryReader,
): void {
  const { names } = reader.surroundings;
  const targets = (relations ?? []).flatMap((node) =>
    'RangeVar' in node ? [targetItem(node.RangeVar, reader).use.relation] : [],
  );
  if (restarts === true && targets.some(({ system }) => !system))
    unresolved('TRUNCATE RESTART IDENTITY needs ownership of the sequences');
  const all = new Set(targets.filter(({ system }) => !system).map(({ id }) => id));
  // A Set is walked to what is added on the way: tables that refer to these, and those that refer to them.
  if (behavior === 'DROP_CASCADE')
    for (const id of all)
      for (const { relation } of names.shapes.foreignKeys.filter((one) => one.references === id)) all.add(relation);
  for (const relation of all) reader.add({ kind: 'relation', relation, oneOf: ['TRUNCATE'] });
}

function maintains(relations: readonly (RangeVar | undefined)[], reader: QueryReader): void {
  const [privilege] = maintainOr(reader, []);
  if (privilege === undefined) return unresolved('before 17 it needs ownership');
  for (const relation of relations) {
    oneOf(targetItem(relation, reader).use, [privilege], reader);
  }
}

function sets(name: string, reader: QueryReader): void {
  if (reader.surroundings.names.shapes.guardedParameters.has(name)) reader.add({ kind: 'parameter', name, privilege: 'SET' });
}

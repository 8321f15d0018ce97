import type * as LibpgQuery from 'libpg-query';
import type { Node, ParseResult } from 'libpg-query';

/** One statement of a migration, as PostgreSQL's own parser cuts it. */
export interface Statement {
  readonly sql: string;
  /** Characters (code points) before it in the file. */
  readonly offset: number;
  /** Bytes of UTF-8 before it, as the locations inside of `node` count them. */
  readonly start: number;
  readonly node: Node;
}

/** Text the parser refuses: `offset` counts code points from 0. */
export interface SyntaxProblem {
  readonly message: string;
  readonly offset: number;
}

let parser: typeof LibpgQuery | undefined;

/** The parser is 1.7 MB of WebAssembly and costs about 70 ms: loaded when the first pending migration is read, never for a status. */
export async function loadParser(): Promise<void> {
  if (parser !== undefined) return;
  const loading = await import('libpg-query');
  await loading.loadModule();
  parser = loading;
}

/** Cuts a script into statements with the grammar of PostgreSQL 18. Call {@link loadParser} before. */
export function parseStatements(sql: string): readonly Statement[] | SyntaxProblem {
  if (parser === undefined) throw new Error('loadParser() has not been called');
  let result: ParseResult;
  try {
    result = parser.parseSync(sql);
  } catch (thrown) {
    const details = (thrown as { sqlDetails?: { message: string; cursorPosition: number } }).sqlDetails;
    return { message: details?.message ?? String(thrown), offset: details?.cursorPosition ?? 0 };
  }
  // The parser counts bytes of UTF-8.
  const bytes = Buffer.from(sql);
  return (result.stmts ?? []).map((raw) => {
    const start = raw.stmt_location ?? 0;
    const end = raw.stmt_len === undefined || raw.stmt_len === 0 ? bytes.length : start + raw.stmt_len;
    return {
      sql: bytes.subarray(start, end).toString(),
      start,
      offset: Array.from(bytes.subarray(0, start).toString()).length,
      node: raw.stmt as Node,
    };
  });
}

/** `BEGIN`, `COMMIT` and the like, as written; undefined for everything else. Savepoints stay inside the transaction and are fine. */
export function transactionControl({ node }: Statement): string | undefined {
  if (!('TransactionStmt' in node)) return undefined;
  const kind = node.TransactionStmt.kind ?? '';
  if (/SAVEPOINT|RELEASE|ROLLBACK_TO/.test(kind)) return undefined;
  return kind.replace('TRANS_STMT_', '').replace('_', ' ').toLowerCase();
}

/**
 * What a statement is, when PostgreSQL refuses it inside a transaction block (25001): words for the message; undefined for the rest.
 * The list was measured on 18.2.
 */
export function refusedInTransaction({ node }: Statement): string | undefined {
  if ('IndexStmt' in node && node.IndexStmt.concurrent === true) return 'create index concurrently';
  if ('DropStmt' in node && node.DropStmt.concurrent === true) return 'drop index concurrently';
  if ('ReindexStmt' in node) return refusedReindex(node.ReindexStmt);
  if ('VacuumStmt' in node) return node.VacuumStmt.is_vacuumcmd === true ? 'vacuum' : undefined;
  if ('ClusterStmt' in node) return node.ClusterStmt.relation === undefined ? 'cluster without a table' : undefined;
  if ('CreatedbStmt' in node) return 'create database';
  if ('DropdbStmt' in node) return 'drop database';
  if ('AlterSystemStmt' in node) return 'alter system';
  if ('CreateTableSpaceStmt' in node) return 'create tablespace';
  if ('DropTableSpaceStmt' in node) return 'drop tablespace';
  if ('CreateSubscriptionStmt' in node) return 'create subscription';
  if ('DiscardStmt' in node) return node.DiscardStmt.target === 'DISCARD_ALL' ? 'discard all' : undefined;
  if ('AlterTableStmt' in node)
    return detachesConcurrently(node.AlterTableStmt.cmds) ? 'detach partition concurrently' : undefined;
  return undefined;
}

type Reindex = Extract<Node, { ReindexStmt: unknown }>['ReindexStmt'];

function refusedReindex({ kind, params }: Reindex): string | undefined {
  if (kind === 'REINDEX_OBJECT_SCHEMA' || kind === 'REINDEX_OBJECT_DATABASE' || kind === 'REINDEX_OBJECT_SYSTEM')
    return 'reindex of a schema or database';
  const concurrent = (params ?? []).some((param) => 'DefElem' in param && param.DefElem.defname === 'concurrently');
  return concurrent ? 'reindex concurrently' : undefined;
}

function detachesConcurrently(commands: readonly Node[] | undefined): boolean {
  return (commands ?? []).some((command) => {
    const definition = 'AlterTableCmd' in command ? command.AlterTableCmd.def : undefined;
    return definition !== undefined && 'PartitionCmd' in definition && definition.PartitionCmd.concurrent === true;
  });
}

/**
 * A setting that would outlive the migration on this session and change how later ones run: `set` without `local`.
 * Returns the statement's words, for the message.
 */
export function leakingSetting({ node }: Statement): string | undefined {
  if (!('VariableSetStmt' in node)) return undefined;
  const { kind, name, is_local: isLocal } = node.VariableSetStmt;
  if (isLocal === true || kind === 'VAR_RESET' || kind === 'VAR_RESET_ALL') return undefined;
  return kind === 'VAR_SET_MULTI' ? 'set session characteristics' : `set ${name ?? ''}`;
}

/** The index a statement builds or drops concurrently, for looking at what an interrupted run left. */
export function concurrentIndex({
  node,
}: Statement):
  | { readonly act: 'create' | 'drop'; readonly name: string | undefined; readonly schema: string | undefined }
  | undefined {
  if ('IndexStmt' in node && node.IndexStmt.concurrent === true) {
    return { act: 'create', name: node.IndexStmt.idxname, schema: node.IndexStmt.relation?.schemaname };
  }
  if ('DropStmt' in node && node.DropStmt.concurrent === true) {
    const names = (node.DropStmt.objects ?? []).flatMap((object) => ('List' in object ? [object.List.items ?? []] : []));
    const parts = (names[0] ?? []).flatMap((part) => ('String' in part ? [part.String.sval ?? ''] : []));
    return { act: 'drop', name: parts.at(-1), schema: parts.length > 1 ? parts.at(-2) : undefined };
  }
  return undefined;
}

/** `copy … from stdin`: its rows follow in psql's own protocol, which a migration runner has none of. */
export function copiesFromStdin({ node }: Statement): boolean {
  return (
    'CopyStmt' in node &&
    node.CopyStmt.is_from === true &&
    node.CopyStmt.filename === undefined &&
    node.CopyStmt.is_program !== true
  );
}

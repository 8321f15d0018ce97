import { fail } from '../../core/errors.ts';
import { ident } from '../../db/ident.ts';

/** A column as the hash of a row takes it. Names and types are kept in dbctl.ledger_columns, so that old windows stay provable. */
export interface HashedColumn {
  readonly name: string;
  /** pg_type.typname: what format_type() writes depends on settings. */
  readonly type: string;
  /** How its value becomes bytes. */
  readonly form: ColumnForm;
}

/** `text`: the value's text in UTF-8 · a name: PostgreSQL's binary output function, whose bytes depend on no setting. */
export type ColumnForm = 'text' | `${string}send`;

/** Catalog facts about a column's type. */
export interface ColumnFacts {
  readonly name: string;
  readonly type: string;
  /** pg_type.typtype of the type itself, or of a domain's base. */
  readonly kind: string;
  /** pg_type.typcategory. */
  readonly category: string;
  /** Name of the binary output function. */
  readonly send: string;
  readonly builtIn: boolean;
  /** Built-in element type of an array; true for types that are none. */
  readonly builtInElement: boolean;
}

const FORMAT = 'dbctl-row-v1';

/** Types whose text is the same under every setting, and whose binary form would go through client_encoding. */
const BY_TEXT = new Set(['json', 'jsonb', 'xml', 'text', 'varchar', 'bpchar', 'name', 'char', 'jsonpath', 'tsvector', 'tsquery']);

/** How a column of these facts is hashed. Fails with refused on types whose bytes are not the same everywhere. */
export function columnForm(
  table: string,
  { name, type, kind, category, send, builtIn, builtInElement }: ColumnFacts,
): ColumnForm {
  if (kind === 'e' || BY_TEXT.has(type)) return 'text';
  if (builtIn && builtInElement && ['b', 'r', 'm'].includes(kind) && category !== 'P') return send as ColumnForm;
  return fail('refused', `${table}: the ledger cannot hash column ${name} of type ${type}`, {
    hint: 'Use a built-in type: the bytes of others differ between servers and versions. Text with a check constraint takes the place of most.',
  });
}

/**
 * SQL for the RFC 6962 leaf hash of a row: SHA-256 over 0x00, the format's name, the table, the version of the column list, and for each
 * column a byte that tells null from value, a length and the bytes. Depends on no setting of the session but client_encoding, which every
 * session of dbctl has as UTF8.
 */
export function leafExpression(table: string, version: number, columns: readonly HashedColumn[], alias: string): string {
  const parts = columns.map((column) => columnExpression(column, alias));
  return `pg_catalog.sha256('\\x00'::pg_catalog.bytea || ${[prefixExpression(table, version), ...parts].join(' || ')})`;
}

/** SQL for the canonical bytes themselves: what a proof shows of a row. */
export function canonicalExpression(table: string, version: number, columns: readonly HashedColumn[], alias: string): string {
  return [prefixExpression(table, version), ...columns.map((column) => columnExpression(column, alias))].join(' || ');
}

function prefixExpression(table: string, version: number): string {
  const name = Buffer.from(table);
  const bytes = Buffer.concat([Buffer.from(FORMAT), int4(name.length), name, int4(version), Buffer.alloc(0)]);
  return `'\\x${bytes.toString('hex')}'::pg_catalog.bytea`;
}

function columnExpression({ name, form }: HashedColumn, alias: string): string {
  const column = `${alias}.${ident(name)}`;
  const bytes =
    form === 'text' ? `pg_catalog.convert_to(${column}::pg_catalog.text, 'UTF8')` : `pg_catalog.${ident(form)}(${column})`;
  return `coalesce('\\x01'::pg_catalog.bytea || pg_catalog.int4send(pg_catalog.length(${bytes})) || ${bytes}, '\\x00'::pg_catalog.bytea)`;
}

function int4(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Names as they appear in entries and hashes: schema and table with a dot, never quoted. */
export const logicalName = ({ schema, name }: { readonly schema: string; readonly name: string }): string => `${schema}.${name}`;

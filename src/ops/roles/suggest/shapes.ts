import type { Session } from '../../../db/session.ts';
import { FOREIGN_KEYS, FUNCTIONS, KEYS, POLICY_TEXTS, RELATION_SHAPES, USED_BY_COLUMNS } from './shape-queries.ts';

/** A column as far as rights depend on it. */
export interface ColumnShape {
  readonly name: string;
  /** Filled by the database from others, and never inserted. */
  readonly generated: boolean;
}

/** A relation that statements can name. */
export interface RelationShape {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind. */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'f';
  /** Oid of the table it is a partition of; null: it is none. */
  readonly partitionOf: number | null;
  readonly columns: readonly ColumnShape[];
  /** The query of a view that reads its tables with the rights of whoever asks (security_invoker); null: no such view. */
  readonly invokerQuery: string | null;
  /** Of the catalogs, which PUBLIC may read. */
  readonly system: boolean;
}

/** A routine that statements can call. */
export interface FunctionShape {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly fewest: number;
  /** Infinity where the last one is variadic. */
  readonly most: number;
  /** Types of its arguments, as GRANT takes them. */
  readonly signature: string;
  /** Names of the columns it gives in FROM; null: those the statement says. Empty: one, called as the function or its alias. */
  readonly outputs: readonly string[] | null;
  /** Of the server or of an extension, and PUBLIC may call it. */
  readonly forAll: boolean;
  /** Of the server itself. */
  readonly system: boolean;
  /** The body of a function in SQL that runs with the caller's rights: the server may put it into the calling statement. */
  readonly body: string | null;
}

/** What a write, or any use, of a relation makes run with the caller's rights. */
export interface Used {
  readonly relation: number;
  /** Only where this column is left to its default; null: whatever the column. */
  readonly column: string | null;
  readonly kind: 'routine' | 'sequence';
  readonly id: number;
  readonly when: 'write' | 'any';
}

/** Expressions of the policies of a table. */
export interface PolicyText {
  readonly relation: number;
  readonly command: 'r' | 'a' | 'w' | 'd' | '*';
  readonly roles: readonly number[];
  readonly expressions: readonly string[];
}

export interface Shapes {
  readonly relations: readonly RelationShape[];
  readonly functions: readonly FunctionShape[];
  readonly sequences: readonly { readonly id: number; readonly schema: string; readonly name: string }[];
  readonly used: readonly Used[];
  readonly policies: readonly PolicyText[];
  /** Columns of a unique constraint, by its name. */
  readonly keys: readonly { readonly relation: number; readonly name: string; readonly columns: readonly string[] }[];
  readonly foreignKeys: readonly { readonly relation: number; readonly references: number }[];
  /** Parameters that only a superuser, or who was granted SET, may set. */
  readonly guardedParameters: ReadonlySet<string>;
  /** search_path where neither role nor database says otherwise. */
  readonly searchPath: string;
  /** search_path that functions set for themselves. */
  readonly functionPaths: readonly string[];
  readonly serverVersion: number;
}

type FunctionRow = Omit<FunctionShape, 'most'> & { readonly most: number | null };

/** Reads them in the caller's transaction; any login may. Fails with sql.failed where the connection does. */
export async function readShapes(session: Session): Promise<Shapes> {
  // Definitions then name every object with its schema.
  await session.script(`set local search_path = pg_catalog`);
  const functions = await session.rows<FunctionRow>(FUNCTIONS);
  const guarded = await session.rows<{ name: string }>(
    `select s.name from pg_catalog.pg_settings s where s.context in ('superuser', 'superuser-backend')`,
  );
  const [path] = await session.rows<{ value: string }>(
    `select s.reset_val as value from pg_catalog.pg_settings s where s.name = 'search_path'`,
  );
  const paths = await session.rows<{ value: string }>(
    `select distinct pg_catalog.substr(c.entry, 13) as value
     from pg_catalog.pg_proc p cross join lateral pg_catalog.unnest(p.proconfig) as c (entry)
     where c.entry like 'search\\_path=%' order by 1`,
  );
  return {
    relations: await session.rows<RelationShape>(RELATION_SHAPES),
    functions: functions.map((one) => ({ ...one, most: one.most ?? Infinity })),
    sequences: await session.rows<Shapes['sequences'][number]>(
      `select c.oid as id, n.nspname as schema, c.relname as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind = 'S'`,
    ),
    used: await session.rows<Used>(USED_BY_COLUMNS),
    policies: await session.rows<PolicyText>(POLICY_TEXTS),
    keys: await session.rows<Shapes['keys'][number]>(KEYS),
    foreignKeys: await session.rows<Shapes['foreignKeys'][number]>(FOREIGN_KEYS),
    guardedParameters: new Set(guarded.map(({ name }) => name)),
    searchPath: path?.value ?? '"$user", public',
    functionPaths: paths.map(({ value }) => value),
    serverVersion: session.serverVersion,
  };
}

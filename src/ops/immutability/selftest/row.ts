import { fail } from '../../../core/errors.ts';
import { literal } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { loadParser, parseStatements } from '../../migrate/statements.ts';
import type { TestedRelation } from './relation.ts';

/** Statements that make a row in the relation, inside the test's transaction; null where one is there, or none can be made. */
export interface ProbeRow {
  readonly state: 'there' | 'made' | 'none';
  /** Run by the session's own user before an attempt that needs the row. */
  readonly statements: readonly string[];
  /** Why there is none. */
  readonly why: string | null;
}

/**
 * A real row to try things on: one that is there; else one made with the project's probe; for a partition a copy of a row of its table
 * with the partition's lower bound as key, without foreign keys, which only a superuser can do. Leaves nothing: what it tries it rolls back.
 */
export async function probeRow(session: Session, relation: TestedRelation, probe: readonly string[] | null): Promise<ProbeRow> {
  const { name, kind } = relation;
  if (kind === 'p') return { state: 'none', statements: [], why: 'a partitioned table holds no rows itself' };
  const [found] = await session.rows<{ there: boolean }>('select pg_catalog.pg_relation_size($1::pg_catalog.oid) > 0 as there', [
    relation.oid,
  ]);
  const there =
    found?.there === true &&
    (await problemOf(session, [
      `do $row$ begin if not exists (select from only ${name}) then raise 'no row'; end if; end $row$`,
    ])) === null;
  if (there) return { state: 'there', statements: [], why: null };
  const statements = relation.isPartition ? copyStatements(relation, probe) : probe;
  if (statements === null)
    return { state: 'none', statements: [], why: 'the table is empty, and dbctl.yaml has no probe for it' };
  const problem = await problemOf(session, [
    ...statements,
    `do $row$ begin if not exists (select from only ${name}) then raise 'the probe makes no row in ${name.replaceAll("'", "''")}'; end if; end $row$`,
  ]);
  return problem === null ? { state: 'made', statements, why: null } : { state: 'none', statements: [], why: problem };
}

/** The probe's row, or one of the table's, with the key of this partition. */
function copyStatements(
  { name, root, bound, columns }: TestedRelation,
  probe: readonly string[] | null,
): readonly string[] | null {
  if (bound === null) return null;
  const list = columns.join(', ');
  const value = (column: string) =>
    column === bound.column || column === `"${bound.column}"` ? literal(bound.lower) : `r.${column}`;
  return [
    ...(probe ?? []),
    'set local session_replication_role = replica',
    `insert into ${name} (${list}) overriding system value select ${columns.map(value).join(', ')} from (select * from ${root} limit 1) r`,
    'set local session_replication_role = origin',
  ];
}

async function problemOf(session: Session, statements: readonly string[]): Promise<string | null> {
  await session.script('savepoint probe');
  try {
    for (const statement of statements) await session.script(statement);
    return null;
  } catch (thrown) {
    return (thrown as Error).message;
  } finally {
    await session.script('rollback to savepoint probe; release savepoint probe');
  }
}

/** The statements of a probe, cut by PostgreSQL's own grammar. Fails with config.invalid when it is no SQL. */
export async function probeStatements(table: string, sql: string): Promise<string[]> {
  await loadParser();
  const statements = parseStatements(sql);
  if ('message' in statements) {
    fail('config.invalid', `the probe of ${table} is no SQL: ${statements.message}`, {
      hint: 'Correct immutability.tables[].probe in dbctl.yaml.',
    });
  }
  return statements.map((statement) => statement.sql.trim());
}

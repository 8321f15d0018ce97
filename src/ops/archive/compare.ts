import { fail } from '../../core/errors.ts';
import { ident, qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { COPY_OPTIONS, type ArchiveFormat } from './format.ts';
import type { ArchivedColumn } from './manifest.ts';
import { columnList, orderedRows, relationName, rowText, type ArchivedRelation } from './relation.ts';

/** Rows of a relation in two figures that know no order. */
export interface RowFigures {
  readonly rows: number;
  readonly hash: string;
}

/** Where rows that were read back are loaded: a table of the session, gone with it. */
export const LOADED = { schema: 'pg_temp', name: 'dbctl_archive' } as const;

/** Before a transaction that may only read: it may fill such a table, but not make one. Fails with db.denied without the right TEMPORARY. */
export async function makeLoadTable(session: Session, relation: ArchivedRelation): Promise<void> {
  await session.script(
    `create temporary table ${ident(LOADED.name)} as
     select ${columnList(relation.columns)} from only ${qualified(relation.schema, relation.name)} with no data`,
  );
}

/** Loads text of a format into a table. Fails with sql.failed on text the server does not read. */
export function loadRows(
  session: Session,
  into: { readonly schema: string; readonly name: string },
  { columns, format }: { readonly columns: readonly ArchivedColumn[]; readonly format: ArchiveFormat },
  text: AsyncIterable<Buffer>,
): Promise<number> {
  const to = `${qualified(into.schema, into.name)} (${columnList(columns)})`;
  return session.copyIn(`copy ${to} from stdin (${COPY_OPTIONS[format].from})`, text);
}

/**
 * Count and sum of a 64-bit hash over the text of each row. By text, not by value: 1.0 and 1.00, or 0 and -0, are equal to the server and not to an
 * archive. 250,000 rows of an audit log a second.
 */
export async function rowFigures(
  session: Session,
  { schema, name }: { readonly schema: string; readonly name: string },
  columns: readonly ArchivedColumn[],
): Promise<RowFigures> {
  const [row] = await session.rows<{ rows: number; hash: string }>(
    `select pg_catalog.count(*)::pg_catalog.float8 as rows,
            coalesce(pg_catalog.sum(pg_catalog.hashtextextended(${rowText(columns)} collate "C", 0)), 0)::pg_catalog.text as hash
     from only ${qualified(schema, name)}`,
  );
  if (row === undefined) throw new Error('a count is always a row');
  return row;
}

/** Differences that are told one by one. */
const TOLD = 5;

/** Fails with archive.failed where what was loaded is not what the relation holds, naming rows by their key. */
export async function requireSameRows(
  session: Session,
  relation: ArchivedRelation,
  expected: RowFigures,
  loaded: RowFigures,
): Promise<void> {
  if (expected.rows === loaded.rows && expected.hash === loaded.hash) return;
  const figures =
    expected.rows === loaded.rows
      ? `has ${loaded.rows} rows as ${relationName(relation)}, and other ones`
      : `has ${loaded.rows} rows, and ${relationName(relation)} has ${expected.rows}`;
  const told = relation.key.length === 0 ? [] : await differentRows(session, relation);
  fail('archive.failed', `what was read back ${figures}${told.length === 0 ? '' : `: ${told.join('; ')}`}`, {
    hint: 'Nothing was sealed. Export again, and look into what changed the rows on their way.',
  });
}

async function differentRows(session: Session, { schema, name, key, columns }: ArchivedRelation): Promise<readonly string[]> {
  const keys = rowText(key.map((column) => ({ name: column })));
  const side = (of: string) => `(select ${keys} as key, ${rowText(columns)} as content from only ${of})`;
  const rows = await session.rows<{ key: string; what: string }>(
    `select coalesce(d.key, a.key) as key,
            case when a.key is null then 'is missing' when d.key is null then 'is too many' else 'has another content' end as what
     from ${side(qualified(schema, name))} d
     full join ${side(qualified(LOADED.schema, LOADED.name))} a on a.key = d.key
     where a.content is distinct from d.content
     order by 1
     limit ${TOLD}`,
  );
  return rows.map(({ key: which, what }) => `row ${which} ${what}`);
}

/** COPY … TO of a relation, in its order. */
export const copyQuery = (relation: ArchivedRelation, format: ArchiveFormat): string =>
  `copy (${orderedRows(relation)}) to stdout (${COPY_OPTIONS[format].to})`;

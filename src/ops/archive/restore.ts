import { fail } from '../../core/errors.ts';
import { ident, qualified, splitName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Repository } from '../backup/repository.ts';
import { loadRows, rowFigures } from './compare.ts';
import type { ArchivedColumn, ArchiveManifest } from './manifest.ts';
import { readRows, unlockArchive, type ReadOptions } from './read.ts';
import { EXACT_TEXT } from './relation.ts';
import { sealedRowsOf } from './verify.ts';
import { requireRoots, type SealedRows } from './windows.ts';

/**
 * Brings an archive back into a new table of the columns it had: without keys, defaults, guards and grants. Rows are compared with the figures of
 * the manifest, and with the roots the ledger had sealed, before the table is there for others. Fails with refused where it is there already, with
 * archive.failed where what came is not what was archived: then nothing is left.
 */
export async function restoreArchive(
  session: Session,
  destination: Repository,
  manifest: ArchiveManifest,
  into: string,
  options: ReadOptions,
): Promise<{ readonly rows: number }> {
  const table = splitName(into);
  await session.script(EXACT_TEXT);
  await requireFree(session, table);
  const dataKey = await unlockArchive(destination, manifest);
  const sealed = await sealedRowsOf(destination, manifest);
  return inTransaction(session, 'read write', async () => {
    await session.script(createTable(table, manifest.columns));
    return loadVerified(session, destination, { manifest, dataKey, sealed }, table, options);
  });
}

/** An archive that can be read. */
interface OpenedArchive {
  readonly manifest: ArchiveManifest;
  /** Null: it is not encrypted. */
  readonly dataKey: Buffer | null;
  readonly sealed: SealedRows | null;
}

/**
 * Loads an archive into an empty table of its columns, inside a transaction. Fails with archive.failed where number and hash of the rows are not
 * those of the manifest, or a root is not the one the ledger sealed.
 */
export async function loadVerified(
  session: Session,
  destination: Repository,
  { manifest, dataKey, sealed }: OpenedArchive,
  table: { readonly schema: string; readonly name: string },
  options: ReadOptions,
): Promise<{ readonly rows: number }> {
  await readRows(destination, manifest, dataKey, options, (text) =>
    loadRows(session, table, { columns: manifest.columns, format: manifest.data.format }, text),
  );
  const { rows, hash } = await rowFigures(session, table, manifest.columns);
  if (rows !== manifest.rows || hash !== manifest.rowHash)
    fail(
      'archive.failed',
      `${table.schema}.${table.name} would have ${rows} rows that are not the ${manifest.rows} of ${manifest.id}`,
      {
        hint: 'Nothing was kept. Restore into a server of the major version it came from: others may write a value in another way.',
      },
    );
  if (sealed !== null) await requireRoots(session, sealed, table, manifest.id);
  return { rows };
}

async function requireFree(
  session: Session,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<void> {
  const [found] = await session.rows<{ schema: boolean; relation: boolean }>(
    `select exists (select from pg_catalog.pg_namespace n where n.nspname = $1) as schema,
            exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = $1 and c.relname = $2) as relation`,
    [schema, name],
  );
  if (found?.schema !== true)
    fail('refused', `there is no schema ${schema}`, { hint: `create schema ${ident(schema)}, or name another one.` });
  if (found.relation)
    fail('refused', `${schema}.${name} is there already`, {
      hint: 'Name a new table: nothing is put beside rows that are there.',
    });
}

/** Columns alone. */
export function createTable(
  table: { readonly schema: string; readonly name: string },
  columns: readonly ArchivedColumn[],
): string {
  const lines = columns.map(
    ({ name, type, notNull, collation }) =>
      `${ident(name)} ${type}${collation === null ? '' : ` collate ${collation}`}${notNull ? ' not null' : ''}`,
  );
  return `create table ${qualified(table.schema, table.name)} (${lines.join(', ')})`;
}

import type { Session } from '../../db/session.ts';
import type { HashedColumn } from './canonical.ts';
import type { SealedTable } from './relations.ts';
import { readColumnLists } from './state.ts';

export interface CurrentColumns {
  readonly version: number;
  readonly columns: readonly HashedColumn[];
}

/** The list of columns new windows are sealed with; a table whose columns changed gets a new version of it. */
export async function currentColumns(session: Session, { name, columns }: SealedTable): Promise<CurrentColumns> {
  const lists = [...((await readColumnLists(session)).get(name) ?? [])];
  const last = lists.at(-1);
  if (last !== undefined && sameColumns(last[1], columns)) return { version: last[0], columns };
  const version = (last?.[0] ?? 0) + 1;
  await session.rows('insert into dbctl.ledger_columns (table_name, version, columns) values ($1, $2, $3::pg_catalog.jsonb)', [
    name,
    version,
    JSON.stringify(columns),
  ]);
  return { version, columns };
}

const sameColumns = (one: readonly HashedColumn[], other: readonly HashedColumn[]): boolean =>
  one.length === other.length &&
  one.every(({ name, type, form }, index) => {
    const mate = other[index];
    return mate !== undefined && name === mate.name && type === mate.type && form === mate.form;
  });

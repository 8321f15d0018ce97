import type { Session } from '../../db/session.ts';
import type { ArchivedColumn } from './manifest.ts';

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly generated: boolean;
}

/** Columns of a table in their order, with types as manifests have them, which asks for a session with EXACT_TEXT. Empty: there is none. */
export const readColumns = (session: Session, table: string): Promise<TableColumn[]> =>
  session.rows<TableColumn>(COLUMNS, [table]);

const COLUMNS = /* sql */ `
select a.attname::pg_catalog.text as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type, a.attgenerated <> '' as generated
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where pg_catalog.format('%s.%s', n.nspname, c.relname) = $1 and a.attnum > 0 and not a.attisdropped
order by a.attnum`;

/**
 * Why rows of a copy cannot be rows of the table again; null: its columns are the same. Rows that stayed when a column was added have what was its
 * default on that day, which the catalog need not know any more; and what left is compared with what is back by the hash of whole rows, here and by
 * whoever verifies it: so nothing is filled in. Pure.
 */
export function columnProblem(table: string, now: readonly TableColumn[], copy: readonly ArchivedColumn[]): string | null {
  const generated = now.filter((one) => one.generated).map(({ name }) => name);
  if (generated.length > 0) return `${table} has generated columns (${generated.join(', ')})`;
  const before = new Map(copy.map(({ name, type }) => [name, type]));
  const after = new Map(now.map(({ name, type }) => [name, type]));
  const added = now.filter(({ name }) => !before.has(name)).map(({ name }) => name);
  const gone = copy.filter(({ name }) => !after.has(name)).map(({ name }) => name);
  const other = now
    .filter(({ name, type }) => before.has(name) && before.get(name) !== type)
    .map(({ name, type }) => `${name} is ${type}, and was ${before.get(name)}`);
  const parts = [
    ...(added.length === 0 ? [] : [`it has got ${added.join(', ')}`]),
    ...(gone.length === 0 ? [] : [`it has lost ${gone.join(', ')}`]),
    ...other,
  ];
  const sameOrder = now.length === copy.length && now.every(({ name }, at) => copy[at]?.name === name);
  if (parts.length === 0 && !sameOrder) parts.push('they stand in another order');
  return parts.length === 0 ? null : `the columns of ${table} are not those of its copy any more: ${parts.join('; ')}`;
}

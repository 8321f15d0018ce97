import type { Config } from '../../config/config.ts';
import { fail } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import { ident, literal, qualified, splitName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';

/** The table that knows what each session cost, as dbctl.yaml names it. */
export type SessionTable = NonNullable<Config['cost']['sessions']>;

/** Sessions that ended in one month, of one group and currency. */
export interface SessionCosts {
  /** `2026-11`, of UTC. */
  readonly month: string;
  /** What `by` says; null: it says nothing, or nothing was asked. */
  readonly group: string | null;
  /** Null: what they cost is not known. */
  readonly currency: string | null;
  readonly sessions: number;
  /** Exact, as the server writes numeric; null: not known. */
  readonly amount: string | null;
}

/** Sessions whose cost could not be worked out, whenever they ended. */
export interface WithoutCost {
  readonly status: string;
  readonly sessions: number;
  /** ISO 8601. */
  readonly oldest: string | null;
}

/** What the role would need to look; an empty list: it may. */
export async function missingGrants(session: Session, table: SessionTable): Promise<readonly string[]> {
  const { schema, name } = splitName(table.table);
  const wanted = columnsOf(table);
  const [found] = await session.rows<{ usage: boolean; columns: string[]; who: string }>(RIGHTS, [schema, name, wanted]);
  if (found === undefined) return [];
  const lacking = wanted.filter((column) => !found.columns.includes(column));
  return [
    ...(found.usage ? [] : [`grant usage on schema ${ident(schema)} to ${found.who};`]),
    ...(lacking.length === 0
      ? []
      : [`grant select (${lacking.map(ident).join(', ')}) on table ${qualified(schema, name)} to ${found.who};`]),
  ];
}

const columnsOf = ({ at, amount, currency, status }: SessionTable): string[] => [
  ...new Set([at, amount, currency, ...(status === undefined ? [] : [status])]),
];

const RIGHTS = /* sql */ `
select pg_catalog.has_schema_privilege(n.oid, 'USAGE') as usage, pg_catalog.quote_ident(current_user) as who,
       array(
         select a.attname::pg_catalog.text from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attname::pg_catalog.text = any ($3) and not a.attisdropped
           and pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')) as columns
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2`;

/** Fails with config.invalid where the table or a column is not there, or is of a type that amounts cannot have. */
export async function requireColumns(session: Session, table: SessionTable): Promise<void> {
  const { schema, name } = splitName(table.table);
  const columns = await session.rows<{ name: string; type: string }>(COLUMNS, [schema, name]);
  const hint = 'cost.sessions of dbctl.yaml names the table and its columns: docs/cost.md.';
  if (columns.length === 0) fail('config.invalid', `there is no table ${table.table}, which cost.sessions names`, { hint });
  const types = new Map(columns.map((one) => [one.name, one.type]));
  for (const column of columnsOf(table)) {
    if (types.has(column)) continue;
    const meant = suggest(column, [...types.keys()]);
    fail('config.invalid', `${table.table} has no column ${column}${meant === undefined ? '' : `, did you mean ${meant}`}`, {
      hint,
    });
  }
  const [atType, amountType] = [types.get(table.at), types.get(table.amount)];
  if (atType !== 'timestamp with time zone')
    fail('config.invalid', `${table.table}.${table.at} is of type ${atType}, and has to be a timestamptz`, { hint });
  if (amountType !== 'numeric')
    fail(
      'config.invalid',
      `${table.table}.${table.amount} is of type ${amountType}, and has to be numeric: sums of others are not exact`,
      {
        hint,
      },
    );
}

const COLUMNS = /* sql */ `
select a.attname::pg_catalog.text as name, pg_catalog.format_type(a.atttypid, null) as type
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped
order by a.attnum`;

/**
 * What sessions cost that ended from one moment to before another, by month, group and currency. `by` is an SQL expression that was looked at
 * before; null: no groups. Fails with db.denied where policies hide rows: the session has to have row_security off.
 */
export async function readSessionCosts(
  session: Session,
  table: SessionTable,
  { by, from, to }: { readonly by: string | null; readonly from: Date; readonly to: Date },
): Promise<readonly SessionCosts[]> {
  const { schema, name } = splitName(table.table);
  const [at, amount, currency] = [ident(table.at), ident(table.amount), ident(table.currency)];
  return session.rows<SessionCosts>(
    `select pg_catalog.to_char(ended.at at time zone 'UTC', 'YYYY-MM') as month, ended.by as "group", ended.currency,
            pg_catalog.count(*)::pg_catalog.float8 as sessions, pg_catalog.sum(ended.amount)::pg_catalog.text as amount
     from (
       select ${at} as at, ${amount} as amount, case when ${amount} is not null then ${currency}::pg_catalog.text end as currency,
              ${by === null ? 'null::pg_catalog.text' : `(\n${by}\n)::pg_catalog.text`} as by
       from ${qualified(schema, name)}
       where ${at} >= $1 and ${at} < $2
     ) ended
     group by 1, 2, 3
     order by 1 desc, pg_catalog.sum(ended.amount) desc nulls last, 2, 3`,
    [from, to],
  );
}

/** Values stand in the text of the statement, so that a partial index on them serves it. */
export async function readWithoutCost(session: Session, table: SessionTable): Promise<readonly WithoutCost[]> {
  if (table.status === undefined || table.alarms.length === 0) return [];
  const { schema, name } = splitName(table.table);
  const [at, status] = [ident(table.at), ident(table.status)];
  return session.rows<WithoutCost>(
    `select s.${status}::pg_catalog.text as status, pg_catalog.count(*)::pg_catalog.float8 as sessions,
            pg_catalog.to_char(pg_catalog.min(s.${at}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as oldest
     from ${qualified(schema, name)} s
     where s.${status} in (${table.alarms.map(literal).join(', ')})
     group by 1
     order by 1`,
  );
}

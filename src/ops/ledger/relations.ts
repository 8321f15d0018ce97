import { DbctlError, fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { columnForm, logicalName, type ColumnFacts, type HashedColumn } from './canonical.ts';
import type { LedgerSettings } from './settings.ts';

/** A table of the ledger, and the relations that hold its rows. */
export interface SealedTable {
  /** `schema.table`. */
  readonly name: string;
  /** The columns as they are now. */
  readonly columns: readonly HashedColumn[];
  /** `schema.partition` of each relation with rows; the table itself where it is not partitioned. */
  readonly partitions: readonly Partition[];
}

export interface Partition {
  readonly name: string;
  readonly schema: string;
  readonly relation: string;
}

interface Row {
  readonly schema: string;
  readonly name: string;
  readonly found: boolean;
  readonly xidType: string | null;
  readonly columns: readonly ColumnFacts[];
  readonly partitions: readonly { readonly schema: string; readonly name: string; readonly readable: boolean }[];
}

/**
 * From then on the session fails where a row security policy would hide rows from it: a hash over some of them would be called tampering
 * by everybody who sees all.
 */
export const SEE_EVERY_ROW = 'set row_security = off';

/**
 * The tables of the settings as the catalogs show them, in a session that sees every row or fails.
 * Fails with refused on a table that cannot be sealed, with db.denied on one that cannot be read, saying why.
 */
export async function readSealedTables(session: Session, { tables, xidColumn }: LedgerSettings): Promise<SealedTable[]> {
  await session.script(SEE_EVERY_ROW);
  const rows = await session.rows<Row>(QUERY, [JSON.stringify(tables), xidColumn]);
  return rows.map((row) => {
    const name = logicalName(row);
    if (!row.found)
      fail('refused', `there is no table ${name}`, {
        hint: 'Run dbctl migrate up first, or correct ledger.tables in dbctl.yaml.',
      });
    if (row.xidType !== 'xid8') {
      fail('refused', `${name} has no column ${xidColumn} of type xid8`, {
        hint: `alter table ${name} add column ${xidColumn} xid8 not null default pg_current_xact_id(), and an index on it.`,
      });
    }
    const closed = row.partitions.find(({ readable }) => !readable);
    if (closed !== undefined) {
      const closedName = logicalName(closed);
      fail('db.denied', `${session.user} may not read ${closedName}`, {
        hint: `Rows are hashed partition by partition: grant select on ${closedName} to ${session.user}, or to dbctl_ledger; dbctl immutability install does that for protected tables.`,
      });
    }
    return {
      name,
      columns: row.columns.map((column) => ({ name: column.name, type: column.type, form: columnForm(name, column) })),
      partitions: row.partitions.map(({ schema, name: relation }) => ({ name: `${schema}.${relation}`, schema, relation })),
    };
  });
}

/** Partitions may be archived between the list of them and the look into them. */
const TRIES = 5;

/**
 * Runs what reads partitions, again from the list of them when one of them has gone meanwhile. `attempt` begins by reading the list, and
 * leaves no transaction open when it fails.
 */
export async function whilePartitionsGo<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      // undefined_table; or, where it went while the statement was being planned, an internal error.
      const gone = thrown instanceof DbctlError && ['42P01', 'XX000'].includes(thrown.sqlstate ?? '');
      if (!gone || tries === TRIES) throw thrown;
    }
  }
}

const QUERY = /* sql */ `
with recursive wanted as (
  select w.place, w.entry ->> 'schema' as schema, w.entry ->> 'name' as name, c.oid
  from pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb) with ordinality w (entry, place)
  left join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
  left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'name' and c.relkind in ('r', 'p')
), family (root, oid) as (
  select w.oid, w.oid from wanted w where w.oid is not null
  union all
  select f.root, i.inhrelid from family f join pg_catalog.pg_inherits i on i.inhparent = f.oid
)
select w.schema,
       w.name,
       w.oid is not null as found,
       (select t.typname::pg_catalog.text from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
        where a.attrelid = w.oid and a.attname = $2 and not a.attisdropped) as "xidType",
       (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                 'name', a.attname,
                 'type', b.typname,
                 'kind', b.typtype,
                 'category', b.typcategory,
                 'send', s.proname,
                 'builtIn', b.oid < 16384,
                 'builtInElement', b.typelem = 0 or b.typelem < 16384) order by a.attnum), '[]')
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
        join pg_catalog.pg_proc s on s.oid = b.typsend
        -- A virtual column is no part of the row: its expression is part of the table's definition.
        where a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v') as columns,
       (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                 'schema', n.nspname, 'name', c.relname,
                 -- Null for one that was dropped since the snapshot: not a matter of rights.
                 'readable', coalesce(pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select'), true)) order by n.nspname, c.relname), '[]')
        from family f
        join pg_catalog.pg_class c on c.oid = f.oid and c.relkind = 'r'
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where f.root = w.oid) as partitions
from wanted w
order by w.place`;

import { suggest } from '../../core/suggest.ts';
import { ident, qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { tableText, type DeleteRule } from './settings.ts';

/** The types of columns an age is counted from. */
export const MOMENT_TYPES = ['timestamp with time zone', 'timestamp without time zone', 'date'] as const;
export type MomentType = (typeof MOMENT_TYPES)[number];

/** The table of a rule as it is in the database. */
export interface RuleTable {
  readonly oid: number;
  /** Quoted, with its schema. */
  readonly sql: string;
  readonly partitioned: boolean;
  readonly type: MomentType;
  /** pg_class.reltuples of it and its partitions; -1: never analysed. */
  readonly rows: number;
  /** With indexes, TOAST and partitions. */
  readonly bytes: number;
  /** A row-level security policy hides rows from whoever runs this. */
  readonly hidden: boolean;
  /** Statements that give what is missing, by a superuser or the owner. */
  readonly grants: readonly string[];
}

/** Why a rule means nothing here, and what may have been meant. */
export interface Misread {
  readonly problem: string;
}

/** Looks the table and the column of a rule up; what is not there is said with what is near. */
export async function readRuleTable(session: Session, rule: DeleteRule, use: 'remove' | 'look'): Promise<RuleTable | Misread> {
  const [found] = await session.rows<Found>(RELATION, [rule.schema, rule.table]);
  if (found === undefined) return { problem: await missingTable(session, rule) };
  if (!['r', 'p'].includes(found.kind))
    return { problem: `${tableText(rule)} is ${KINDS[found.kind] ?? 'no table'}, and rows are removed from tables` };
  const columns = await session.rows<Column>(COLUMNS, [found.oid, rule.by]);
  const column = columns.find(({ name }) => name === rule.by);
  if (column === undefined) {
    const meant = suggest(
      rule.by,
      columns.map(({ name }) => name),
    );
    return { problem: `${tableText(rule)} has no column ${rule.by}${meant === undefined ? '' : `, did you mean ${meant}`}` };
  }
  if (!isMoment(column.type)) {
    return {
      problem: `${tableText(rule)}.${rule.by} is of type ${column.type}, and an age is counted from timestamptz, timestamp or date`,
    };
  }
  const sql = qualified(rule.schema, rule.table);
  return {
    oid: found.oid,
    sql,
    partitioned: found.kind === 'p',
    type: column.type,
    rows: found.rows,
    bytes: found.bytes,
    hidden: found.hidden,
    grants: missingGrants(
      use === 'look' ? { ...found, deletes: true } : found,
      use === 'look' || column.updates,
      rule,
      session.user,
    ),
  };
}

const isMoment = (type: string): type is MomentType => (MOMENT_TYPES as readonly string[]).includes(type);

const KINDS: Readonly<Record<string, string>> = { v: 'a view', m: 'a materialized view', f: 'a foreign table', S: 'a sequence' };

interface Found {
  readonly oid: number;
  readonly kind: string;
  readonly rows: number;
  readonly bytes: number;
  readonly hidden: boolean;
  readonly uses: boolean;
  readonly selects: boolean;
  readonly deletes: boolean;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly updates: boolean;
}

/** FOR UPDATE, which skips rows that others hold, asks for UPDATE on one column, and DELETE is no such right (measured on 18.2). */
function missingGrants(found: Found, updates: boolean, rule: DeleteRule, user: string): string[] {
  const table = qualified(rule.schema, rule.table);
  const rights = [
    ...(found.selects ? [] : ['select']),
    ...(found.deletes ? [] : ['delete']),
    ...(updates ? [] : [`update (${ident(rule.by)})`]),
  ];
  return [
    ...(found.uses ? [] : [`grant usage on schema ${ident(rule.schema)} to ${ident(user)};`]),
    ...(rights.length === 0 ? [] : [`grant ${rights.join(', ')} on table ${table} to ${ident(user)};`]),
    ...(found.hidden ? [`alter role ${ident(user)} bypassrls;`] : []),
  ];
}

async function missingTable(session: Session, rule: DeleteRule): Promise<string> {
  const names = (await session.rows<{ name: string }>(TABLE_NAMES)).map(({ name }) => name);
  const meant = suggest(tableText(rule), names) ?? names.find((name) => name.endsWith(`.${rule.table}`));
  return `there is no table ${tableText(rule)}${meant === undefined ? '' : `, did you mean ${meant}`}`;
}

/** By the catalog: a name in a schema that the login may not use cannot be resolved. */
const RELATION = /* sql */ `
select c.oid::pg_catalog.int8::pg_catalog.float8 as oid, c.relkind::text as kind,
       coalesce((select pg_catalog.sum(case when l.reltuples < 0 then 0 else l.reltuples end)
                 from pg_catalog.pg_partition_tree(c.oid) p
                 join pg_catalog.pg_class l on l.oid = p.relid
                 where p.isleaf), c.reltuples)::pg_catalog.float8 as rows,
       coalesce((select pg_catalog.sum(pg_catalog.pg_total_relation_size(p.relid)) from pg_catalog.pg_partition_tree(c.oid) p where p.isleaf),
                pg_catalog.pg_total_relation_size(c.oid))::pg_catalog.float8 as bytes,
       pg_catalog.row_security_active(c.oid) as hidden,
       pg_catalog.has_schema_privilege(n.oid, 'usage') as uses,
       pg_catalog.has_table_privilege(c.oid, 'select') as selects,
       pg_catalog.has_table_privilege(c.oid, 'delete') as deletes
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')`;

const COLUMNS = /* sql */ `
select a.attname::text as name, pg_catalog.format_type(a.atttypid, null) as type,
       (pg_catalog.has_any_column_privilege(a.attrelid, 'update')) as updates
from pg_catalog.pg_attribute a
where a.attrelid = $1::pg_catalog.int8::pg_catalog.oid and a.attnum > 0 and not a.attisdropped and $2::text is not null
order by a.attnum`;

const TABLE_NAMES = /* sql */ `
select pg_catalog.format('%s.%s', n.nspname, c.relname) as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'dbctl')
order by 1`;

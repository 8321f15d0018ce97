import { ident } from '../../db/ident.ts';
import type { MomentType, RuleTable } from './relation.ts';
import type { DeleteRule } from './settings.ts';

/** What a row of the table is called in every statement: no column is. */
export const ROW = 'dbctl_row';

/** A rule on its table, ready to be asked about. `$1` of every statement is the cut-off. */
export interface Target {
  readonly rule: Pick<DeleteRule, 'by' | 'where'>;
  readonly table: Pick<RuleTable, 'sql' | 'type'>;
  /** What has to stay; null: nothing. */
  readonly held: string | null;
}

/**
 * The moment before which rows go, `$1` being the age: by the server's clock, as ISO 8601 in UTC, so that a month is a month of UTC whatever
 * the time zone of the session.
 */
export const CUT_OFF = /* sql */ `
select pg_catalog.to_char((pg_catalog.clock_timestamp() at time zone 'UTC') - $1::pg_catalog.interval, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
       pg_catalog.to_char(pg_catalog.clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`;

const CASTS: Readonly<Record<MomentType, string>> = {
  'timestamp with time zone': 'pg_catalog.timestamptz',
  'timestamp without time zone': 'pg_catalog.timestamp',
  date: 'pg_catalog.date',
};

/** Rows past their age: older than the cut-off, and of a moment at all. A date counts when the whole of its day is past. */
function aged({ rule, table }: Target): string {
  const by = `${ROW}.${ident(rule.by)}`;
  const cast = CASTS[table.type];
  return `${by} < $1::text::${cast} and ${by} > '-infinity'::${cast}${rule.where === null ? '' : `\n    and (${rule.where}\n    )`}`;
}

/** Rows that go: past their age, and not held. */
export const goes = (target: Target): string => `${aged(target)}${target.held === null ? '' : `\n    and not (${target.held})`}`;

const from = ({ table }: Target): string => `from ${table.sql} as ${ROW}`;

/** The rows of one batch, `$2` of them, oldest first; those that somebody else has locked are left to the next run. */
const pick = (target: Target): string => `
  select ${ROW}.tableoid as relation, ${ROW}.ctid as place
  ${from(target)}
  where ${goes(target)}
  order by ${ROW}.${ident(target.rule.by)}
  limit $2
  for update of ${ROW} skip locked`;

/** What {@link pick} costs, without locking anything: the same without its last clause. */
export const pickWithoutLocks = (target: Target): string => pick(target).replace(/\n\s*for update of \w+ skip locked$/, '');

/**
 * One batch: picks and removes in one statement. A ctid is of one partition, so relation and ctid go together; the list of ctids by itself
 * is what lets the server fetch the rows by their place (a TID scan) in place of reading the table. The conditions are asked again for a row that
 * changed between the two. `picked` without `deleted` is a trigger that keeps rows.
 */
export const batchStatement = (target: Target): string => `
with picked as materialized (${pick(target)}
), gone as (
  delete ${from(target)}
  where ${ROW}.ctid = any (array(select p.place from picked p))
    and (${ROW}.tableoid, ${ROW}.ctid) in (select p.relation, p.place from picked p)
    and ${goes(target)}
  returning 1
)
select (select pg_catalog.count(*) from picked)::pg_catalog.int4 as picked,
       (select pg_catalog.count(*) from gone)::pg_catalog.int4 as deleted`;

/** Counts stop here: beyond it nobody needs the number, and it would cost a scan. */
export const MOST_COUNTED = 100_000;

/** How many rows go, up to {@link MOST_COUNTED} and one. */
export const countStatement = (target: Target): string =>
  `select pg_catalog.count(*)::pg_catalog.int4 as n from (select ${from(target)} where ${goes(target)} limit ${MOST_COUNTED + 1}) counted`;

/** How many rows stay because they are held, up to the same number. Only where something is held. */
export const heldStatement = (target: Target & { readonly held: string }): string =>
  `select pg_catalog.count(*)::pg_catalog.int4 as n from (select ${from(target)} where ${aged(target)} and (${target.held}) limit ${MOST_COUNTED + 1}) counted`;

/** All of them, with their bytes. */
export const exactStatement = (target: Target): string =>
  `select pg_catalog.count(*)::pg_catalog.float8 as n, coalesce(pg_catalog.sum(pg_catalog.pg_column_size(${ROW}.*)), 0)::pg_catalog.float8 as bytes ${from(target)} where ${goes(target)}`;

/** For the planner's guess of how many. */
export const allStatement = (target: Target): string => `select 1 ${from(target)} where ${goes(target)}`;

/** The oldest of them, and how many seconds it is older than the cut-off. */
export const oldestStatement = (target: Target): string => {
  const by = `${ROW}.${ident(target.rule.by)}`;
  return `
select pg_catalog.to_char(${target.table.type === 'timestamp with time zone' ? `${by} at time zone 'UTC'` : `${by}::pg_catalog.timestamp`}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
       pg_catalog.date_part('epoch', $1::text::pg_catalog.timestamptz - ${by}::pg_catalog.timestamptz)::pg_catalog.float8 as late
${from(target)}
where ${goes(target)}
order by ${by}
limit 1`;
};

import { ident } from '../../../db/ident.ts';

/** A moment as text, ends of time too. */
export const utc = (value: string): string =>
  `case when pg_catalog.isfinite(${value}) then pg_catalog.to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') else (${value})::pg_catalog.text end`;

/** `$1` schema, `$2` name, `$3` the column of the rule. The functions are looked up by name: a database of an older dbctl has none of them. */
export const TABLE = /* sql */ `
select c.oid::pg_catalog.int8::pg_catalog.float8 as oid, c.relkind::pg_catalog.text as kind,
       case when p.partstrat = 'r' and p.partnatts = 1
              and a.atttypid in ('pg_catalog.timestamptz'::pg_catalog.regtype, 'pg_catalog.timestamp'::pg_catalog.regtype, 'pg_catalog.date'::pg_catalog.regtype)
            then a.attname::pg_catalog.text end as "keyColumn",
       (select pg_catalog.format_type(b.atttypid, null) from pg_catalog.pg_attribute b
        where b.attrelid = c.oid and b.attname = $3 and b.attnum > 0 and not b.attisdropped) as "byType",
       pg_catalog.to_regprocedure('dbctl.remove_partition(text)') is not null as governed,
       pg_catalog.to_regclass('dbctl.protected_relation') is not null as registry,
       array(select f.name from (values ('fence_partition(regclass, text)'), ('keep_rows(regclass, interval, text)'), ('record_segment(jsonb)'),
               ('remove_partition(text)'), ('removal_problem(text)')) f (name)
             where not coalesce(pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('dbctl.' || f.name), 'execute'), true)) as "closedFunctions",
       array(select d.relname::pg_catalog.text from pg_catalog.pg_class d
             where d.relnamespace = pg_catalog.to_regnamespace('dbctl')
               and d.relname in ('protected_relation', 'permit', 'archive_keep', 'archive_segment', 'archive_event', 'legal_hold', 'legal_hold_release',
                                 'ledger_window', 'ledger_receipt', 'ledger_columns')
               and not pg_catalog.has_table_privilege(d.oid, 'select')
             order by 1) as "closedTables",
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'temporary') as temporary,
       pg_catalog.has_schema_privilege(n.oid, 'usage') as uses, pg_catalog.row_security_active(c.oid) as hidden
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_partitioned_table p on p.partrelid = c.oid
left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
where n.nspname = $1 and c.relname = $2`;

/** The latest of dbctl.archive_keep beside the rule; `$1` the table, `$2` the age of the rule. */
export const SAID = /* sql */ `
select k.keep::pg_catalog.text as keep, case when k.keep = $2::pg_catalog.interval then 'same' when k.keep < $2::pg_catalog.interval then 'shorter' else 'longer' end as than
from dbctl.archive_keep k
where k.table_name = $1
order by k.id desc
limit 1`;

/** Partitions of the table itself, by their bounds; `$1` its oid, `$2` the cut-off. */
export const PARTITIONS = /* sql */ `
with part as (
  select c.oid, c.relkind, n.nspname, c.relname, i.inhdetachpending as pending, pg_catalog.pg_get_expr(c.relpartbound, c.oid) as bound,
         c.reltuples, a.atttypid
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class c on c.oid = i.inhrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_partitioned_table p on p.partrelid = i.inhparent
  join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
  where i.inhparent = $1::pg_catalog.int8::pg_catalog.oid
), spans as (
  select p.*, pg_catalog.regexp_match(p.bound, ' TO \\(''([^'']+)''\\)$') as upper
  from part p
), ends as (
  select s.*,
         case when s.upper is null then null
              when s.atttypid = 'pg_catalog.timestamptz'::pg_catalog.regtype then s.upper[1]::pg_catalog.timestamptz
              else s.upper[1]::pg_catalog.timestamp at time zone 'UTC' end as until
  from spans s
)
select e.oid::pg_catalog.int8::pg_catalog.float8 as oid, e.relkind::pg_catalog.text as kind, pg_catalog.format('%s.%s', e.nspname, e.relname) as name,
       pg_catalog.format('%I.%I', e.nspname, e.relname) as sql, e.bound, e.bound = 'DEFAULT' as "isDefault", e.pending as "isPending",
       coalesce(e.until <= $2::pg_catalog.timestamptz, false) as "isPast",
       pg_catalog.pg_total_relation_size(e.oid)::pg_catalog.float8 as "hotBytes", e.reltuples::pg_catalog.float8 as tuples,
       exists (select from pg_catalog.pg_constraint k where k.conrelid = e.oid and k.conname = 'dbctl_fence') as "isFenced",
       pg_catalog.has_table_privilege(e.oid, 'select') as selects,
       array(select v.attname::pg_catalog.text from pg_catalog.pg_attribute v
             where v.attrelid = e.oid and v.attgenerated = 'v' and not v.attisdropped order by v.attnum) as "virtualColumns"
from ends e
order by e.until nulls last, e.relname`;

/**
 * Least and greatest time of a partition; `$1` the cut-off. A row that says no moment in the rule's column has no age, and a date has its age when
 * the whole of its day is past.
 */
export function times(partition: string, key: string, by: string): string {
  const newest = `pg_catalog.max(t.${ident(by)})`;
  const noMoment = `pg_catalog.bool_or(t.${ident(by)} is null or not pg_catalog.isfinite(t.${ident(by)}))`;
  return /* sql */ `
select ${utc(`pg_catalog.min(t.${ident(key)})::pg_catalog.timestamptz`)} as oldest, ${utc(`pg_catalog.max(t.${ident(key)})::pg_catalog.timestamptz`)} as newest,
       coalesce(case when pg_catalog.pg_typeof(${newest}) = 'pg_catalog.date'::pg_catalog.regtype
                     then ${newest}::pg_catalog.timestamptz + interval '1 day' <= $1::pg_catalog.timestamptz
                     else ${newest}::pg_catalog.timestamptz < $1::pg_catalog.timestamptz end${by === key ? '' : ` and not ${noMoment}`},
                pg_catalog.count(*) = 0) as "isAged",
       coalesce(case when pg_catalog.isfinite(${newest}) then
                  pg_catalog.date_part('epoch', $1::pg_catalog.timestamptz - ${newest}::pg_catalog.timestamptz) end, 0)::pg_catalog.float8 as "lateSeconds"
from only ${partition} t`;
}

/** All of them, where they are counted. */
export const countRows = (partition: string): string =>
  `select pg_catalog.count(*)::pg_catalog.float8 as rows from only ${partition} t`;

/** Whether rows of that age are in it at all: the default partition, whose bounds say nothing. */
export const hasOld = (partition: string, key: string): string => /* sql */ `
select exists (select from only ${partition} t where t.${ident(key)}::pg_catalog.timestamptz < $1::pg_catalog.timestamptz) as there`;

/** As dbctl.too_young() sees it once the rule was said; `$1` table, `$2` age of the rule, `$3` oldest row, `$4` newest. */
export const PROMISED = /* sql */ `
select case when pg_catalog.max(k.keep) > $2::pg_catalog.interval and $4::pg_catalog.timestamptz > pg_catalog.now() - pg_catalog.max(k.keep)
            then pg_catalog.max(k.keep)::pg_catalog.text end as promised
from (
  select a.keep, pg_catalog.lead(a.set_at, 1, pg_catalog.now()) over (order by a.id) as ended_at
  from dbctl.archive_keep a
  where a.table_name = $1
) k
where $3::pg_catalog.timestamptz is null or k.ended_at > $3::pg_catalog.timestamptz`;

/** `$1` the table, `$2` the partition. No row: the ledger does not know the table. */
export const LEDGER = /* sql */ `
select pg_catalog.count(w.position)::pg_catalog.float8 as windows, pg_catalog.max(w.hi)::pg_catalog.text as hi,
       coalesce(pg_catalog.bool_and(exists (select from dbctl.ledger_receipt r where r.sequence = w.sequence)), true) as "isPublished"
from (select from dbctl.ledger_columns c where c.table_name = $1 limit 1) known
left join dbctl.ledger_window w
  on w.partition_name = $2 and w.epoch = (select pg_catalog.max(l.epoch) from dbctl.ledger_window l where l.partition_name = $2)
group by ()
having pg_catalog.count(*) > 0`;

/** Rows that no window has; `$1` where the last one ends. */
export const unsealed = (partition: string, xidColumn: string): string => /* sql */ `
select exists (select from only ${partition} t where $1::pg_catalog.text is null or t.${ident(xidColumn)} >= $1::pg_catalog.text::pg_catalog.xid8) as there`;

/** The newest copy of a partition; `$1` its oid, `$2` its name. */
export const SEGMENT = /* sql */ `
select s.segment, s.rows::pg_catalog.float8 as rows, s.cold_bytes::pg_catalog.float8 as "coldBytes", s.uri, s.manifest_sha256 as "manifestSha256",
       s.exported_by as "exportedBy", ${utc('s.exported_at')} as "exportedAt", s.detail,
       not exists (select from dbctl.permit p
                   where p.relation = s.relation::pg_catalog.oid::pg_catalog.regclass and p.purpose = 'archive' and p.given_at > s.exported_at) as "isBehindFence",
       case when (s.detail ->> 'until')::pg_catalog.timestamptz > pg_catalog.now() then s.detail ->> 'until' end as "backUntil",
       exists (select from dbctl.archive_event e where e.segment = s.segment and e.kind = 'verified' and e.actor <> s.exported_by) as "isVerified",
       array(select r.problem from dbctl.removal_problem(s.segment) r where r.code <> 'IM010') as problems
from dbctl.archive_segment s
where s.relation = $1::pg_catalog.int8 and s.partition_name = $2
order by s.exported_at desc, s.segment desc
limit 1`;

import type { DatabaseFunction } from '../immutability/function.ts';

const RETURN_PROBLEM: DatabaseFunction = {
  name: 'return_problem',
  args: 'given_segment text',
  returns: 'table (code text, problem text)',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment: 'why a partition that left may not come back now; no row: it may',
  body: /* sql */ `
declare
  s dbctl.archive_segment;
  back dbctl.archive_return;
  sealed bigint;
begin
  select a.* into s from dbctl.archive_segment a where a.segment = given_segment;
  if s.segment is null then
    return query select '22023', pg_catalog.format('there is no segment %s', given_segment);
    return;
  end if;
  select r.* into back from dbctl.archive_return r where r.segment = s.segment;
  if back.segment is not null then
    return query select 'IM016', pg_catalog.format('it came from segment %s itself: bring that one back', back.of_segment);
    return;
  end if;
  if not exists (select from dbctl.archive_event e where e.segment = s.segment and e.kind = 'removed') then
    return query select 'IM016', 'its partition was not removed';
    return;
  end if;
  select r.* into back from dbctl.archive_return r
  where r.of_segment = s.segment
    and not exists (select from dbctl.archive_event e where e.segment = r.segment and e.kind = 'removed');
  if back.segment is not null then
    return query select 'IM016', pg_catalog.format('it is back already, until %s', back.until);
    return;
  end if;
  if not exists (
    select from dbctl.protected_relation p
    join pg_catalog.pg_class c on c.oid = p.root and c.relkind = 'p'
    where p.relation = p.root and pg_catalog.format('%s.%s', p.schema_name, p.table_name) = s.table_name)
  then
    return query select 'IM016', pg_catalog.format('%s is no protected table with partitions', s.table_name);
    return;
  end if;
  if exists (
    select from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where pg_catalog.format('%s.%s', n.nspname, c.relname) = s.partition_name)
  then
    return query select 'IM016', pg_catalog.format('%s is there already', s.partition_name);
  end if;
  if s.bound !~ '^FOR VALUES FROM [(](MINVALUE|''[^'']+'')[)] TO [(](MAXVALUE|''[^'']+'')[)]$' then
    return query select 'IM016', pg_catalog.format('its bound was %s, and not a range of one column', s.bound);
  end if;
  -- Rows that no window of the present epoch knows would be called put in later.
  if exists (select from dbctl.ledger_columns l where l.table_name = s.table_name) then
    select coalesce(sum(w.rows), 0) into sealed
    from dbctl.ledger_window w
    where w.partition_name = s.partition_name and w.epoch = (select max(e.epoch) from dbctl.ledger_epoch e);
    if sealed <> s.rows then
      return query select 'IM014', pg_catalog.format('the present epoch of the ledger has sealed %s of its %s rows', sealed, s.rows);
    end if;
  end if;
end`,
};

/**
 * Whoever brings rows back owns the table they come from, and it is read with the rights of the owner of the protected tables: nothing of it may run
 * but the reading of columns.
 */
const LOADED_PROBLEM: DatabaseFunction = {
  name: 'loaded_problem',
  args: 'loaded regclass, parent regclass',
  returns: 'text',
  language: 'sql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment:
    'why rows cannot be taken from a table into a partition; null: it is a temporary one of the caller, with the columns of the parent',
  body: /* sql */ `
with columns as (
  select c.oid as relation,
         pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(a.attname, a.atttypid::pg_catalog.int8, a.atttypmod) order by a.attnum) as list,
         pg_catalog.bool_or(a.attgenerated <> '') as generated
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.oid in (loaded, parent)
  group by c.oid
)
select case
         when c.relkind <> 'r' or c.relpersistence <> 't' or c.relnamespace <> pg_catalog.pg_my_temp_schema() or c.relrowsecurity
              or c.relhasrules or pg_catalog.pg_get_userbyid(c.relowner) <> session_user
           then pg_catalog.format('%s is no temporary table of %s', c.relname, session_user)
         when p.generated then pg_catalog.format('%s has generated columns', parent)
         when l.list is distinct from p.list then pg_catalog.format('the columns of %s are not those of its copy any more', parent)
       end
from pg_catalog.pg_class c
left join columns l on l.relation = loaded
left join columns p on p.relation = parent
where c.oid = loaded`,
};

const REQUIRE_RETURNABLE: DatabaseFunction = {
  name: 'require_returnable',
  args: 'given_segment text, loaded regclass',
  returns:
    'table (parent regclass, partition_schema name, partition_name name, bound text, within text, columns text, rows bigint, rows_hash text, hashed_by text)',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  settings: ["timezone = 'UTC'", "datestyle = 'ISO, MDY'"],
  comment: 'what a partition that may come back is made of, or the reason why it may not',
  body: /* sql */ `
declare
  found record;
  of_table regclass;
  problem text;
begin
  select r.code, r.problem into found from dbctl.return_problem(given_segment) r limit 1;
  if found.code is not null then
    raise exception using
      errcode = found.code,
      message = pg_catalog.format('the partition of segment %s stays away: %s', given_segment, found.problem);
  end if;
  select p.relation into of_table
  from dbctl.archive_segment s
  join dbctl.protected_relation p on p.relation = p.root and pg_catalog.format('%s.%s', p.schema_name, p.table_name) = s.table_name
  where s.segment = given_segment;
  problem := dbctl.loaded_problem(loaded, of_table);
  if problem is not null then
    raise exception using
      errcode = 'IM016',
      message = pg_catalog.format('the partition of segment %s stays away: %s', given_segment, problem);
  end if;
  return query
    select of_table, n.nspname, pg_catalog.substr(s.partition_name, pg_catalog.length(n.nspname) + 2)::name, s.bound,
           pg_catalog.concat_ws(' and ', pg_catalog.format('%I is not null', a.attname),
             case when b.ends[1] <> 'MINVALUE' then pg_catalog.format('%I >= %s', a.attname, b.ends[1]) end,
             case when b.ends[2] <> 'MAXVALUE' then pg_catalog.format('%I < %s', a.attname, b.ends[2]) end),
           (select pg_catalog.string_agg(pg_catalog.quote_ident(t.attname), ', ' order by t.attnum)
            from pg_catalog.pg_attribute t
            where t.attrelid = of_table and t.attnum > 0 and not t.attisdropped),
           s.rows, s.rows_hash, s.hashed_by
    from dbctl.archive_segment s
    join pg_catalog.pg_class c on c.oid = of_table
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_partitioned_table k on k.partrelid = of_table and k.partnatts = 1 and k.partstrat = 'r'
    join pg_catalog.pg_attribute a on a.attrelid = of_table and a.attnum = k.partattrs[0]
    cross join lateral pg_catalog.regexp_match(s.bound, 'FROM [(](.*)[)] TO [(](.*)[)]$') b (ends)
    where s.segment = given_segment and pg_catalog.starts_with(s.partition_name, n.nspname || '.');
end`,
};

/** Those that others call first. */
export const RETURN_CHECKS: readonly DatabaseFunction[] = [RETURN_PROBLEM, LOADED_PROBLEM, REQUIRE_RETURNABLE];

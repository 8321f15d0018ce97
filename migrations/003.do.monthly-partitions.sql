-- Tables that only ever grow are partitioned by month of created_at: retention is then the removal of a whole
-- partition, not of millions of rows. Months are UTC months, whatever the session's time zone says.
-- Each such table has a default partition, so that a late upkeep run costs an alarm and not an insert.

create function shared.partition_bounds(parent regclass)
returns table (partition regclass, lower_bound timestamptz, upper_bound timestamptz)
language sql
stable
set search_path = ''
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
  select child.oid::regclass,
         (regexp_match(bound.expression, $re$FROM \('([^']+)'\)$re$))[1]::timestamptz,
         (regexp_match(bound.expression, $re$TO \('([^']+)'\)$re$))[1]::timestamptz
  from pg_catalog.pg_inherits link
  join pg_catalog.pg_class child on child.oid = link.inhrelid
  cross join lateral pg_catalog.pg_get_expr(child.relpartbound, child.oid) as bound (expression)
  where link.inhparent = parent
    and not link.inhdetachpending
    and bound.expression <> 'DEFAULT'
  order by 2
$$;

comment on function shared.partition_bounds(regclass) is
  'the partitions of a table partitioned by range of timestamptz, oldest first, without the default partition';

-- A partition is created apart and then attached. "create table ... partition of" would hold ACCESS EXCLUSIVE on
-- the parent, so that every reader queues. Attaching holds, as seen in pg_locks on 18.2: SHARE UPDATE EXCLUSIVE on
-- the parent, ACCESS EXCLUSIVE on the new and the default partition, and SHARE ROW EXCLUSIVE on the tables that the
-- foreign keys refer to, whose writers wait for that moment: hence the short lock_timeout, and retry after 55P03.
-- Attaching fails with 23514 if the default partition already holds rows of that month: move them first.
-- Identity is left out of the copy since a partition may not bring its own; it takes the parent's when attached.
create function shared.create_monthly_partitions(
  parent regclass,
  months_ahead integer default 3,
  months_back integer default 0
)
returns setof regclass
language plpgsql
set search_path = ''
set timezone = 'UTC'
set lock_timeout = '2s'
as $$
declare
  this_month constant timestamptz := date_trunc('month', now());
  parent_schema text;
  parent_name text;
  parent_owner text;
  month_start timestamptz;
  month_end timestamptz;
  partition_name text;
begin
  select n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner)
  into parent_schema, parent_name, parent_owner
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.oid = parent
    and c.relkind = 'p';

  if not found then
    raise exception '% is not a partitioned table', parent using errcode = 'wrong_object_type';
  end if;

  -- Two upkeep runs at once: the second waits here, then finds nothing left to do.
  execute format('lock table only %I.%I in share update exclusive mode', parent_schema, parent_name);

  for step in -months_back .. months_ahead loop
    month_start := this_month + make_interval(months => step);
    month_end := this_month + make_interval(months => step + 1);
    partition_name := parent_name || to_char(month_start, '"_y"YYYY"m"MM');

    continue when exists (
      select from shared.partition_bounds(parent) existing
      where existing.lower_bound <= month_start
        and existing.upper_bound >= month_end
    );

    execute format(
      'create table %I.%I (like %I.%I including all excluding identity)',
      parent_schema, partition_name, parent_schema, parent_name);
    execute format(
      'comment on table %I.%I is %L',
      parent_schema, partition_name, parent_name || to_char(month_start, '", rows created in "YYYY-MM" (UTC)"'));

    if parent_owner <> current_user then
      execute format('alter table %I.%I owner to %I', parent_schema, partition_name, parent_owner);
    end if;

    execute format(
      'alter table %I.%I attach partition %I.%I for values from (%L) to (%L)',
      parent_schema, parent_name, parent_schema, partition_name, month_start, month_end);

    return next format('%I.%I', parent_schema, partition_name)::regclass;
  end loop;
end
$$;

comment on function shared.create_monthly_partitions(regclass, integer, integer) is
  'creates and attaches the missing partitions from months_back before to months_ahead after this month, and '
  'returns the new ones; run daily as the owner of the table. A new partition starts without TRUNCATE guard';

revoke execute on function shared.partition_bounds(regclass) from public;
revoke execute on function shared.create_monthly_partitions(regclass, integer, integer) from public;

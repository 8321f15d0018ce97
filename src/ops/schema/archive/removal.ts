import type { DatabaseFunction } from '../immutability/function.ts';

const REMOVAL_PROBLEM: DatabaseFunction = {
  name: 'removal_problem',
  args: 'given_segment text',
  returns: 'table (code text, problem text)',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment: 'why the partition a copy was made of may not be removed now; no row: it may',
  body: /* sql */ `
declare
  s dbctl.archive_segment;
  windows bigint;
  sealed boolean;
  published boolean;
begin
  select a.* into s from dbctl.archive_segment a where a.segment = given_segment;
  if s.segment is null then
    return query select '22023', pg_catalog.format('there is no segment %s', given_segment);
    return;
  end if;
  if exists (select from dbctl.archive_event e where e.segment = s.segment and e.kind = 'removed') then
    return query select 'IM012', 'its partition is removed already';
    return;
  end if;
  if not exists (
    select from dbctl.protected_relation p
    join pg_catalog.pg_inherits i on i.inhrelid = p.relation and not i.inhdetachpending
    where p.relation = s.relation::pg_catalog.oid and pg_catalog.format('%s.%s', p.schema_name, p.table_name) = s.partition_name)
  then
    return query select 'IM012', pg_catalog.format('%s is no longer the partition that was copied', s.partition_name);
    return;
  end if;
  -- Another fence than the one it was copied behind has another time in dbctl.permit.
  if not exists (select from pg_catalog.pg_constraint k where k.conrelid = s.relation::pg_catalog.oid and k.conname = 'dbctl_fence')
     or exists (
       select from dbctl.permit p
       where p.relation = s.relation::pg_catalog.oid::pg_catalog.regclass and p.purpose = 'archive' and p.given_at > s.exported_at)
  then
    return query select 'IM014', 'the fence it was copied behind is not there any more: copy it again';
  end if;
  if not exists (
    select from dbctl.archive_event e
    where e.segment = s.segment and e.kind = 'verified' and e.actor <> s.exported_by)
  then
    return query select 'IM010', pg_catalog.format('nobody but %s, who exported it, has read the copy back', s.exported_by);
  end if;
  -- As the one who exported it says; what the rows themselves say is asked before they go.
  return query select 'IM011', y.problem
    from dbctl.too_young(s.table_name, s.oldest_at, s.newest_at) y (problem)
    where y.problem is not null;
  sealed := exists (select from dbctl.ledger_columns l where l.table_name = s.table_name);
  if sealed then
    select coalesce(sum(w.rows), 0), coalesce(bool_and(exists (
             select from dbctl.ledger_receipt r where r.sequence = w.sequence)), true)
    into windows, published
    from dbctl.ledger_window w
    where w.partition_name = s.partition_name
      and w.epoch = (select max(l.epoch) from dbctl.ledger_window l where l.partition_name = s.partition_name);
    if windows <> s.rows then
      return query select 'IM014', pg_catalog.format('the ledger has sealed %s of its %s rows', windows, s.rows);
    elsif not published then
      return query select 'IM014', 'not every window of it is published outside the database';
    end if;
  end if;
end`,
};

/** Asked twice: before the rows are counted, and again when nobody else can touch the table. */
const REQUIRE_REMOVABLE: DatabaseFunction = {
  name: 'require_removable',
  args: 'given_segment text',
  returns: 'table (partition regclass, parent regclass, time_column name, rows bigint, rows_hash text, hashed_by text)',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'the partition a copy was made of, or the reason why it stays',
  body: /* sql */ `
declare
  found record;
begin
  select r.code, r.problem into found from dbctl.removal_problem(given_segment) r limit 1;
  if found.code is not null then
    raise exception using
      errcode = found.code,
      message = pg_catalog.format('the partition of segment %s stays: %s', given_segment, found.problem);
  end if;
  return query
    select s.relation::pg_catalog.oid::pg_catalog.regclass, i.inhparent::pg_catalog.regclass, a.attname, s.rows, s.rows_hash, s.hashed_by
    from dbctl.archive_segment s
    join pg_catalog.pg_inherits i on i.inhrelid = s.relation::pg_catalog.oid
    join pg_catalog.pg_partitioned_table t on t.partrelid = i.inhparent
    left join pg_catalog.pg_attribute a on a.attrelid = t.partrelid and a.attnum = t.partattrs[0]
      and t.partnatts = 1 and a.atttypid in ('pg_catalog.timestamptz'::pg_catalog.regtype, 'pg_catalog.timestamp'::pg_catalog.regtype, 'pg_catalog.date'::pg_catalog.regtype)
    where s.segment = given_segment;
end`,
};

const FINISH_REMOVAL: DatabaseFunction = {
  name: 'finish_removal',
  args: 'given_segment text',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment:
    'writes down that a partition leaves by right, and takes it off the registry; the caller drops it in the same transaction',
  body: /* sql */ `
begin
  perform r.partition from dbctl.require_removable(given_segment) r;
  insert into dbctl.archive_event (segment, kind) values (given_segment, 'removed');
  insert into dbctl.ledger_event (kind, table_name, partition_name, reference, reason)
  select 'archived', s.table_name, s.partition_name, s.uri, pg_catalog.format('segment %s, %s rows', s.segment, s.rows)
  from dbctl.archive_segment s
  where s.segment = given_segment;
  delete from dbctl.protected_relation p
  using dbctl.archive_segment s
  where s.segment = given_segment and p.relation = s.relation::pg_catalog.oid;
end`,
};

/**
 * Detached and dropped in one transaction: `detach … concurrently` commits half way, with the rows out of sight and the table open. The rows are
 * counted before the lock on the parent is asked for, since nobody can add any behind the fence and nobody can change one.
 */
const REMOVE_PARTITION: DatabaseFunction = {
  name: 'remove_partition',
  args: 'given_segment text',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  owner: 'tables',
  public: false,
  settings: ["timezone = 'UTC'"],
  comment: 'removes a partition whose copy was read back by somebody else and equals it; fails with IM010 to IM015 otherwise',
  body: /* sql */ `
declare
  asked record;
  counted record;
  times record;
begin
  -- Of two at once the second finds it removed.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('dbctl segment ' || given_segment, 0));
  select * into strict asked from dbctl.require_removable(given_segment);
  select * into strict counted from dbctl.rows_hash(asked.partition, asked.hashed_by);
  if (counted.rows, counted.hash) is distinct from (asked.rows, asked.rows_hash) then
    raise exception using
      errcode = 'IM013',
      message = pg_catalog.format('the partition of segment %s stays: its rows are not those of the copy', given_segment),
      detail = pg_catalog.format('%s has %s rows, %s; the copy has %s, %s.',
        asked.partition, counted.rows, counted.hash, asked.rows, asked.rows_hash);
  end if;
  if asked.time_column is null then
    raise exception using
      errcode = 'IM011',
      message = pg_catalog.format('the partition of segment %s stays: %s is not partitioned by one column of time', given_segment, asked.parent);
  end if;
  execute pg_catalog.format('select min(t.%1$I)::pg_catalog.timestamptz as oldest, max(t.%1$I)::pg_catalog.timestamptz as newest from only %2$s t',
    asked.time_column, asked.partition) into times;
  perform dbctl.require_old(given_segment, times.oldest, times.newest);
  perform dbctl.require_no_hold(given_segment, asked.partition);
  -- The parent first, as readers do, so that nobody waits for the other in a circle.
  execute pg_catalog.format('lock table only %s in access exclusive mode', asked.parent);
  perform dbctl.finish_removal(given_segment);
  execute pg_catalog.format('alter table %s detach partition %s', asked.parent, asked.partition);
  execute pg_catalog.format('drop table %s', asked.partition);
end`,
};

/** Those that others call first. */
export const REMOVAL_FUNCTIONS: readonly DatabaseFunction[] = [
  REMOVAL_PROBLEM,
  REQUIRE_REMOVABLE,
  FINISH_REMOVAL,
  REMOVE_PARTITION,
];

import { ROW_HASHES, ROW_TEXT_SETTINGS } from '../../../db/row-hash.ts';
import type { DatabaseFunction } from '../immutability/function.ts';
import { HOLD_FUNCTIONS } from './holds.ts';

const ROWS_HASH: DatabaseFunction = {
  name: 'rows_hash',
  args: 'relation regclass, how text',
  returns: 'table (rows bigint, hash text)',
  language: 'plpgsql',
  security: 'invoker',
  volatility: 'stable',
  public: true,
  comment: 'count of the rows of one relation, and the sum of their hashes: by record, or by text where a type has no hash',
  settings: ROW_TEXT_SETTINGS.map(([name, value]) => `${name} = ${value}`),
  body: /* sql */ `
begin
  return query execute pg_catalog.format(
    'select pg_catalog.count(*), coalesce(pg_catalog.sum(%s), 0)::pg_catalog.text from only %s t',
    case how
      when 'record' then '${ROW_HASHES.record}'
      when 'text' then '${ROW_HASHES.text}'
    end,
    relation);
end`,
};

/** Only the functions below, which belong to the owner of the tables, may ask for it. */
const ARCHIVE_PERMIT: DatabaseFunction = {
  name: 'archive_permit',
  args: 'partition regclass, reason text',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'lets this transaction fence a partition of a protected table, or take the fence away',
  body: /* sql */ `
begin
  if not exists (
    select from dbctl.protected_relation p
    join pg_catalog.pg_class c on c.oid = p.relation
    where p.relation = archive_permit.partition and p.relation <> p.root and c.relkind = 'r')
  then
    raise exception using
      errcode = '22023',
      message = pg_catalog.format('%s is not a partition of a protected table', archive_permit.partition);
  end if;
  insert into dbctl.permit (relation, purpose, reason) values (archive_permit.partition, 'archive', archive_permit.reason);
end`,
};

/** The rest of the transaction has no permit: who may drop things in the schema could use it. */
const END_ARCHIVE_PERMIT: DatabaseFunction = {
  name: 'end_archive_permit',
  args: 'partition regclass',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'accepts a partition as it is now, and ends the permit it was fenced under',
  body: /* sql */ `
begin
  perform dbctl.accept_shape(partition);
  update dbctl.permit p
  set ended = true
  where p.xid = pg_catalog.pg_current_xact_id() and p.relation = end_archive_permit.partition and p.purpose = 'archive';
end`,
};

/** A late insert would be in the database and not in the copy. */
const FENCE_PARTITION: DatabaseFunction = {
  name: 'fence_partition',
  args: 'partition regclass, reason text',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  owner: 'tables',
  public: false,
  comment: 'lets no more rows into a partition of a protected table, before it is copied; what is in it can be read as before',
  body: /* sql */ `
begin
  perform dbctl.archive_permit(partition, reason);
  -- Takes an exclusive lock on the partition: whoever is inserting into it has ended when it is granted.
  execute pg_catalog.format('alter table %s add constraint dbctl_fence check (false) not valid', partition);
  perform dbctl.end_archive_permit(partition);
end`,
};

const UNFENCE_PARTITION: DatabaseFunction = {
  name: 'unfence_partition',
  args: 'partition regclass, reason text',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  owner: 'tables',
  public: false,
  comment: 'lets rows into a fenced partition again; copies made meanwhile no longer count',
  body: /* sql */ `
begin
  perform dbctl.archive_permit(partition, reason);
  execute pg_catalog.format('alter table %s drop constraint dbctl_fence', partition);
  perform dbctl.end_archive_permit(partition);
end`,
};

const KEEP_ROWS: DatabaseFunction = {
  name: 'keep_rows',
  args: 'relation regclass, keep interval, basis text',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment:
    'how long rows of a protected table stay, from now on; those that are there keep the longest that held since they came',
  body: /* sql */ `
begin
  insert into dbctl.archive_keep (table_name, keep, basis)
  select pg_catalog.format('%s.%s', p.schema_name, p.table_name), keep_rows.keep, keep_rows.basis
  from dbctl.protected_relation p
  where p.relation = keep_rows.relation and p.root = p.relation;
  if not found then
    raise exception using errcode = '22023', message = pg_catalog.format('%s is not a protected table', relation);
  end if;
end`,
};

const RECORD_SEGMENT: DatabaseFunction = {
  name: 'record_segment',
  args: 'given jsonb',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  settings: ["timezone = 'UTC'", "datestyle = 'ISO, MDY'"],
  comment: 'records the copy of a fenced partition: keys are the columns of dbctl.archive_segment',
  body: /* sql */ `
declare
  found oid;
begin
  select p.relation into found
  from dbctl.protected_relation p
  join pg_catalog.pg_constraint k on k.conrelid = p.relation and k.conname = 'dbctl_fence'
  where p.relation = (given ->> 'relation')::pg_catalog.oid and p.relation <> p.root;
  if found is null then
    raise exception using
      errcode = 'IM014',
      message = pg_catalog.format('%s is no fenced partition of a protected table', coalesce(given ->> 'partition_name', 'it')),
      hint = 'Fence it first: what is inserted after the copy would not be in it.';
  end if;
  insert into dbctl.archive_segment
    (segment, relation, table_name, partition_name, bound, rows, rows_hash, hashed_by, oldest_at, newest_at,
     hot_bytes, cold_bytes, format, uri, manifest_sha256, retain_until, detail)
  select s.segment, p.relation::pg_catalog.oid::pg_catalog.int8,
         pg_catalog.format('%s.%s', r.schema_name, r.table_name), pg_catalog.format('%s.%s', p.schema_name, p.table_name),
         pg_catalog.pg_get_expr(c.relpartbound, c.oid), s.rows, s.rows_hash, s.hashed_by, s.oldest_at, s.newest_at,
         pg_catalog.pg_total_relation_size(p.relation), s.cold_bytes, s.format, s.uri, s.manifest_sha256, s.retain_until,
         coalesce(s.detail, '{}')
  from pg_catalog.jsonb_populate_record(null::dbctl.archive_segment, given) s
  join dbctl.protected_relation p on p.relation = found
  join dbctl.protected_relation r on r.relation = p.root
  join pg_catalog.pg_class c on c.oid = p.relation;
end`,
};

/** What was found in the copy is given, and compared here: who verifies cannot say yes to something else. */
const VERIFY_SEGMENT: DatabaseFunction = {
  name: 'verify_segment',
  args: 'given_segment text, rows bigint, rows_hash text, manifest_sha256 text, detail jsonb',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment:
    'records that a copy was read back from where it is, with what was found in it; for somebody else than the one who exported it',
  body: /* sql */ `
declare
  s dbctl.archive_segment;
begin
  select a.* into s from dbctl.archive_segment a where a.segment = given_segment;
  if s.segment is null then
    raise exception using errcode = '22023', message = pg_catalog.format('there is no segment %s', given_segment);
  elsif (s.rows, s.rows_hash, s.manifest_sha256) is distinct from
        (verify_segment.rows, verify_segment.rows_hash, verify_segment.manifest_sha256)
  then
    raise exception using
      errcode = 'IM013',
      message = pg_catalog.format('the copy %s is not what was exported', given_segment),
      detail = pg_catalog.format('Exported: %s rows, %s, manifest %s. Read back: %s rows, %s, manifest %s.',
        s.rows, s.rows_hash, s.manifest_sha256, verify_segment.rows, verify_segment.rows_hash, verify_segment.manifest_sha256);
  end if;
  insert into dbctl.archive_event (segment, kind, detail) values (given_segment, 'verified', coalesce(verify_segment.detail, '{}'));
end`,
};

const TOO_YOUNG: DatabaseFunction = {
  name: 'too_young',
  args: 'named_table text, oldest_at timestamp with time zone, newest_at timestamp with time zone',
  returns: 'text',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment:
    'why rows from the one time to the other have to stay; null: they are older than was ever promised since the oldest came',
  body: /* sql */ `
declare
  longest interval;
begin
  select max(k.keep) into longest
  from (
    select a.keep, pg_catalog.lead(a.set_at) over (order by a.id) as ended_at
    from dbctl.archive_keep a
    where a.table_name = named_table
  ) k
  where k.ended_at is null or oldest_at is null or k.ended_at > oldest_at;
  if longest is null then
    return pg_catalog.format('nobody has said how long rows of %s are kept', named_table);
  elsif newest_at > pg_catalog.now() - longest then
    return pg_catalog.format('its newest row is of %s, and rows are kept for %s', newest_at, longest);
  end if;
  return null;
end`,
};

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

const REQUIRE_OLD: DatabaseFunction = {
  name: 'require_old',
  args: 'given_segment text, oldest_at timestamp with time zone, newest_at timestamp with time zone',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment: 'fails where rows of these times have to stay: the times are those of the rows, whatever was recorded of the copy',
  body: /* sql */ `
declare
  problem text;
begin
  select dbctl.too_young(s.table_name, require_old.oldest_at, require_old.newest_at) into problem
  from dbctl.archive_segment s
  where s.segment = given_segment;
  if problem is not null then
    raise exception using
      errcode = 'IM011',
      message = pg_catalog.format('the partition of segment %s stays: %s', given_segment, problem);
  end if;
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
export const ARCHIVE_FUNCTIONS: readonly DatabaseFunction[] = [
  ROWS_HASH,
  ARCHIVE_PERMIT,
  END_ARCHIVE_PERMIT,
  FENCE_PARTITION,
  UNFENCE_PARTITION,
  KEEP_ROWS,
  RECORD_SEGMENT,
  VERIFY_SEGMENT,
  TOO_YOUNG,
  REMOVAL_PROBLEM,
  REQUIRE_REMOVABLE,
  FINISH_REMOVAL,
  REQUIRE_OLD,
  ...HOLD_FUNCTIONS,
  REMOVE_PARTITION,
];

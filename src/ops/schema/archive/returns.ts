import type { DatabaseFunction } from '../immutability/function.ts';

/** Made before it is attached, which would else make them with readers of the default partition waiting. */
const INDEX_COMMANDS: DatabaseFunction = {
  name: 'index_commands',
  args: 'parent regclass, partition regclass',
  returns: 'setof text',
  language: 'sql',
  security: 'invoker',
  volatility: 'stable',
  public: true,
  settings: ['quote_all_identifiers = off'],
  comment: 'statements that give a table the keys and indexes of another one, of which it is to be a partition',
  body: /* sql */ `
select c.command
from (
  select 1 as place, k.conname as name,
         pg_catalog.format('alter table %s add %s', partition, pg_catalog.pg_get_constraintdef(k.oid)) as command
  from pg_catalog.pg_constraint k
  where k.conrelid = parent and k.contype in ('p', 'u', 'x')
  union all
  -- pg_get_indexdef() writes: create [unique] index NAME on only SCHEMA.TABLE using …
  select 2, i.relname,
         pg_catalog.format('create %sindex on %s %s', case when x.indisunique then 'unique ' else '' end, partition,
           pg_catalog.substr(pg_catalog.pg_get_indexdef(x.indexrelid), pg_catalog.length(
             pg_catalog.format('create %sindex %I on only %I.%I ', case when x.indisunique then 'unique ' else '' end, i.relname, n.nspname, c.relname)) + 1))
  from pg_catalog.pg_index x
  join pg_catalog.pg_class i on i.oid = x.indexrelid
  join pg_catalog.pg_class c on c.oid = x.indrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where x.indrelid = parent
    and not exists (select from pg_catalog.pg_constraint k where k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x'))
) c
order by c.place, c.name`,
};

/** As short as it can be: while it is open the transaction may change the table. */
const RETURN_PERMIT: DatabaseFunction = {
  name: 'return_permit',
  args: 'given_segment text, parent regclass, partition regclass',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'lets this transaction attach a partition with rows to the table it left',
  body: /* sql */ `
begin
  insert into dbctl.permit (relation, purpose, reason)
  values (parent, 'archive', pg_catalog.format('%s comes back from segment %s', partition, given_segment));
end`,
};

const REGISTER_RETURN: DatabaseFunction = {
  name: 'register_return',
  args: 'parent regclass, partition regclass',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'ends the permit to attach, and registers the partition with a permit to guard it',
  body: /* sql */ `
begin
  perform dbctl.accept_shape(parent);
  update dbctl.permit p
  set ended = true
  where p.xid = pg_catalog.pg_current_xact_id() and p.relation = register_return.parent and p.purpose = 'archive';
  insert into dbctl.protected_relation
    (relation, schema_name, table_name, root, owner_name, generated_columns, accepted_shapes, runbook)
  select c.oid, n.nspname, c.relname, p.root, p.owner_name, p.generated_columns, p.accepted_shapes, p.runbook
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join dbctl.protected_relation p on p.relation = register_return.parent
  where c.oid = register_return.partition;
  insert into dbctl.permit (relation, purpose, reason)
  values (register_return.partition, 'new partition', pg_catalog.format('partition of %s, from its copy', register_return.parent));
end`,
};

const RECORD_RETURN: DatabaseFunction = {
  name: 'record_return',
  args: 'given_segment text, partition regclass, until timestamp with time zone, reason text',
  returns: 'text',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  settings: ["timezone = 'UTC'", "datestyle = 'ISO, MDY'"],
  comment: 'writes down that a partition is back: its segment, until when, and what the ledger says of it',
  body: /* sql */ `
declare
  back text;
begin
  select pg_catalog.format('%s.back%s', pg_catalog.left(given_segment, 180), 1 + count(*)) into back
  from dbctl.archive_return r
  where r.of_segment = given_segment;
  insert into dbctl.archive_segment
    (segment, relation, table_name, partition_name, bound, rows, rows_hash, hashed_by, oldest_at, newest_at,
     hot_bytes, cold_bytes, format, uri, manifest_sha256, retain_until, detail)
  select back, partition::pg_catalog.oid::pg_catalog.int8, s.table_name, s.partition_name, s.bound, s.rows, s.rows_hash, s.hashed_by,
         s.oldest_at, s.newest_at, pg_catalog.pg_total_relation_size(partition), 0, s.format, s.uri, s.manifest_sha256, s.retain_until,
         s.detail || pg_catalog.jsonb_build_object('return of', s.segment, 'until',
           pg_catalog.to_char(record_return.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
  from dbctl.archive_segment s
  where s.segment = given_segment;
  insert into dbctl.archive_return (segment, of_segment, until, reason)
  values (back, given_segment, record_return.until, record_return.reason);
  insert into dbctl.ledger_event (kind, table_name, partition_name, reference, reason)
  select 'restored', s.table_name, s.partition_name, s.uri, pg_catalog.format('until %s: %s', record_return.until, record_return.reason)
  from dbctl.archive_segment s
  where s.segment = given_segment;
  return back;
end`,
};

/**
 * All of it is one transaction: nothing is there before its end. It stays fenced, so that it is its copy for as long as it is there. Readers of the
 * table wait for the attaching alone, whose locks it asks for again and again rather than stand in everybody's way.
 */
const RETURN_PARTITION: DatabaseFunction = {
  name: 'return_partition',
  args: 'given_segment text, loaded regclass, until timestamp with time zone, reason text',
  returns: 'text',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  owner: 'tables',
  public: false,
  settings: ["timezone = 'UTC'", "datestyle = 'ISO, MDY'", "lock_timeout = '500ms'"],
  comment:
    'attaches a partition again, from rows of its copy that the caller has loaded into a temporary table; fails with IM013, IM014 or IM016 otherwise',
  body: /* sql */ `
declare
  asked record;
  counted record;
  partition regclass;
  command text;
begin
  -- Of two at once the second finds it back.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('dbctl segment ' || given_segment, 0));
  select * into strict asked from dbctl.require_returnable(given_segment, loaded);
  execute pg_catalog.format('create table %I.%I (like %s including all excluding indexes excluding identity excluding comments)',
    asked.partition_schema, asked.partition_name, asked.parent);
  partition := pg_catalog.format('%I.%I', asked.partition_schema, asked.partition_name)::regclass;
  -- With it attaching reads no row again.
  execute pg_catalog.format('alter table %s add constraint dbctl_bound check (%s)', partition, asked.within);
  execute pg_catalog.format('insert into %s (%s) select %2$s from only %s', partition, asked.columns, loaded);
  select * into strict counted from dbctl.rows_hash(partition, asked.hashed_by);
  if (counted.rows, counted.hash) is distinct from (asked.rows, asked.rows_hash) then
    raise exception using
      errcode = 'IM013',
      message = pg_catalog.format('the partition of segment %s stays away: these rows are not those that left', given_segment),
      detail = pg_catalog.format('Given are %s rows, %s; %s rows left, %s.', counted.rows, counted.hash, asked.rows, asked.rows_hash);
  end if;
  for command in select dbctl.index_commands(asked.parent, partition) loop
    execute command;
  end loop;
  execute pg_catalog.format('alter table %s add constraint dbctl_fence check (false) not valid', partition);
  perform dbctl.return_permit(given_segment, asked.parent, partition);
  for attempt in 1 .. 40 loop
    begin
      execute pg_catalog.format('alter table %s attach partition %s %s', asked.parent, partition, asked.bound);
      exit;
    exception when lock_not_available then
      if attempt = 40 then
        raise;
      end if;
      perform pg_catalog.pg_sleep(0.25);
    end;
  end loop;
  execute pg_catalog.format('alter table %s drop constraint dbctl_bound', partition);
  perform dbctl.register_return(asked.parent, partition);
  perform dbctl.guard_relation(partition);
  perform dbctl.finish_partition(partition);
  return dbctl.record_return(given_segment, partition, until, reason);
end`,
};

/** Those that others call first. */
export const RETURN_ACTS: readonly DatabaseFunction[] = [
  INDEX_COMMANDS,
  RETURN_PERMIT,
  REGISTER_RETURN,
  RECORD_RETURN,
  RETURN_PARTITION,
];

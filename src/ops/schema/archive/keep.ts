import type { DatabaseFunction } from '../immutability/function.ts';

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

/** Those that others call first. */
export const KEEP_FUNCTIONS: readonly DatabaseFunction[] = [KEEP_ROWS, TOO_YOUNG, REQUIRE_OLD];

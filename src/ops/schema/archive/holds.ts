import { ADVISORY_LOCKS, DBCTL_LOCKS } from '../../../db/advisory-lock.ts';
import { COMPARABLE_TYPE } from '../../../db/comparable-type.ts';
import type { DatabaseFunction } from '../immutability/function.ts';

/**
 * A hold on any row keeps the whole partition, and what is in doubt is held: a row whose column is empty, a column that is gone. Holds on what it
 * is a partition of count, by what they were placed on and by its name: a table put in the place of a held one is held as well.
 */
const HOLD_CONDITIONS: DatabaseFunction = {
  name: 'hold_conditions',
  args: 'relation regclass',
  returns: 'table (hold bigint, condition text)',
  language: 'sql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment:
    'active legal holds that may bear on rows of a partition, each with the SQL condition, on a row t, under which it does',
  body: /* sql */ `
select h.id,
       case
         when h.scope in ('table', 'partition') or a.attname is null then 'true'
         when h.scope = 'subject' then
           pg_catalog.format('(t.%I = %L::%s) is not false', a.attname, h.subject, ${COMPARABLE_TYPE})
         else pg_catalog.format('(%s and %s) is not false',
           case when h.from_at is null then 'true'
                -- A day is held when any moment of it is.
                when a.atttypid = 'pg_catalog.date'::pg_catalog.regtype then
                  pg_catalog.format('(t.%I + 1)::pg_catalog.timestamptz > %L::pg_catalog.timestamptz', a.attname, h.from_at)
                else pg_catalog.format('t.%I::pg_catalog.timestamptz >= %L::pg_catalog.timestamptz', a.attname, h.from_at) end,
           case when h.to_at is null then 'true'
                else pg_catalog.format('t.%I::pg_catalog.timestamptz <= %L::pg_catalog.timestamptz', a.attname, h.to_at) end)
       end
from dbctl.legal_hold h
left join pg_catalog.pg_attribute a
  on a.attrelid = hold_conditions.relation and a.attname = h.column_name and a.attnum > 0 and not a.attisdropped
where not exists (select from dbctl.legal_hold_release r where r.hold = h.id)
  and exists (
    select from pg_catalog.pg_partition_ancestors(hold_conditions.relation) p (oid)
    join pg_catalog.pg_class c on c.oid = p.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where case h.scope when 'partition' then h.partition else h.relation end = p.oid
       or pg_catalog.format('%s.%s', n.nspname, c.relname) = case h.scope when 'partition' then h.partition_name else h.relation_name end)
order by h.id`,
};

/** Until the transaction ends nobody places a hold: the trigger of dbctl.legal_hold waits for the same lock. */
const REQUIRE_NO_HOLD: DatabaseFunction = {
  name: 'require_no_hold',
  args: 'given_segment text, relation regclass',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  owner: 'tables',
  public: false,
  settings: ["timezone = 'UTC'"],
  comment: 'fails where a legal hold is on a row of a partition; nobody places one until the transaction ends',
  body: /* sql */ `
declare
  found record;
  held boolean;
begin
  perform pg_catalog.pg_advisory_xact_lock(${DBCTL_LOCKS}, ${ADVISORY_LOCKS.holds});
  for found in select c.hold, c.condition from dbctl.hold_conditions(require_no_hold.relation) c loop
    execute pg_catalog.format('select exists (select from only %s t where %s)', require_no_hold.relation, found.condition) into held;
    if held then
      raise exception using
        errcode = 'IM015',
        message = pg_catalog.format('the partition of segment %s stays: legal hold %s is on rows of it', given_segment, found.hold),
        hint = 'A hold ends by its release: dbctl retention holds, dbctl retention release.';
    end if;
  end loop;
end`,
};

/** Those that others call first. */
export const HOLD_FUNCTIONS: readonly DatabaseFunction[] = [HOLD_CONDITIONS, REQUIRE_NO_HOLD];

--! title: Replication neither writes into append-only tables nor leaves rows of them out
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_publication, select pg_catalog.pg_publication_rel, select pg_catalog.pg_subscription_rel,
--!   select pg_catalog.pg_stat_subscription
--! params: protected_tables
--! why: A subscription writes what another server sends, in the role of a replica: rows nobody inserted here, and an update or delete over there
--!   stops it at the guard until somebody skips it. A publication with a row filter or a column list makes copies that look complete and are
--!   not. Publications without update and delete lose nothing: append-only tables have none.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/logical-replication-row-filter.html
--!   https://www.postgresql.org/docs/current/logical-replication-conflicts.html
with recursive family as (
  -- What dbctl.yaml lists, what carries a guard of dbctl, and all that hangs below them.
  select c.oid as relation
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table'
  union
  select t.tgrelid from pg_catalog.pg_trigger t where pg_catalog.starts_with(t.tgname::text, 'dbctl_guard_')
  union
  select i.inhrelid from family f join pg_catalog.pg_inherits i on i.inhparent = f.relation
), found as (
  select pg_catalog.format('publication %I: %s', p.pubname, f.relation::regclass) as name,
         pg_catalog.format('publication %I %s of %s', p.pubname,
                           pg_catalog.concat_ws(' and ', case when r.prqual is not null then 'filters rows' end,
                                                case when r.prattrs is not null then 'leaves columns out' end), f.relation::regclass) as detail,
         'low' as severity,
         pg_catalog.format('alter publication %1$I drop table %2$s; alter publication %1$I add table %2$s;', p.pubname,
                           f.relation::regclass) as statement
    from family f
    join pg_catalog.pg_publication_rel r on r.prrelid = f.relation and (r.prqual is not null or r.prattrs is not null)
    join pg_catalog.pg_publication p on p.oid = r.prpubid
  union all
  select distinct
         pg_catalog.format('subscription %s: %s', coalesce(pg_catalog.quote_ident(s.subname), r.srsubid::text), f.relation::regclass),
         pg_catalog.format('subscription %s writes into %s what another server sends', coalesce(pg_catalog.quote_ident(s.subname), r.srsubid::text),
                           f.relation::regclass),
         'high',
         pg_catalog.format('take %s out of the publication, then: alter subscription %s refresh publication;', f.relation::regclass,
                           coalesce(pg_catalog.quote_ident(s.subname), r.srsubid::text))
    from family f
    join pg_catalog.pg_subscription_rel r on r.srrelid = f.relation
    -- The names are in a catalog only superusers may read whole, and in this view for everybody.
    left join pg_catalog.pg_stat_subscription s on s.subid = r.srsubid
)
select f.name as object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.name;

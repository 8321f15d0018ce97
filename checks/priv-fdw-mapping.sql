--! title: Nobody shares an identity on another server, nor reads its password
--! severity: medium
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_user_mappings, select pg_catalog.pg_foreign_server, select pg_catalog.pg_foreign_data_wrapper,
--!   select pg_catalog.pg_foreign_table, select pg_catalog.pg_class, select pg_catalog.pg_namespace
--! why: With a user mapping for PUBLIC every role that may use the server is the same user over there, and what it did is nobody's. Options of
--!   wrappers, servers and foreign tables are readable for every login: a password belongs into the mapping of one role, or nowhere.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createusermapping.html
--!   https://www.postgresql.org/docs/current/postgres-fdw.html#POSTGRES-FDW-OPTIONS-CONNECTION
with holder as (
  select 'foreign data wrapper ' || pg_catalog.quote_ident(w.fdwname) as name, w.fdwoptions as options
    from pg_catalog.pg_foreign_data_wrapper w where w.fdwoptions is not null
  union all
  select 'server ' || pg_catalog.quote_ident(s.srvname), s.srvoptions from pg_catalog.pg_foreign_server s where s.srvoptions is not null
  union all
  select pg_catalog.format('foreign table %I.%I', n.nspname, c.relname), t.ftoptions
    from pg_catalog.pg_foreign_table t
    join pg_catalog.pg_class c on c.oid = t.ftrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where t.ftoptions is not null
), found as (
  select 'user mapping for public on server ' || pg_catalog.quote_ident(m.srvname) as object,
         pg_catalog.format('every role that may use server %I is the same user there', m.srvname) as detail,
         'medium' as severity,
         pg_catalog.format('drop user mapping for public server %I; -- and create one for each role that needs it', m.srvname) as statement
    from pg_catalog.pg_user_mappings m
   where m.umuser = 0
  union all
  -- The value is not repeated: a report is read by more people than the catalog.
  select pg_catalog.format('%s: %s', h.name, pg_catalog.split_part(o.entry, '=', 1)),
         pg_catalog.format('option %s of %s is readable for every login', pg_catalog.split_part(o.entry, '=', 1), h.name),
         'high',
         pg_catalog.format('alter %s options (drop %I); -- change it on the other side, too: it has been read', h.name,
                           pg_catalog.split_part(o.entry, '=', 1))
    from holder h
   cross join lateral pg_catalog.unnest(h.options) as o(entry)
   where pg_catalog.split_part(o.entry, '=', 1) ~* '^(.*_)?(ssl)?(password|passwd|pwd|secret|token|api_?key)$'
     and o.entry !~ '=$'
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;

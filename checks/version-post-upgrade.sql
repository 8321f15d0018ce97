--! title: What an update asks to be done afterwards was done
--! severity: high
--! group: version
--! scope: database
--! needs: advisories, execute pg_catalog.current_setting(text), select pg_catalog.pg_index, select pg_catalog.pg_class,
--!   select pg_catalog.pg_namespace, select pg_catalog.pg_opclass, select pg_catalog.pg_am, select pg_catalog.pg_depend,
--!   select pg_catalog.pg_extension, select pg_catalog.pg_database, select pg_catalog.pg_settings, select pg_catalog.pg_replication_slots
--! params: advisories, done_after_update
--! why: Some fixes change how an index has to be ordered: one that was built before finds fewer rows from then on, and says nothing. The
--!   release notes name the indexes, nobody rebuilds them, and neither pg_upgrade nor a package does. The catalogs do not say when an
--!   index was built, so what was done is declared, in verify.done_after_update of dbctl.yaml, where it is reviewed with the rest; a
--!   database that was made on the newer release has nothing to do, and declares the same.
--! fix: {statement:sql}
--!   -- then, in dbctl.yaml: verify: {done_after_update: [{entry:sql}]}
--! refs: https://www.postgresql.org/docs/release/
--!   https://www.postgresql.org/docs/current/sql-reindex.html
with server as (
  select pg_catalog.current_setting('server_version_num')::int4 as number
), steps as (
  -- Those that apply: the server is at or beyond the release, of its major.
  select p.value ->> 'id' as id,
         p.value ->> 'severity' as severity,
         p.value ->> 'reason' as reason,
         n.version::int4 as since,
         p.value -> 'since' as all_since
    from server s
   cross join pg_catalog.jsonb_array_elements($1 -> 'post_upgrade') as p(value)
   cross join pg_catalog.jsonb_array_elements_text(p.value -> 'since') as n(version)
   where n.version::int4 / 10000 = s.number / 10000
     and n.version::int4 <= s.number
), classes as (
  -- Operator classes an update is about; of extensions by whom they belong to, because their names are anybody's.
  select o.oid,
         case
           when e.extname = 'ltree' then 'ltree'
           when e.extname = 'btree_gist' and o.opcintype in ('float4'::regtype, 'float8'::regtype) then 'btree_gist float'
           when e.extname = 'btree_gist' and o.opcintype in ('bit'::regtype, 'varbit'::regtype) then 'btree_gist bit'
           when e.extname is null and o.opcintype = 'bpchar'::regtype and a.amname = 'btree' then 'bpchar'
         end as kind,
         a.amname
    from pg_catalog.pg_opclass o
    join pg_catalog.pg_am a on a.oid = o.opcmethod
    left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_opclass'::regclass and d.objid = o.oid
                                    and d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e'
    left join pg_catalog.pg_extension e on e.oid = d.refobjid
   where e.extname in ('ltree', 'btree_gist') or o.opcintype = 'bpchar'::regtype
), indexes as (
  select distinct
         i.indexrelid,
         i.indrelid,
         c.kind,
         c.amname
    from pg_catalog.pg_index i
   cross join pg_catalog.unnest(i.indclass::oid[]) as k(opclass)
    join classes c on c.oid = k.opclass
   where c.kind is not null
), collation_kind as (
  select d.datlocprovider = 'c' and pg_catalog.pg_encoding_max_length(d.encoding) = 1 as is_plain
    from pg_catalog.pg_database d
   where d.datname = pg_catalog.current_database()
), concerned as (
  select pg_catalog.format('index %I.%I', n.nspname, r.relname) as name,
         s.id,
         pg_catalog.format('reindex index concurrently %I.%I;', n.nspname, r.relname) as statement
    from indexes i
    join pg_catalog.pg_class r on r.oid = i.indexrelid and r.relkind = 'i' and r.relpersistence <> 't'
    join pg_catalog.pg_namespace n on n.oid = r.relnamespace
   cross join collation_kind k
    join steps s on case s.id
                      when 'ltree-case' then i.kind = 'ltree' and not k.is_plain
                      when 'ltree-long' then i.kind = 'ltree' and i.amname = 'btree'
                      when 'btree-gist-float' then i.kind = 'btree_gist float'
                      when 'btree-gist-bit' then i.kind = 'btree_gist bit'
                      when 'btree-bpchar' then i.kind = 'bpchar'
                      else false
                    end
  union all
  -- More rows than lines fit into its pages, or no number at all: 28 bytes is the least a row takes.
  select pg_catalog.format('table %I.%I', n.nspname, t.relname),
         s.id,
         pg_catalog.format('analyze %I.%I;', n.nspname, t.relname)
    from steps s
    join pg_catalog.pg_class t on t.relkind in ('r', 'm') and t.relpersistence <> 't'
                              and (t.reltuples in ('NaN', 'Infinity')
                                   or t.reltuples > t.relpages::float8 * (pg_catalog.current_setting('block_size')::int4 / 28) and t.relpages > 0)
    join pg_catalog.pg_namespace n on n.oid = t.relnamespace
   where s.id = 'gin-reltuples'
     and t.oid in (select i.indrelid
                     from pg_catalog.pg_index i
                     join pg_catalog.pg_class x on x.oid = i.indexrelid
                     join pg_catalog.pg_am a on a.oid = x.relam and a.amname = 'gin')
  union all
  select pg_catalog.format('slot %I', r.slot_name),
         s.id,
         pg_catalog.format('alter system set output_plugin_libraries = %s; select pg_catalog.pg_reload_conf();',
                           p.allowed || ', ' || pg_catalog.quote_ident(r.plugin))
    from steps s
    join pg_catalog.pg_replication_slots r on r.plugin is not null
   cross join (select coalesce(pg_catalog.min(g.setting), 'pgoutput, test_decoding') as allowed
                 from pg_catalog.pg_settings g
                where g.name = 'output_plugin_libraries') as p
   where s.id = 'output-plugins'
     and r.plugin::text <> all (pg_catalog.regexp_split_to_array(pg_catalog.replace(p.allowed, '"', ''), '\s*,\s*'))
  union all
  select pg_catalog.format('extension %I', e.extname),
         s.id,
         '-- what was encrypted with bf, twofish, cast5 or 3des (cipher-algo=...): decrypt it with ignore-cipher-failure=1, encrypt it with aes256'
    from steps s
    join pg_catalog.pg_extension e on e.extname = 'pgcrypto'
   where s.id = 'pgcrypto-ciphers'
), declared as (
  select m.parts[1] as name,
         m.parts[2]::int4 * 10000 + m.parts[3]::int4 as version
    from pg_catalog.unnest($2) as d(entry)
   cross join pg_catalog.regexp_match(d.entry, '^(.+) on (\d{2})\.(\d{1,2})$') as m(parts)
   where m.parts is not null
), open as (
  select c.name,
         c.statement,
         s.id,
         s.severity,
         s.reason,
         s.since
    from concerned c
    join steps s on s.id = c.id
   where not exists (
           select
             from declared d
            cross join pg_catalog.jsonb_array_elements_text(s.all_since) as n(version)
            where d.name = c.name and n.version::int4 / 10000 = d.version / 10000 and d.version >= n.version::int4)
)
select o.name as object,
       pg_catalog.format('%s: %s', o.name,
                         pg_catalog.string_agg(pg_catalog.format('since %s.%s %s', o.since / 10000, o.since % 10000, o.reason), '; '
                                               order by o.since, o.id)) as detail,
       pg_catalog.jsonb_build_object(
         'severity', case pg_catalog.min(case o.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end)
                       when 1 then 'critical' when 2 then 'high' when 3 then 'medium' else 'low' end,
         'name', o.name,
         -- As JSON, which YAML reads: names have quotes.
         'entry', (select pg_catalog.to_json(pg_catalog.format('%s on %s.%s', o.name, s.number / 10000, s.number % 10000))::text from server s),
         'steps', pg_catalog.jsonb_agg(o.id order by o.since, o.id),
         'statement', pg_catalog.min(o.statement)) as data
  from open o
 group by o.name
 order by o.name;

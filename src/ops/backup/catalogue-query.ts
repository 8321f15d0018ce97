/** Schemas of people: nothing of the system. `n` is pg_namespace. */
const OWN = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** What an extension brings is made by the extension; what a type brings (`i`: the constructors of a range), by the type. */
const mine = (catalogue: string, oid: string, by = `x.deptype = 'e'`): string =>
  `not exists (select from pg_catalog.pg_depend x where x.classid = 'pg_catalog.${catalogue}'::pg_catalog.regclass and x.objid = ${oid} and ${by})`;
const OWN_ROUTINE = mine('pg_proc', 'p.oid', `x.deptype in ('e', 'i')`);

/** Grants in words, sorted; those nobody wrote down are the defaults of the kind, so that both ways of saying it are equal. */
const grants = (acl: string): string => `
  (select coalesce(pg_catalog.string_agg(g.said, '; ' order by g.said), 'nobody')
   from (select pg_catalog.format('%s: %s', case a.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(a.grantee)::pg_catalog.text end,
                  pg_catalog.string_agg(pg_catalog.lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, ', '
                    order by a.privilege_type, a.is_grantable)) as said
         from pg_catalog.aclexplode(${acl}) a group by a.grantee) g)`;

/** A long text by its hash: that it differs is what has to be seen. */
const hashed = (text: string): string => `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${text}, 'UTF8')), 'hex')`;

const ENABLED = (column: string): string =>
  `case ${column} when 'O' then 'enabled' when 'D' then 'disabled' when 'A' then 'ALWAYS' when 'R' then 'replica' end`;

const relation = `pg_catalog.format('%s.%s', n.nspname, c.relname)`;
/** As pg_dump tags it: types alone, since names of arguments tell no two routines apart. */
const ROUTINE = `pg_catalog.format('%s.%s(%s)', n.nspname, p.proname, case when p.prokind = 'a' and p.pronargs = 0 then '*' else
  (select pg_catalog.string_agg(pg_catalog.format_type(a.type, null), ', ' order by a.place)
   from pg_catalog.unnest(p.proargtypes) with ordinality a (type, place)) end)`;

/** One query a kind; each brings kind, object, the table it is on (null: none), and what is so about it. */
const KINDS: readonly string[] = [
  `select 'owner', pg_catalog.format('schema %s', n.nspname), null, pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text
   from pg_catalog.pg_namespace n where ${OWN} and ${mine('pg_namespace', 'n.oid')}`,
  `select 'owner', ${relation}, ${relation}, pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text
   from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relpersistence <> 't' and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'owner', ${ROUTINE}, null, pg_catalog.pg_get_userbyid(p.proowner)::pg_catalog.text
   from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${OWN} and ${OWN_ROUTINE}`,
  `select 'owner', pg_catalog.format('type %s.%s', n.nspname, t.typname), null, pg_catalog.pg_get_userbyid(t.typowner)::pg_catalog.text
   from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
   left join pg_catalog.pg_class c on c.oid = t.typrelid
   where ${OWN} and ${mine('pg_type', 't.oid')} and t.typelem = 0 and t.typtype <> 'm' and (t.typrelid = 0 or c.relkind = 'c')`,
  `select 'owner', 'large objects', null, coalesce(pg_catalog.sum(pg_catalog.hashtextextended(
       pg_catalog.concat(m.oid, ' ', pg_catalog.pg_get_userbyid(m.lomowner)), 0)::pg_catalog.numeric), 0)::pg_catalog.text
   from pg_catalog.pg_largeobject_metadata m`,
  `select 'grants', pg_catalog.format('schema %s', n.nspname), null, ${grants(`coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))`)}
   from pg_catalog.pg_namespace n where ${OWN} and ${mine('pg_namespace', 'n.oid')}`,
  `select 'grants', ${relation}, ${relation},
     ${grants(`coalesce(c.relacl, pg_catalog.acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))`)}
   from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relpersistence <> 't' and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'grants', pg_catalog.format('%s.%s', ${relation}, a.attname), ${relation}, ${grants('a.attacl')}
   from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where a.attacl is not null and pg_catalog.cardinality(a.attacl) > 0 and a.attnum > 0 and not a.attisdropped and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'grants', ${ROUTINE}, null, ${grants(`coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))`)}
   from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${OWN} and ${OWN_ROUTINE}`,
  `select 'grants', pg_catalog.format('type %s.%s', n.nspname, t.typname), null, ${grants(`coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))`)}
   from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
   left join pg_catalog.pg_class c on c.oid = t.typrelid
   where ${OWN} and ${mine('pg_type', 't.oid')} and t.typelem = 0 and t.typtype <> 'm' and (t.typrelid = 0 or c.relkind = 'c')`,
  `select 'grants', pg_catalog.format('future %s of %s%s',
       case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end,
       pg_catalog.pg_get_userbyid(d.defaclrole), coalesce(' in ' || n.nspname, '')), null, ${grants('d.defaclacl')}
   from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace`,
  `select 'constraints', case when c.oid is null then pg_catalog.format('type %s.%s.%s', tn.nspname, t.typname, k.conname) else pg_catalog.format('%s.%s', ${relation}, k.conname) end,
     case when c.oid is not null then ${relation} end, pg_catalog.pg_get_constraintdef(k.oid)
   from pg_catalog.pg_constraint k
   left join pg_catalog.pg_class c on c.oid = k.conrelid left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   left join pg_catalog.pg_type t on t.oid = k.contypid left join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
   -- Triggers tell of constraint triggers, columns of what may not be null (which has a constraint of its own since 18).
   where k.contype not in ('t', 'n') and coalesce(n.nspname, tn.nspname) !~ '^pg_' and coalesce(n.nspname, tn.nspname) <> 'information_schema'
     and ${mine('pg_class', 'k.conrelid')} and ${mine('pg_type', 'k.contypid')}`,
  `select 'row security', ${relation}, ${relation},
     case when c.relrowsecurity then 'on' else 'off' end || case when c.relforcerowsecurity then ', forced' else '' end
   from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and c.relpersistence <> 't' and (c.relrowsecurity or c.relforcerowsecurity) and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'policies', pg_catalog.format('%s.%s', ${relation}, o.polname), ${relation},
     pg_catalog.format('%s for %s to %s using (%s) with check (%s)', case when o.polpermissive then 'permissive' else 'restrictive' end,
       case o.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
       (select pg_catalog.string_agg(case r when 0 then 'public' else pg_catalog.pg_get_userbyid(r)::pg_catalog.text end, ', ' order by 1) from pg_catalog.unnest(o.polroles) r),
       pg_catalog.pg_get_expr(o.polqual, o.polrelid), pg_catalog.pg_get_expr(o.polwithcheck, o.polrelid))
   from pg_catalog.pg_policy o join pg_catalog.pg_class c on c.oid = o.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'triggers', pg_catalog.format('%s.%s', ${relation}, t.tgname), ${relation},
     pg_catalog.format('%s: %s', ${ENABLED('t.tgenabled')}, pg_catalog.pg_get_triggerdef(t.oid))
   from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where not t.tgisinternal and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'event triggers', e.evtname::pg_catalog.text, null,
     pg_catalog.format('%s: on %s when %s execute %s, owned by %s', ${ENABLED('e.evtenabled')}, e.evtevent, e.evttags, e.evtfoid::pg_catalog.regprocedure,
       pg_catalog.pg_get_userbyid(e.evtowner))
   from pg_catalog.pg_event_trigger e where ${mine('pg_event_trigger', 'e.oid')}`,
  `select 'columns', pg_catalog.format('%s.%s', ${relation}, a.attname), ${relation},
     pg_catalog.concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod), 'collate ' || (select l.collname from pg_catalog.pg_collation l
       where l.oid = a.attcollation and l.collname <> 'default'), case when a.attnotnull then 'not null' end,
       case when a.attidentity <> '' then 'identity ' || a.attidentity::pg_catalog.text end,
       case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end, 'default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid))
   from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f', 'c') and c.relpersistence <> 't' and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'tables', ${relation}, ${relation}, pg_catalog.concat_ws(' ',
     case c.relkind when 'p' then 'partitioned by ' || pg_catalog.pg_get_partkeydef(c.oid) when 'f' then 'foreign' end,
     case c.relpersistence when 'u' then 'unlogged' end, 'with ' || c.reloptions::pg_catalog.text,
     'tablespace ' || (select s.spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace), 'replica identity ' || nullif(c.relreplident::pg_catalog.text, 'd'))
   from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't' and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'parents', pg_catalog.format('%s of %s.%s', ${relation}, pn.nspname, pc.relname), ${relation}, coalesce(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'inherits')
   from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   join pg_catalog.pg_class pc on pc.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
   where c.relkind in ('r', 'p', 'f') and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'indexes', pg_catalog.format('%s.%s', n.nspname, ic.relname), ${relation},
     pg_catalog.pg_get_indexdef(x.indexrelid) || case when x.indisvalid then '' else ' (not valid)' end || case when x.indisclustered then ' (clustered)' else '' end
   from pg_catalog.pg_index x join pg_catalog.pg_class c on c.oid = x.indrelid join pg_catalog.pg_class ic on ic.oid = x.indexrelid
   join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${OWN} and c.relpersistence <> 't' and ${mine('pg_class', 'c.oid')}`,
  `select 'sequence definitions', ${relation}, (select pg_catalog.format('%s.%s', tn.nspname, tc.relname) from pg_catalog.pg_depend o
       join pg_catalog.pg_class tc on tc.oid = o.refobjid join pg_catalog.pg_namespace tn on tn.oid = tc.relnamespace
       where o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and o.objid = c.oid and o.deptype in ('a', 'i') and o.refobjsubid > 0 limit 1),
     pg_catalog.format('%s start %s increment %s from %s to %s cache %s cycle %s', s.seqtypid::pg_catalog.regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
   from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relpersistence <> 't' and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'views', ${relation}, ${relation}, pg_catalog.concat_ws(' ', c.reloptions::pg_catalog.text, ${hashed('pg_catalog.pg_get_viewdef(c.oid)')})
   from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('v', 'm') and c.relpersistence <> 't' and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'rules', pg_catalog.format('%s.%s', ${relation}, r.rulename), ${relation}, pg_catalog.format('%s: %s', ${ENABLED('r.ev_enabled')}, pg_catalog.pg_get_ruledef(r.oid))
   from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where r.rulename <> '_RETURN' and ${OWN} and ${mine('pg_class', 'c.oid')}`,
  `select 'functions', ${ROUTINE}, null, case p.prokind when 'a' then 'aggregate ' || p.prorettype::pg_catalog.regtype::pg_catalog.text else ${hashed('pg_catalog.pg_get_functiondef(p.oid)')} end
   from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${OWN} and ${OWN_ROUTINE}`,
  `select 'types', pg_catalog.format('%s.%s', n.nspname, t.typname), null,
     case t.typtype when 'e' then (select 'enum ' || pg_catalog.string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid)
       when 'd' then pg_catalog.concat_ws(' ', 'domain', pg_catalog.format_type(t.typbasetype, t.typtypmod), case when t.typnotnull then 'not null' end, 'default ' || t.typdefault)
       when 'r' then (select 'range of ' || r.rngsubtype::pg_catalog.regtype::pg_catalog.text from pg_catalog.pg_range r where r.rngtypid = t.oid)
       else t.typtype::pg_catalog.text end
   from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace left join pg_catalog.pg_class c on c.oid = t.typrelid
   where ${OWN} and ${mine('pg_type', 't.oid')} and t.typelem = 0 and t.typtype <> 'm' and (t.typrelid = 0 or c.relkind = 'c')`,
  `select 'statistics', pg_catalog.format('%s.%s', sn.nspname, s.stxname), ${relation}, pg_catalog.pg_get_statisticsobjdef(s.oid)
   from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace sn on sn.oid = s.stxnamespace
   join pg_catalog.pg_class c on c.oid = s.stxrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${OWN}`,
  `select 'extensions', e.extname::pg_catalog.text, null, 'in ' || n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace`,
  `select 'publications', p.pubname::pg_catalog.text, null, pg_catalog.format('all tables %s, insert %s, update %s, delete %s, truncate %s; %s', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
     (select pg_catalog.string_agg(t.schemaname || '.' || t.tablename, ', ' order by t.schemaname, t.tablename) from pg_catalog.pg_publication_tables t where t.pubname = p.pubname))
   from pg_catalog.pg_publication p`,
  `select 'others', i.type || ' ' || i.identity, null, '' from (
     select 'pg_catalog.pg_cast'::pg_catalog.regclass::pg_catalog.oid as class, o.oid as object from pg_catalog.pg_cast o where o.oid >= 16384
     union all select 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid from pg_catalog.pg_operator o where o.oid >= 16384
     union all select 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid from pg_catalog.pg_opclass o where o.oid >= 16384
     union all select 'pg_catalog.pg_collation'::pg_catalog.regclass, o.oid from pg_catalog.pg_collation o where o.oid >= 16384
     union all select 'pg_catalog.pg_ts_config'::pg_catalog.regclass, o.oid from pg_catalog.pg_ts_config o where o.oid >= 16384
     union all select 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, o.oid from pg_catalog.pg_ts_dict o where o.oid >= 16384
     union all select 'pg_catalog.pg_language'::pg_catalog.regclass, o.oid from pg_catalog.pg_language o where o.oid >= 16384
     union all select 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, o.oid from pg_catalog.pg_foreign_server o
     union all select 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, o.oid from pg_catalog.pg_foreign_data_wrapper o
   ) o cross join lateral pg_catalog.pg_identify_object(o.class, o.object, 0) i
   where not exists (select from pg_catalog.pg_depend x where x.classid = o.class and x.objid = o.object and x.deptype in ('e', 'i'))`,
  `select 'comments', i.type || ' ' || i.identity, case when i.type like 'table%' then pg_catalog.format('%s.%s', n.nspname, c.relname) end, d.description
   from pg_catalog.pg_description d
   cross join lateral pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
   left join pg_catalog.pg_class c on d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and c.oid = d.objoid
   left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   -- Beneath are what initdb and extensions said.
   where d.objoid >= 16384 and not exists (select from pg_catalog.pg_depend x where x.classid = d.classoid and x.objid = d.objoid and x.deptype = 'e')
     and d.classoid <> 'pg_catalog.pg_extension'::pg_catalog.regclass and d.classoid <> 'pg_catalog.pg_largeobject'::pg_catalog.regclass`,
];

/** Every fact of the catalogues a restored database has to have too. */
export const CATALOGUE = `
select f.kind, f.object, f.relation, coalesce(f.said, '') as said
from (${KINDS.join('\nunion all\n')}) f (kind, object, relation, said)
order by f.kind collate "C", f.object collate "C", f.said collate "C"`;

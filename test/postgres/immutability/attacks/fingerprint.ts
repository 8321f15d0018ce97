import { FAMILY } from './schema.ts';

/** What of the laboratory an attack may change; each part is one hash. */
export const PARTS = [
  'rows',
  'seen',
  'relations',
  'columns',
  'triggers',
  'rules',
  'constraints',
  'indexes',
  'grants',
  'family',
  'types',
  'content',
  'views',
  'routines',
  'event triggers',
  'registry',
  'permits',
  'guard schema',
  'members',
  'schemas',
] as const;
export type Part = (typeof PARTS)[number];

/** Part → MD5 of its canonical text. A table that cannot be read under its name has the SQLSTATE for its rows. */
export type Fingerprint = Readonly<Record<Part, string>>;

/**
 * `lab.fingerprint()`: everything about the protected tables that an attack may not change, read by name where a reader reads by name
 * and by oid where the guards keep oids. Made by the laboratory and independent of what dbctl itself looks at.
 */
export const FINGERPRINT = /* sql */ `
create schema lab;
create table lab.family as
select f.name, f.name::regclass::oid as relation
from unnest(array[${FAMILY.map((name) => `'${name}'`).join(', ')}]) f (name);

create function lab.rows_of(name text) returns text language plpgsql
set search_path = pg_catalog set timezone = 'UTC' set datestyle = 'ISO' as $$
declare
  answer text;
begin
  execute format('select string_agg(t::text, E''\\n'' order by t::text) from %s t', name) into answer;
  return coalesce(answer, 'none');
exception when others then
  return sqlstate;
end$$;

-- Row security shows a superuser all rows: so a reader counts, too.
create function lab.seen(name text) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
  answer bigint;
begin
  execute format('select count(*) from %s', name) into answer;
  return answer;
exception when others then
  return sqlstate;
end$$;
create role lab_reader nologin;
grant usage on schema lab to lab_reader;
grant create on schema lab to lab_reader;
alter function lab.seen(text) owner to lab_reader;

create function lab.fingerprint() returns jsonb language sql
set search_path = pg_catalog set timezone = 'UTC' set datestyle = 'ISO' as $$
with family as (select f.name, f.relation from lab.family f)
select jsonb_build_object(
  'rows', (select md5(string_agg(f.name || lab.rows_of(f.name), E'\\n' order by f.name)) from family f),
  'seen', (select md5(string_agg(f.name || lab.seen(f.name), E'\\n' order by f.name)) from family f),
  'relations', (
    select md5(string_agg(concat_ws(' ', c.oid, c.relname, c.relnamespace, c.relowner::regrole, c.relkind, c.relpersistence, c.relam,
      c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, c.relhastriggers, c.reloftype,
      pg_get_expr(c.relpartbound, c.oid)), E'\\n' order by f.name))
    from family f left join pg_class c on c.oid = f.relation),
  'columns', (
    select md5(string_agg(concat_ws(' ', a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef, a.attidentity,
      a.attgenerated, a.attisdropped, a.attcollation, pg_get_expr(d.adbin, d.adrelid)), E'\\n' order by a.attrelid, a.attnum))
    from family f
    join pg_attribute a on a.attrelid = f.relation and a.attnum > 0
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum),
  'triggers', (
    select md5(string_agg(concat_ws(' ', t.tgrelid, t.tgname, t.tgenabled, t.tgtype, t.tgqual, t.tgattr, t.tgdeferrable, p.proname, p.prosrc,
      p.proowner::regrole, p.proconfig, p.prosecdef), E'\\n' order by t.tgrelid, t.tgname))
    from family f
    join pg_trigger t on t.tgrelid = f.relation
    join pg_proc p on p.oid = t.tgfoid),
  'rules', (
    select md5(string_agg(r.rule, E'\\n' order by r.rule))
    from (
      select pg_get_ruledef(r.oid) from family f join pg_rewrite r on r.ev_class = f.relation
      union all
      select concat_ws(' ', p.polrelid, p.polname, p.polcmd, p.polroles, pg_get_expr(p.polqual, p.polrelid))
      from family f join pg_policy p on p.polrelid = f.relation) r (rule)),
  'constraints', (
    select md5(string_agg(concat_ws(' ', k.conrelid, k.conname, k.convalidated, pg_get_constraintdef(k.oid)), E'\\n' order by k.conrelid, k.conname))
    from family f join pg_constraint k on k.conrelid = f.relation),
  'indexes', (
    select md5(string_agg(concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready), E'\\n' order by i.indexrelid))
    from family f join pg_index i on i.indrelid = f.relation),
  'grants', (
    select md5(string_agg(g.grant_text, E'\\n' order by g.grant_text))
    from (
      select concat_ws(' ', c.oid, x.grantor, x.grantee, x.privilege_type, x.is_grantable)
      from family f join pg_class c on c.oid = f.relation, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
      union all
      select concat_ws(' ', a.attrelid, a.attname, x.grantor, x.grantee, x.privilege_type, x.is_grantable)
      from family f join pg_attribute a on a.attrelid = f.relation and not a.attisdropped, aclexplode(a.attacl) x) g (grant_text)),
  'family', (
    select md5(string_agg(concat_ws(' ', i.inhrelid, i.inhparent, i.inhseqno, i.inhdetachpending), E'\\n' order by i.inhrelid, i.inhparent))
    from pg_inherits i
    where i.inhrelid in (select f.relation from family f) or i.inhparent in (select f.relation from family f)),
  'types', (
    select md5(string_agg(t.type_text, E'\\n' order by t.type_text))
    from (
      select concat_ws(' ', e.enumtypid, e.enumsortorder, e.enumlabel) from pg_enum e
      union all
      select concat_ws(' ', t.typname, a.attnum, a.attname, a.atttypid, a.attisdropped)
      from pg_type t join pg_attribute a on a.attrelid = t.typrelid and a.attnum > 0
      where t.oid in (to_regtype('vault.pair'), to_regtype('vault.place'))
      union all
      select concat_ws(' ', t.typname, k.conname, pg_get_constraintdef(k.oid))
      from pg_type t left join pg_constraint k on k.contypid = t.oid where t.oid = to_regtype('vault.short')) t (type_text)),
  'content', (select md5(string_agg(concat_ws(' ', l.loid, l.pageno, l.data), E'\\n' order by l.loid, l.pageno)) from pg_largeobject l),
  'views', (select md5(pg_get_viewdef(to_regclass('vault.plain_view')))),
  'routines', (
    select md5(string_agg(concat_ws(' ', p.oid::regprocedure, p.prosrc, p.proowner::regrole, p.proconfig, p.prosecdef, p.proisstrict, p.proacl), E'\\n' order by p.oid))
    from pg_proc p where p.pronamespace = to_regnamespace('dbctl') or p.proname in ('guard', 'guard_truncate')),
  'event triggers', (
    select md5(string_agg(concat_ws(' ', e.evtname, e.evtenabled, e.evtevent, e.evtfoid, e.evttags, e.evtowner), E'\\n' order by e.evtname))
    from pg_event_trigger e),
  'registry', lab.rows_of('dbctl.protected_relation') || lab.rows_of('dbctl.violation_counter') || lab.rows_of('dbctl.unlock_request'),
  'permits', lab.rows_of('dbctl.permit'),
  'guard schema', (
    select md5(string_agg(concat_ws(' ', c.relname, c.relkind, c.relowner::regrole, c.relacl), E'\\n' order by c.relname))
    from pg_class c where c.relnamespace = to_regnamespace('dbctl')),
  'members', (
    select md5(string_agg(concat_ws(' ', m.roleid, m.member, m.inherit_option, m.set_option, m.admin_option), E'\\n' order by m.roleid, m.member))
    from pg_auth_members m),
  'schemas', (
    select md5(string_agg(concat_ws(' ', n.nspname, n.nspowner::regrole, n.nspacl), E'\\n' order by n.nspname))
    from pg_namespace n where n.nspname in ('vault', 'dbctl', 'public')))
$$;`;

/** The parts that differ. */
export const changedParts = (before: Fingerprint, after: Fingerprint): Part[] => PARTS.filter((part) => before[part] !== after[part]);

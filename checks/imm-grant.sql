--! title: Nobody holds more on append-only tables than to insert and to read
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_attribute, select pg_catalog.pg_constraint, select pg_catalog.pg_roles
--! params: protected_tables
--! why: Privileges are the second wall, which stands when a guard falls. TRIGGER alone lets its holder replace a guard by a function of his own,
--!   and GRANT ALL includes it. The owner's own update, delete and truncate go as well: foreign keys, views and security definer functions act
--!   with them. Where foreign keys are, update on one column stays with the owner, since their checks lock rows with his rights. INSERT on a whole
--!   table includes the columns the database is to fill, so ids and times could be forged; on a partition it passes by what is granted on the table.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-priv.html
--!   https://www.postgresql.org/docs/current/sql-revoke.html
with recursive listed as (
  select c.oid as relation, w.entry -> 'generated' as generated
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table'
), family as (
  -- What dbctl.yaml lists, what carries a guard of dbctl, and all that hangs below them.
  select l.relation, l.generated from listed l
  union
  select t.tgrelid, '[]' from pg_catalog.pg_trigger t
   where pg_catalog.starts_with(t.tgname::text, 'dbctl_guard_')
     and t.tgrelid not in (select l.relation from listed l)
     and not exists (select from pg_catalog.pg_inherits i where i.inhrelid = t.tgrelid)
  union
  select i.inhrelid, f.generated from family f join pg_catalog.pg_inherits i on i.inhparent = f.relation
), member as (
  select f.relation, f.generated, c.relowner, c.relispartition, o.rolsuper as is_superusers,
         coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)) as acl,
         f.relation in (select k.conrelid from pg_catalog.pg_constraint k where k.contype = 'f'
                        union select k.confrelid from pg_catalog.pg_constraint k where k.contype = 'f') as has_foreign_keys
    from family f
   cross join lateral (
     select d.relowner, d.relispartition, d.relacl from pg_catalog.pg_class d where d.oid = f.relation and d.relkind in ('r', 'p', 'f') offset 0
   ) as c
    join pg_catalog.pg_roles o on o.oid = c.relowner
), held as (
  select m.*, g.grantee, g.privilege_type as privilege, null::name as attname, null::int2 as attnum
    from member m
   cross join lateral pg_catalog.aclexplode(m.acl) g
  union all
  select m.*, g.grantee, g.privilege_type, a.attname, a.attnum
    from member m
   -- Table by table, by index: the planner takes the family for many tables, and would read the whole catalog for it (offset 0 keeps it from that).
   cross join lateral (
     select b.attname, b.attnum, b.attacl
       from pg_catalog.pg_attribute b
      where b.attrelid = m.relation and b.attacl is not null and not b.attisdropped
     offset 0
   ) as a
   cross join lateral pg_catalog.aclexplode(a.attacl) g
), judged as (
  select h.*,
         case
           when h.grantee = h.relowner then
             -- A superuser is not held by privileges, and that one owns the table is told by imm-owner.
             case when h.is_superusers then null
                  when h.privilege not in ('UPDATE', 'DELETE', 'TRUNCATE') then null
                  when h.attname is null then 2
                  -- Any one column will do, so a second is too many.
                  when h.has_foreign_keys
                   and pg_catalog.row_number() over (partition by h.relation, h.grantee, h.privilege order by h.attnum) = 1 then null
                  else 3 end
           when h.privilege in ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER') then 1
           when h.privilege in ('REFERENCES', 'MAINTAIN') then 3
           when h.privilege <> 'INSERT' then null
           when h.relispartition then 2
           when h.attname is null then case when h.generated <> '[]' then 2 end
           when h.generated ? h.attname then 2
         end as rank
    from held h
), wrong as (
  select j.relation, j.grantee, j.relowner, j.generated, pg_catalog.min(j.rank) as rank,
         case when j.grantee = 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(j.grantee)::text end as name,
         case when j.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(j.grantee)) end as role,
         pg_catalog.string_agg(pg_catalog.concat(j.privilege, ' on column ' || j.attname), ', '
                               order by j.privilege, j.attnum) as privileges,
         pg_catalog.string_agg(pg_catalog.concat(pg_catalog.lower(j.privilege), ' (' || pg_catalog.quote_ident(j.attname) || ')'), ', '
                               order by j.privilege, j.attnum) as revoked,
         -- Revoking from the table revokes from its columns, too.
         case when pg_catalog.bool_or(j.privilege = 'INSERT' and j.attname is null and not j.relispartition)
              then 'insert'
              when pg_catalog.bool_or(j.privilege = 'UPDATE' and j.attname is null and j.has_foreign_keys and j.grantee = j.relowner)
              then 'update' end as given_back
    from judged j
   where j.rank is not null
   group by j.relation, j.grantee, j.relowner, j.generated
)
select pg_catalog.format('%s: %s', w.relation::regclass, w.name) as object,
       pg_catalog.format('%s holds %s on %s%s', w.name, w.privileges, w.relation::regclass,
                         case when w.grantee = w.relowner then ', which belongs to it: foreign keys, views and functions act with that' end)
         as detail,
       pg_catalog.jsonb_build_object(
         'severity', (pg_catalog.string_to_array('high,medium,low', ','))[w.rank],
         'statement',
         pg_catalog.concat_ws(' ',
           pg_catalog.format('revoke %s on table %s from %s;', w.revoked, w.relation::regclass, w.role),
           case when w.given_back is not null then
             pg_catalog.format('grant %s (%s) on table %s to %s;', w.given_back,
               (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum)
                  from pg_catalog.pg_attribute a
                 where a.attrelid = w.relation and a.attnum > 0 and not a.attisdropped
                   and case w.given_back
                         when 'insert' then a.attgenerated = '' and not w.generated ? a.attname
                         else a.attnum = (select pg_catalog.min(b.attnum) from pg_catalog.pg_attribute b
                                           where b.attrelid = w.relation and b.attnum > 0 and not b.attisdropped) end),
               w.relation::regclass, w.role) end)) as data
  from wrong w
 order by 1;

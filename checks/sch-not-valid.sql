--! title: Every constraint holds for every row
--! severity: medium
--! group: schema
--! scope: database
--! needs: select pg_catalog.pg_constraint, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_type,
--!   select pg_catalog.pg_depend
--! why: A constraint added as not valid is checked for new rows alone, and one that is not enforced (since 18) for none: who reads the
--!   schema believes what the rows need not keep. The planner does not use it, and a dump of rows that break it fails when it is restored.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-VALIDATE-CONSTRAINT
--!   https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-PARMS-ENFORCED
with doubtful as (
  select c.oid,
         c.conname,
         c.contype,
         c.conrelid,
         c.contypid,
         -- The column came with 18.
         coalesce((pg_catalog.to_jsonb(c) ->> 'conenforced')::boolean, true) as enforced
    from pg_catalog.pg_constraint c
   where not c.convalidated
     -- Those of partitions and children follow the one they come from.
     and c.conparentid = 0
     and c.coninhcount = 0
), found as (
  select pg_catalog.format('%I.%I: %I', n.nspname, r.relname, d.conname) as object,
         pg_catalog.format('constraint %I of table %I.%I %s', d.conname, n.nspname, r.relname,
                           case when d.enforced then 'is not valid: rows from before it may break it'
                                else 'is not enforced: any row may break it' end) as detail,
         case
           when d.enforced then pg_catalog.format('alter table %I.%I validate constraint %I;', n.nspname, r.relname, d.conname)
           when d.contype = 'f' then pg_catalog.format('alter table %I.%I alter constraint %I enforced;', n.nspname, r.relname, d.conname)
           else pg_catalog.format('alter table %I.%I drop constraint %I, add constraint %I %s;', n.nspname, r.relname, d.conname,
                                  d.conname, pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(d.oid), ' NOT ENFORCED$', ''))
         end as statement
    from doubtful d
    join pg_catalog.pg_class r on r.oid = d.conrelid
    join pg_catalog.pg_namespace n on n.oid = r.relnamespace
   -- PostgreSQL enforces nothing on foreign tables.
   where r.relkind <> 'f'
     and r.relpersistence <> 't'
     and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     and not exists (select from pg_catalog.pg_depend e
                      where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = r.oid and e.deptype = 'e')
  union all
  select pg_catalog.format('domain %I.%I: %I', n.nspname, t.typname, d.conname),
         pg_catalog.format('constraint %I of domain %I.%I is not valid: values from before it may break it', d.conname, n.nspname, t.typname),
         pg_catalog.format('alter domain %I.%I validate constraint %I;', n.nspname, t.typname, d.conname)
    from doubtful d
    join pg_catalog.pg_type t on t.oid = d.contypid
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
   where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     and not exists (select from pg_catalog.pg_depend e
                      where e.classid = 'pg_catalog.pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 order by f.object;

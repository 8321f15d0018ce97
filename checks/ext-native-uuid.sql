--! title: UUIDs come from the server itself
--! severity: low
--! group: extensions
--! scope: database
--! since: 18
--! needs: select pg_catalog.pg_extension, select pg_catalog.pg_depend
--! params: required_extensions
--! why: Since 18 the server makes time-ordered UUIDs itself (uuidv7()), as it has made random ones for long (gen_random_uuid()). An extension
--!   for the same is one more thing to install, to patch and to miss after a restore.
--! fix: drop extension {extension}; -- refuses while something uses it; use uuidv7() or gen_random_uuid() there
--! refs: https://www.postgresql.org/docs/current/functions-uuid.html
select e.extname as object,
       case
         when e.extname = 'pg_uuidv7' then 'extension pg_uuidv7 does what uuidv7() of the server does: one more thing to patch for nothing'
         else 'extension "uuid-ossp" is installed and no column default uses it: one more thing to patch for nothing'
       end as detail,
       pg_catalog.jsonb_build_object('extension', e.extname) as data
  from pg_catalog.pg_extension e
 where e.extname <> all ($1)
   and (e.extname = 'pg_uuidv7'
        or e.extname = 'uuid-ossp'
           -- A default that calls a function of the extension: pg_attrdef depends on the function, the function on the extension.
           and not exists (
                 select
                   from pg_catalog.pg_depend member
                   join pg_catalog.pg_depend used on used.refclassid = member.classid and used.refobjid = member.objid
                  where member.refclassid = 'pg_catalog.pg_extension'::regclass
                    and member.refobjid = e.oid
                    and member.deptype = 'e'
                    and used.classid = 'pg_catalog.pg_attrdef'::regclass
               ))
 order by e.extname;

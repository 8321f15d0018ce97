--! title: The server refuses passwords that are easily guessed
--! severity: low
--! group: authentication
--! scope: cluster
--! needs: setting shared_preload_libraries
--! why: Without a library that looks at new passwords the server takes any, an empty one or the role's own name included. The library sees
--!   only passwords that are sent in clear, and not what \password of psql made of them: for these somebody else has to care.
--! fix: add passwordcheck (it comes with PostgreSQL), or credcheck, to shared_preload_libraries, then restart the server
--! refs: https://www.postgresql.org/docs/current/passwordcheck.html
--!   CIS PostgreSQL 18: 5.6
select 'shared_preload_libraries' as object,
       'neither passwordcheck nor credcheck is preloaded: any password will do' as detail,
       pg_catalog.jsonb_build_object('value', s.setting) as data
  from pg_catalog.pg_settings s
 where s.name = 'shared_preload_libraries'
   and s.setting !~ '(^|[,/"\s])(passwordcheck|credcheck)(\.so|\.dll|\.dylib)?($|[,"\s])'
 order by 1;

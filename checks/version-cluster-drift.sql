--! title: All nodes of the cluster run the same release
--! severity: medium
--! group: version
--! scope: cluster
--! needs: execute pg_catalog.current_setting(text)
--! params: cluster_nodes
--! why: After a switch-over the forgotten standby is the primary, with every hole and bug the others no longer have; and a standby older
--!   than its primary may stop at a WAL record it cannot read. The primary does not know what its standbys run, so each host of the
--!   URL is asked: a node the URL does not name is not looked at.
--! fix: install PostgreSQL {newest:sql} on {node:sql} and restart it; standbys first, then a switch-over, then the old primary
--! refs: https://www.postgresql.org/docs/current/warm-standby.html#STANDBY-PLANNING
with nodes as (
  select n.value ->> 'node' as node,
         (n.value ->> 'version')::int4 as version,
         (n.value ->> 'standby')::bool as is_standby,
         n.value ->> 'problem' as problem
    from pg_catalog.jsonb_array_elements($1) as n(value)
), newest as (
  select pg_catalog.max(n.version) as version,
         pg_catalog.min(n.version) as oldest
    from nodes n
)
select n.node as object,
       case
         when n.version is null then pg_catalog.format('node %s could not be asked what it runs: %s', n.node, n.problem)
         else pg_catalog.format('node %s (%s) runs %s.%s, and another one %s.%s', n.node,
                                case when n.is_standby then 'a standby' else 'the primary' end,
                                n.version / 10000, n.version % 10000, m.version / 10000, m.version % 10000)
       end as detail,
       pg_catalog.jsonb_build_object(
         'node', n.node,
         'version', n.version,
         'newest', pg_catalog.format('%s.%s', m.version / 10000, m.version % 10000),
         'session', pg_catalog.current_setting('server_version_num')::int4) as data
  from nodes n
 cross join newest m
 where m.version <> m.oldest
   and n.version is distinct from m.version
 order by n.node;

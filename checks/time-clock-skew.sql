--! title: The server's clock agrees with this machine's
--! severity: medium
--! group: time
--! scope: cluster
--! needs: execute pg_catalog.statement_timestamp()
--! params: now, round_trip_ms
--! why: Expiry, retention, leases, certificates and point-in-time recovery compare the server's clock with another one. Seconds of difference
--!   let a token live too long, or a recovery stop before the change it should keep.
--! fix: set both clocks by NTP: timedatectl set-ntp true, then look with chronyc tracking
--! refs: https://www.postgresql.org/docs/current/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT
-- statement_timestamp() is when the server received this query, so that a slow plan is not taken for a wrong clock; the message was
-- half a round trip on its way.
select 'cluster' as object,
       pg_catalog.format('the server''s clock is %s s %s this machine''s: what expires or is recovered by time does so at the wrong moment',
                         pg_catalog.round(pg_catalog.abs(c.seconds)::numeric, 1),
                         case when c.seconds > 0 then 'ahead of' else 'behind' end) as detail,
       pg_catalog.jsonb_build_object('seconds', pg_catalog.round(c.seconds::numeric, 1)) as data
  from (select extract(epoch from pg_catalog.statement_timestamp() - $1) - $2 / 2000 as seconds) as c
 where pg_catalog.abs(c.seconds) >= 2
 order by 1;

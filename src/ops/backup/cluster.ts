import type { Session } from '../../db/session.ts';
import type { ClusterFacts } from './manifest.ts';

/** What is known of the server whose files are backed up. */
export async function readCluster(session: Session): Promise<ClusterFacts> {
  const [row] = await session.rows<
    Omit<ClusterFacts, 'systemIdentifier' | 'serverVersion' | 'sizeBytes' | 'database'> & { size: string }
  >(CLUSTER);
  if (row === undefined) throw new Error('a session is always on a server');
  const { size, ...facts } = row;
  return {
    systemIdentifier: session.systemIdentifier,
    database: 'cluster',
    serverVersion: session.serverVersion,
    ...facts,
    sizeBytes: Number(size),
  };
}

/** Tablespaces by oid, and where they are; one inside of the data folder has a relative path. */
export async function readTablespaces(session: Session): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows<{ oid: string; path: string }>(
    `select t.oid::pg_catalog.text as oid, pg_catalog.pg_tablespace_location(t.oid) as path
     from pg_catalog.pg_tablespace t where t.oid >= 16384 order by t.oid`,
  );
  return new Map(rows.map(({ oid, path }) => [oid, path]));
}

/** On a standby: when the last transaction it has was committed, ISO 8601; null on a primary, and where none has come yet. */
export async function replayedAt(session: Session): Promise<string | null> {
  const [row] = await session.rows<{ at: string | null }>(
    `select case when pg_catalog.pg_is_in_recovery() then pg_catalog.to_char(pg_catalog.pg_last_xact_replay_timestamp()
              at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end as at`,
  );
  return row?.at ?? null;
}

/** A role that may only replicate may not ask for the size of tablespaces; of databases it may, where it may connect. */
const CLUSTER = /* sql */ `
select (select r.rolname::pg_catalog.text from pg_catalog.pg_roles r where r.oid = 10) as "bootstrapUser",
       pg_catalog.current_setting('data_checksums') = 'on' as checksums,
       array(select d.datname::pg_catalog.text from pg_catalog.pg_database d where d.datallowconn and not d.datistemplate and d.datconnlimit <> -2 order by 1) as databases,
       case when pg_catalog.pg_has_role('pg_read_all_stats', 'usage')
         then (select pg_catalog.sum(pg_catalog.pg_tablespace_size(t.oid)) from pg_catalog.pg_tablespace t)
         else (select pg_catalog.sum(pg_catalog.pg_database_size(d.oid)) from pg_catalog.pg_database d
               where pg_catalog.has_database_privilege(d.oid, 'connect'))
       end::pg_catalog.text as size`;

import type { Session } from '../../db/session.ts';
import { readSlotLimit, readSlots, type SlotFact } from './slots.ts';

/** What the server says of its log and of archiving it. */
export interface ServerWal {
  readonly systemIdentifier: string | null;
  readonly standby: boolean;
  /** Up to where the log is written, or on a standby replayed. */
  readonly lsn: string;
  /** Null on a standby. */
  readonly timeline: number | null;
  readonly archiver: ArchiverFact;
  /** Null: the role may not look into pg_wal; pg_monitor may. */
  readonly folder: FolderFact | null;
  readonly slots: readonly SlotFact[];
  /** max_slot_wal_keep_size; null: no limit. */
  readonly slotLimitBytes: number | null;
  readonly maxWalBytes: number;
  readonly rate: WalRate;
}

export interface ArchiverFact {
  /** archive_mode: off, on or always. */
  readonly mode: string;
  readonly lastArchived: string | null;
  readonly lastArchivedSeconds: number | null;
  readonly failed: number;
  readonly lastFailed: string | null;
  readonly lastFailedSeconds: number | null;
  /** Seconds from 0: none. 0: a segment is closed only when it is full. */
  readonly timeoutSeconds: number;
}

export interface FolderFact {
  /** Size of pg_wal. */
  readonly bytes: number;
  /** Files the server waits to archive. */
  readonly ready: number;
  readonly newestReady: string | null;
}

/** How much log was written since the statistics were reset. */
export interface WalRate {
  readonly bytes: number;
  readonly seconds: number;
}

interface Row {
  readonly standby: boolean;
  readonly lsn: string;
  readonly timeline: string | null;
  readonly bytes: string;
  readonly seconds: number;
  readonly max: number;
}

/** Reads everything; changes nothing. The role needs no right but to log in, and pg_monitor for `folder`. */
export async function readServerWal(session: Session): Promise<ServerWal> {
  const [row] = await session.rows<Row>(LOG);
  const [archiver] = await session.rows<ArchiverFact & { failed: string }>(ARCHIVER);
  if (row === undefined || archiver === undefined) throw new Error('these views always have one row');
  return {
    systemIdentifier: session.systemIdentifier,
    standby: row.standby,
    lsn: row.lsn,
    timeline: row.timeline === null ? null : Number.parseInt(row.timeline, 16),
    archiver: { ...archiver, failed: Number(archiver.failed) },
    folder: await readFolder(session),
    slots: await readSlots(session),
    slotLimitBytes: await readSlotLimit(session),
    maxWalBytes: row.max * 1024 ** 2,
    rate: { bytes: Number(row.bytes), seconds: row.seconds },
  };
}

/** A standby has no file for the position it replays: pg_walfile_name is refused there. */
const LOG = /* sql */ `
select p.standby,
       p.lsn::pg_catalog.text as lsn,
       case when not p.standby then pg_catalog.left(pg_catalog.pg_walfile_name(p.lsn), 8) end as timeline,
       w.wal_bytes::pg_catalog.text as bytes,
       extract(epoch from pg_catalog.clock_timestamp() - w.stats_reset)::pg_catalog.float8 as seconds,
       (select s.setting::pg_catalog.int4 from pg_catalog.pg_settings s where s.name = 'max_wal_size') as max
from pg_catalog.pg_stat_wal w,
     (select pg_catalog.pg_is_in_recovery() as standby,
             case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end as lsn) p`;

const ARCHIVER = /* sql */ `
select pg_catalog.current_setting('archive_mode') as mode,
       a.last_archived_wal as "lastArchived",
       extract(epoch from pg_catalog.clock_timestamp() - a.last_archived_time)::pg_catalog.float8 as "lastArchivedSeconds",
       a.failed_count::pg_catalog.text as failed,
       a.last_failed_wal as "lastFailed",
       extract(epoch from pg_catalog.clock_timestamp() - a.last_failed_time)::pg_catalog.float8 as "lastFailedSeconds",
       (select s.setting::pg_catalog.int4 from pg_catalog.pg_settings s where s.name = 'archive_timeout') as "timeoutSeconds"
from pg_catalog.pg_stat_archiver a`;

async function readFolder(session: Session): Promise<FolderFact | null> {
  const [{ may } = { may: false }] = await session.rows<{ may: boolean }>(MAY);
  if (!may) return null;
  const [row] = await session.rows<{ bytes: string; ready: number; newestReady: string | null }>(FOLDER);
  return row === undefined ? null : { ...row, bytes: Number(row.bytes) };
}

const MAY = /* sql */ `
select pg_catalog.has_function_privilege('pg_catalog.pg_ls_waldir()', 'execute')
   and pg_catalog.has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'execute') as may`;

const FOLDER = /* sql */ `
select (select coalesce(pg_catalog.sum(f.size), 0)::pg_catalog.text from pg_catalog.pg_ls_waldir() f) as bytes,
       pg_catalog.count(*)::pg_catalog.int4 as ready,
       pg_catalog.max(pg_catalog.replace(r.name, '.ready', '')) as "newestReady"
from pg_catalog.pg_ls_archive_statusdir() r
where r.name like '%.ready'`;

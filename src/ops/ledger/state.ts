import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { HashedColumn } from './canonical.ts';

export interface Epoch {
  readonly epoch: number;
  readonly origin: string;
  readonly systemIdentifier: string;
  /** Added to the server's transaction ids by the default of the xid columns. */
  readonly xidOffset: bigint;
  readonly firstXid: bigint;
}

/** The last head of the log. */
export interface Head {
  readonly sequence: number;
  readonly epoch: number;
  readonly lo: bigint;
  readonly hi: bigint;
  readonly size: number;
  readonly root: Buffer;
  readonly peaks: Buffer;
  readonly note: string;
  readonly guards: string;
  readonly closedAt: Date;
  /** By the server's clock, in milliseconds. */
  readonly ageMs: number;
}

export interface LedgerState {
  /** Null: no checkpoint was ever made here. */
  readonly epoch: Epoch | null;
  readonly head: Head | null;
  /** Everything below it has ended, by the server's own ids; add the epoch's offset to compare with rows. */
  readonly xmin: bigint;
  /** The next transaction id of the server. */
  readonly xmax: bigint;
  readonly systemIdentifier: string;
  readonly inRecovery: boolean;
}

/** Reads the state in one snapshot. Fails with refused where schema dbctl has no ledger yet. */
export async function readState(session: Session): Promise<LedgerState> {
  const [row] = await session.rows<StateRow>(STATE).catch((thrown: unknown) => {
    if (!['3F000', '42P01'].includes((thrown as { sqlstate?: string }).sqlstate ?? '')) throw thrown;
    return fail('refused', 'this database has no ledger yet', { hint: 'Run dbctl ledger checkpoint first.' });
  });
  if (row === undefined) throw new Error('the state query always answers one row');
  return {
    epoch:
      row.epoch === null ? null : { ...row.epoch, xidOffset: BigInt(row.epoch.xidOffset), firstXid: BigInt(row.epoch.firstXid) },
    head: row.head === null ? null : headOf(row.head),
    xmin: BigInt(row.xmin),
    xmax: BigInt(row.xmax),
    systemIdentifier: session.systemIdentifier ?? 'unknown',
    inRecovery: row.in_recovery,
  };
}

interface StateRow {
  readonly epoch: (Omit<Epoch, 'xidOffset' | 'firstXid'> & { xidOffset: string; firstXid: string }) | null;
  readonly head: Readonly<
    Record<'sequence' | 'epoch' | 'size' | 'ageMs', number> &
      Record<'lo' | 'hi' | 'root' | 'peaks' | 'note' | 'guards' | 'closedAt', string>
  > | null;
  readonly xmin: string;
  readonly xmax: string;
  readonly in_recovery: boolean;
}

function headOf(row: NonNullable<StateRow['head']>): Head {
  return {
    ...row,
    lo: BigInt(row.lo),
    hi: BigInt(row.hi),
    root: Buffer.from(row.root, 'hex'),
    peaks: Buffer.from(row.peaks, 'hex'),
    closedAt: new Date(row.closedAt),
  };
}

const STATE = /* sql */ `
select (select pg_catalog.json_build_object(
          'epoch', e.epoch, 'origin', e.origin, 'systemIdentifier', e.system_identifier,
          'xidOffset', e.xid_offset::pg_catalog.text, 'firstXid', e.first_xid::pg_catalog.text)
        from dbctl.ledger_epoch e order by e.epoch desc limit 1) as epoch,
       (select pg_catalog.json_build_object(
          'sequence', c.sequence, 'epoch', c.epoch, 'lo', c.lo::pg_catalog.text, 'hi', c.hi::pg_catalog.text, 'size', c.size,
          'root', pg_catalog.encode(c.root, 'hex'), 'peaks', pg_catalog.encode(c.peaks, 'hex'), 'note', c.note, 'guards', c.guards,
          'closedAt', c.closed_at,
          'ageMs', (extract(epoch from pg_catalog.clock_timestamp() - c.closed_at) * 1000)::pg_catalog.int8)
        from dbctl.ledger_checkpoint c order by c.sequence desc limit 1) as head,
       pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.text as xmin,
       pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text as xmax,
       pg_catalog.pg_is_in_recovery() as in_recovery`;

/** Column lists by `schema.table` and version. */
export type ColumnLists = ReadonlyMap<string, ReadonlyMap<number, readonly HashedColumn[]>>;

export async function readColumnLists(session: Session): Promise<ColumnLists> {
  const rows = await session.rows<{ table_name: string; version: number; columns: HashedColumn[] }>(
    'select c.table_name, c.version, c.columns from dbctl.ledger_columns c order by c.table_name, c.version',
  );
  const lists = new Map<string, Map<number, readonly HashedColumn[]>>();
  for (const { table_name: table, version, columns } of rows) {
    lists.set(table, (lists.get(table) ?? new Map<number, readonly HashedColumn[]>()).set(version, columns));
  }
  return lists;
}

/** Who holds the horizon back: the oldest transaction, prepared ones too; null when nothing is open. */
export async function readHorizon(session: Session): Promise<{ readonly who: string; readonly ageMs: number } | null> {
  const [row] = await session.rows<{ who: string; age_ms: string }>(HORIZON);
  return row === undefined ? null : { who: row.who, ageMs: Number(row.age_ms) };
}

const HORIZON = /* sql */ `
select h.who, (extract(epoch from pg_catalog.clock_timestamp() - h.since) * 1000)::pg_catalog.int8 as age_ms
from (
  select pg_catalog.format('pid %s (%s, user %s)', a.pid, coalesce(nullif(a.application_name, ''), 'no application name'), a.usename) as who,
         a.xact_start as since, pg_catalog.age(a.backend_xid) as age
  from pg_catalog.pg_stat_activity a
  where a.backend_xid is not null and a.pid <> pg_catalog.pg_backend_pid()
  union all
  select pg_catalog.format('prepared transaction %s (user %s, database %s)', p.gid, p.owner, p.database), p.prepared, pg_catalog.age(p.transaction)
  from pg_catalog.pg_prepared_xacts p
) h
order by h.age desc
limit 1`;

import { DbctlError, fail } from '../../core/errors.ts';
import { literal } from '../../db/ident.ts';
import { withSession, type Session } from '../../db/session.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { LOCK_NOT_GRANTED } from '../../runtime/sqlstate/classes.ts';

/** Who keeps everybody from reading a table. */
interface TableLock {
  /** Qualified and quoted, as pg_dump writes it. */
  readonly table: string;
  /** False: it waits for its lock itself, and whoever comes later waits behind it. */
  readonly granted: boolean;
  /** Null: a prepared transaction, which no process has. */
  readonly pid: number | null;
  readonly prepared: string | null;
  readonly who: string | null;
  /** Those it waits for. */
  readonly behind: readonly number[];
}

export interface LockWish {
  readonly target: ConnectionTarget;
  readonly lockWaitMs: number;
}

/** So often a dump is begun in all: who alters tables all the time may come between two of its sessions each time. */
const TRIES = 3;

/**
 * Runs what waits for tables to read them, again from its start where a program could not lock one that `session` had locked before it: who alters
 * the table came between the two and waits for `session`, the program waits for them, and both get on when the transaction of `session` is over.
 * Where a lock was not had in time it fails with lock.held, naming the table and who keeps it, as it is at that moment: pg_dump tells of a timeout
 * only, and of every table it asked for in one statement. Else it fails as `use` does.
 */
export async function namingLocks<T>(session: Session, wish: LockWish, use: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await use();
    } catch (thrown) {
      if (!isLockFailure(thrown)) throw thrown;
      if (left > 1 && isOfProgram(thrown)) continue;
      const locks = await tableLocks(session, wish.target).catch(() => []);
      const asked = locks.filter(({ table }) => thrown.detail?.includes(table) === true);
      return tell(thrown, asked.length > 0 ? asked : locks, wish.lockWaitMs);
    }
  }
}

/** What failed in `session` itself has a code, and no program was at work yet. */
const isOfProgram = ({ sqlstate }: DbctlError): boolean => sqlstate === undefined;

/** `--lock-wait-timeout` sets statement_timeout while pg_dump locks tables; its other processes do not wait, since the first has the locks. */
function isLockFailure(thrown: unknown): thrown is DbctlError {
  if (!(thrown instanceof DbctlError)) return false;
  if (thrown.sqlstate !== undefined) return LOCK_NOT_GRANTED.has(thrown.sqlstate);
  const detail = thrown.detail ?? '';
  return /due to statement timeout[^]*\bLOCK TABLE\b/.test(detail) || detail.includes('could not obtain lock on relation');
}

/** By a connection of its own: that of the dump is in a transaction which has failed. */
function tableLocks(session: Session, target: ConnectionTarget): Promise<TableLock[]> {
  const hosts = target.hosts.filter(({ host, port }) => host === session.host && port === session.port);
  const here = hosts.length === 0 ? target : { ...target, database: session.database, hosts };
  return withSession(here, { access: 'read', applicationName: 'dbctl backup', statementTimeoutMs: 5_000 }, (other) =>
    other.rows<TableLock>(TABLE_LOCKS),
  );
}

function tell(cause: DbctlError, locks: readonly TableLock[], lockWaitMs: number): never {
  const waiting = `backup.lock_wait in dbctl.yaml says how long a backup waits.`;
  const [first] = locks;
  const rest = { cause, ...(cause.detail === undefined ? {} : { detail: cause.detail }) };
  if (first === undefined) {
    return fail('lock.held', `a table was locked for ${lockWaitMs} ms, and is not any more, or by whom this role may not see`, {
      hint: `Run it again; ${waiting}`,
      ...rest,
    });
  }
  const others = new Set(locks.map(({ table }) => table)).size - 1;
  const more = others === 0 ? '' : `, as are ${others} more tables`;
  return fail('lock.held', `${first.table} is ${sentence(first)}${more}, and was waited for ${lockWaitMs} ms`, {
    hint: `${act(first)}; ${waiting}`,
    ...rest,
  });
}

function sentence({ granted, pid, prepared, who, behind }: TableLock): string {
  if (pid === null) return `locked by the prepared transaction ${JSON.stringify(prepared)}`;
  const process = `process ${pid}${who === null ? '' : ` (${who})`}`;
  if (granted) return `locked by ${process}`;
  return `wanted by ${process}${behind.length === 0 ? '' : `, which waits for process ${behind.join(', ')}`}`;
}

function act({ granted, pid, prepared, behind }: TableLock): string {
  if (pid === null) return `Ask whose it is, then: rollback prepared ${literal(prepared ?? '')}`;
  return `Wait until it has ended, or end it: select pg_terminate_backend(${granted ? pid : (behind[0] ?? pid)})`;
}

/** Of all locks of tables ACCESS EXCLUSIVE alone keeps readers out. Those that have one come first, then those that wait. */
const TABLE_LOCKS = /* sql */ `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as "table",
       l.granted,
       l.pid,
       x.gid as prepared,
       (select pg_catalog.concat_ws(', ', a.usename, nullif(a.application_name, ''),
                 a.state || ' for ' || pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start)::pg_catalog.int8 || ' s')
        from pg_catalog.pg_stat_activity a where a.pid = l.pid) as who,
       case when l.granted or l.pid is null then '{}' else pg_catalog.pg_blocking_pids(l.pid) end as behind
from pg_catalog.pg_locks l
join pg_catalog.pg_database d on d.oid = l.database and d.datname = pg_catalog.current_database()
join pg_catalog.pg_class c on c.oid = l.relation and c.relkind in ('r', 'p', 'm', 'v', 'f', 'S')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
-- Of a prepared transaction nothing is left but its locks, one of them on its own number.
left join pg_catalog.pg_locks t on l.pid is null and t.pid is null and t.locktype = 'transactionid' and t.granted
  and t.virtualtransaction = l.virtualtransaction
left join pg_catalog.pg_prepared_xacts x on x.transaction = t.transactionid
where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
order by l.granted desc, 1, l.pid`;

import { chown, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../core/errors.ts';
import { lsnNumber } from '../../core/lsn.ts';
import { withSession, type Session } from '../../db/session.ts';
import type { ServerAccount } from '../process/account.ts';
import { OF_A_COPY } from '../restore/of-a-copy.ts';
import { startElsewhere, whenOpen } from '../restore/start-elsewhere.ts';
import type { ServerOnData } from '../server/throw-away.ts';
import { majorOf } from '../tools/program.ts';
import { addressOf, parseWalName } from '../wal/segment.ts';
import { checkIndexes } from './amcheck.ts';
import type { DrillInputs, Reached } from './drill.ts';
import { lookAtDatabases, type OnDatabase } from './looks.ts';
import { Failed, NotTried, type Try } from './steps.ts';
import { socketTarget } from '../server/socket-target.ts';
import { withoutLibraries } from './without-libraries.ts';

/**
 * The copy must not act as production: no archiving over its archive, no standby of its primary, nobody but us on its socket; and it has to
 * start here, with memory this machine has. Written last into postgresql.auto.conf, which stands above everything but the command line.
 */
const OVERRIDES = (folder: string): string => `
archive_mode = 'off'
archive_command = ''
archive_library = ''
archive_cleanup_command = ''
recovery_end_command = ''
restore_command = ''
primary_conninfo = ''
shared_buffers = '256MB'
primary_slot_name = ''
ssl = 'off'
hba_file = '${folder}/dbctl_hba.conf'
ident_file = '${folder}/dbctl_ident.conf'
data_directory = '${folder}'
external_pid_file = ''
logging_collector = 'off'
log_destination = 'stderr'
cluster_name = 'dbctl drill'
fsync = 'off'
full_page_writes = 'off'
`;

/** Longest a copy may take to replay the WAL that came with it, in milliseconds. */
const RECOVERY_MS = 600_000;

/**
 * Readies the files of a server for a start of their own, so that nothing of them reaches production. `recovery` is what is said after the
 * overrides: where the write-ahead log comes from, and where the replay stops.
 */
export async function isolate(data: string, account: ServerAccount | undefined, recovery = ''): Promise<void> {
  const write = async (name: string, text: string, flag: 'a' | 'w') => {
    await writeFile(join(data, name), text, { mode: 0o600, flag });
    if (account !== undefined) await chown(join(data, name), account.uid, account.gid);
  };
  const there = new Set(await readdir(data));
  // Debian keeps it in /etc, and a base backup has what is in the data folder.
  if (!there.has('postgresql.conf')) await write('postgresql.conf', '', 'w');
  await write('postgresql.auto.conf', `${OVERRIDES(data)}${await startElsewhere(data)}${recovery}`, 'a');
  await write('dbctl_hba.conf', 'local all all trust\n', 'w');
  await write('dbctl_ident.conf', '', 'w');
}

/** What is known of the server whose files were restored. */
export interface RestoredServer {
  /** The role initdb made: always a superuser. */
  readonly bootstrapUser: string;
  /** Null: not known. */
  readonly systemIdentifier: string | null;
  /** Those that have to open; null: all there are. */
  readonly databases: readonly string[] | null;
  /** Where its recovery ends, for the report. */
  readonly recoveredTo: string;
  /** The last segment of the log it has to come to; absent or null: its recovery has a target of its own. */
  readonly lastSegment?: string | null;
}

/** Waits until the server has left recovery, opens every database, and looks at indexes and at the project's own database. */
export async function lookIntoServer(
  server: ServerOnData,
  restored: RestoredServer,
  inputs: DrillInputs,
  tryIt: Try,
  reached: Reached,
): Promise<void> {
  const on = (database: string): OnDatabase => {
    const settings = { statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0, signal: inputs.signal };
    return (use, access = 'write') =>
      withSession(socketTarget(server, restored.bootstrapUser, database, OF_A_COPY), { access, ...settings }, use);
  };
  let found: Recovered | undefined;
  const replayed = await tryIt('replay', async () => {
    found = await whenOpen(() => on('postgres')((session) => recovered(session, restored.systemIdentifier)), {
      ended: () => server.ended(),
      waitMs: RECOVERY_MS,
      signal: inputs.signal,
    }).catch((thrown: unknown) => endedInstead(server, thrown));
    requireEnd(found, restored.lastSegment ?? null);
    const last = found.lastCommit === null ? '' : `, last commit of ${found.lastCommit.toISOString()}`;
    return `recovered to ${restored.recoveredTo}${last}`;
  });
  if (!replayed || found === undefined) return;
  const { major, lastCommit } = found;
  const databases = restored.databases ?? found.databases;
  const open = await tryIt('open', async () => {
    for (const database of databases) await on(database)((session) => session.rows('select from pg_catalog.pg_class limit 1'));
    reached(lastCommit);
    const message = `${databases.length} databases: ${databases.join(', ')}`;
    return { message, details: await on('postgres')(withoutLibraries) };
  });
  if (!open) return;
  await tryIt('compare', () => Promise.reject(new NotTried(NO_FINGERPRINT)));
  await lookAtDatabases({ carried: 'server', databases, main: inputs.database, on }, inputs, tryIt);
  const target = socketTarget(server, restored.bootstrapUser, 'postgres', OF_A_COPY);
  await tryIt('amcheck', () => checkIndexes(target, { host: server.socket, port: server.port }, databases, major, inputs));
}

const NO_FINGERPRINT = 'a backup of files has no fingerprint: its moment is its end, and no transaction is there to read it';

/** A server that cannot reach its recovery target ends; what it said last is the reason, and not that nobody answers. */
async function endedInstead(server: ServerOnData, thrown: unknown): Promise<never> {
  // The session is gone a moment before the last process is.
  for (let waited = 0; waited < 3_000 && !(await server.ended()); waited += 200) await sleep(200);
  const said = (await server.ended()) ? await server.lastWords() : undefined;
  throw said === undefined ? thrown : new Failed(`the server ended: ${said}`, []);
}

/** A recovery without a target takes a gap for the end of the log, and opens the database as if nothing had come after it. */
function requireEnd({ lastLsn, segmentBytes }: Recovered, last: string | null): void {
  const file = last === null ? undefined : parseWalName(last);
  if (lastLsn === null || file?.kind !== 'segment') return;
  const reached = (lsnNumber(lastLsn) - 1n) / BigInt(segmentBytes);
  if (reached * BigInt(segmentBytes) >= addressOf(file, segmentBytes)) return;
  throw new Failed(
    `the replay ended at ${lastLsn}, and the archive goes on to ${last}: there is a gap, or a segment is broken`,
    [],
  );
}

interface Recovered {
  readonly major: number;
  readonly databases: readonly string[];
  readonly lastCommit: Date | null;
  /** End of the last record that was replayed; null: none was. */
  readonly lastLsn: string | null;
  readonly segmentBytes: number;
}

/** pg_ctl says started when the copy is consistent; what counts is that it has left recovery, as the server it was. */
async function recovered(session: Session, systemIdentifier: string | null): Promise<Recovered> {
  if (systemIdentifier !== null && session.systemIdentifier !== systemIdentifier) {
    fail('backup.failed', `the files are of server ${session.systemIdentifier}, and the manifest says ${systemIdentifier}`);
  }
  for (let waited = 0; waited < RECOVERY_MS; waited += 200) {
    const [row] = await session.rows<Omit<Recovered, 'major'> & { recovering: boolean }>(STATE);
    if (row?.recovering === false) return { ...row, major: majorOf(session.serverVersion) };
    await sleep(200);
  }
  return fail('backup.failed', `it is still in recovery after ${RECOVERY_MS / 60_000} minutes`);
}

const STATE = /* sql */ `
select pg_catalog.pg_is_in_recovery() as recovering,
       pg_catalog.pg_last_xact_replay_timestamp() as "lastCommit",
       pg_catalog.pg_last_wal_replay_lsn()::pg_catalog.text as "lastLsn",
       (select s.setting::pg_catalog.int4 from pg_catalog.pg_settings s where s.name = 'wal_segment_size') as "segmentBytes",
       array(select d.datname::pg_catalog.text from pg_catalog.pg_database d where d.datallowconn and not d.datistemplate order by 1) as databases`;

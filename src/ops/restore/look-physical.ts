import { chown, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../core/errors.ts';
import { ident, literal } from '../../db/ident.ts';
import { withSession, type Session } from '../../db/session.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import { findEmbedded } from '../dev/binaries.ts';
import { startCluster, stopCluster } from '../dev/cluster.ts';
import { withDevLock } from '../dev/dev-lock.ts';
import { userId, type DevEnvironment } from '../dev/environment.ts';
import type { Major } from '../dev/lines.ts';
import { START_LOG, logsSince, markLogs } from '../dev/logs.ts';
import { SUPERUSER, writePassfile } from '../dev/passfile.ts';
import { freePort } from '../dev/port.ts';
import { randomPassword } from '../dev/secret-file.ts';
import { makeStateFolder, stateFolder, type StateFolder } from '../dev/state.ts';
import { usableBinaries } from '../dev/usable-binaries.ts';
import { serverAccount, type ServerAccount } from '../process/account.ts';
import { serverProcesses } from '../process/process.ts';
import { comesUp } from '../server/throw-away.ts';
import { restoreDataFolder } from './data-folder.ts';
import type { LookInputs } from './look.ts';
import type { Replay } from './replay.ts';
import { OF_A_COPY } from './of-a-copy.ts';
import { startElsewhere, whenOpen } from './start-elsewhere.ts';
import { socketTarget } from '../server/socket-target.ts';

/** The copy must not act as production: nothing is archived, it follows no primary, and it is reached by its own configuration alone. */
const overrides = (data: string, replay: Replay | null): string => `
archive_mode = 'off'
archive_command = ''
archive_library = ''
${replay === null ? `restore_command = ''` : ''}
archive_cleanup_command = ''
recovery_end_command = ''
primary_conninfo = ''
primary_slot_name = ''
ssl = 'off'
hba_file = '${data}/dbctl_hba.conf'
ident_file = '${data}/dbctl_ident.conf'
data_directory = '${data}'
external_pid_file = ''
logging_collector = 'off'
log_destination = 'stderr'
cluster_name = 'dbctl look'
`;

/** Before a password is known, the folder of the socket keeps everybody else out. */
const FIRST_HBA = 'local all all trust\n';
const HBA = 'local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n';

/** Longest the log may take to replay, in milliseconds. */
const RECOVERY_MS = 3_600_000;

/**
 * Unpacks a physical backup to where `dbctl dev` keeps the server of a folder, recovers it, and gives its superuser a password of its own. The
 * server runs afterwards. Fails with server.failed where it does not start, with what it logged.
 */
export async function makeServerOfBackup(
  manifest: PhysicalManifest,
  replay: Replay | null,
  environment: DevEnvironment,
  major: Major,
  inputs: LookInputs,
): Promise<void> {
  const state = stateFolder(environment, major);
  const { socket } = state;
  if (socket === undefined) {
    return fail('server.failed', `${state.folder} is too long a path for a socket`, {
      hint: 'Set DBCTL_STATE_HOME to a shorter one.',
    });
  }
  await withDevLock(state, inputs, async () => {
    const account = await serverAccount(userId(environment));
    await makeStateFolder(state, account);
    await restoreDataFolder({ ...inputs, manifest, data: state.data, account, replay });
    const write = (name: string, text: string, flag: 'a' | 'w' = 'w') => give(join(state.data, name), text, flag, account);
    const there = new Set(await readdir(state.data));
    // Debian keeps it in /etc, and a base backup has what is in the data folder.
    if (!there.has('postgresql.conf')) await write('postgresql.conf', '');
    await write('postgresql.auto.conf', `${overrides(state.data, replay)}${await startElsewhere(state.data)}`, 'a');
    await write('dbctl_hba.conf', FIRST_HBA);
    await write('dbctl_ident.conf', '');
    await recoverAndOpen(manifest, { state, socket, account, write }, inputs);
  });
}

async function give(path: string, text: string, flag: 'a' | 'w', account: ServerAccount | undefined): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag });
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

interface Place {
  readonly state: StateFolder;
  readonly socket: string;
  readonly account: ServerAccount | undefined;
  readonly write: (name: string, text: string) => Promise<void>;
}

async function recoverAndOpen(
  manifest: PhysicalManifest,
  { state, socket, account, write }: Place,
  { progress, signal }: LookInputs,
): Promise<void> {
  const found = findEmbedded(state.major);
  const { binFolder } = await usableBinaries(found, account, join(state.root, 'binaries'), { progress, signal });
  const [port, mark] = [await freePort(), await markLogs(state.logs)];
  const step = progress.step('recover');
  const ended = await startCluster({ binFolder, account, signal }, state.data, { port, socket }, join(state.logs, START_LOG));
  if (ended.status !== 0 && !(await comesUp(state.data, signal))) {
    const said = await logsSince(state.logs, mark);
    const why = said.split('\n').findLast((line) => /FATAL|PANIC/.test(line));
    fail(
      'server.failed',
      `the server of the backup does not start: ${why?.replace(/^.*?(?=FATAL|PANIC)/, '') ?? 'it logged no reason'}`,
      {
        detail: said,
      },
    );
  }
  try {
    const password = randomPassword();
    // The role initdb made.
    const superuser = socketTarget({ socket, port }, manifest.source.bootstrapUser, 'template1', OF_A_COPY);
    const open = () => withSession(superuser, { access: 'read', signal }, (session) => recovered(session, signal));
    const ended = async () => (await serverProcesses(state.data)).length === 0;
    await whenOpen(open, { ended, waitMs: RECOVERY_MS, signal });
    await withSession(superuser, { access: 'write', signal }, (session) => openToAll(session, password));
    await write('dbctl_hba.conf', HBA);
    await withSession(superuser, { access: 'write', signal }, (session) => session.rows('select pg_catalog.pg_reload_conf()'));
    await writePassfile(state.passfile, port, password);
    step.done();
  } catch (thrown) {
    await stopCluster({ binFolder, account }, state.data, 'immediate').catch(() => {});
    throw thrown;
  }
}

async function recovered(session: Session, signal: AbortSignal): Promise<void> {
  for (let waited = 0; waited < RECOVERY_MS; waited += 200) {
    const [row] = await session.rows<{ recovering: boolean }>('select pg_catalog.pg_is_in_recovery() as recovering');
    if (row?.recovering === false) return;
    await sleep(200, undefined, { signal });
  }
  fail('server.failed', `it is still in recovery after ${RECOVERY_MS / 60_000} minutes`);
}

/** In this copy alone: the password of production is not known, and is not asked for, and libraries of its own would let nobody in. */
async function openToAll(session: Session, password: string): Promise<void> {
  await loadNothing(session);
  const [row] = await session.rows<{ there: boolean }>(
    'select exists (select from pg_catalog.pg_roles r where r.rolname = $1) as there',
    [SUPERUSER],
  );
  const verb = row?.there === true ? 'alter' : 'create';
  await session.script(
    `set password_encryption = 'scram-sha-256'; set log_statement = 'none'; ${verb} role ${ident(SUPERUSER)} login superuser password ${literal(password)} valid until 'infinity'`,
  );
}

/** In this copy alone: a session that would load a library that is not here is none. */
export async function loadNothing(session: Session): Promise<void> {
  for (const { statement } of await session.rows<{ statement: string }>(LIBRARIES)) await session.script(statement);
}

/** The statements that take back which libraries sessions load in a database or of a role. */
const LIBRARIES = /* sql */ `
select pg_catalog.format(
         case
           when s.setdatabase = 0 and s.setrole = 0 then 'alter role all reset %3$I'
           when s.setrole = 0 then 'alter database %1$I reset %3$I'
           when s.setdatabase = 0 then 'alter role %2$I reset %3$I'
           else 'alter role %2$I in database %1$I reset %3$I'
         end,
         d.datname, r.rolname, pg_catalog.split_part(c.line, '=', 1)) as statement
from pg_catalog.pg_db_role_setting s
cross join lateral pg_catalog.unnest(s.setconfig) c (line)
-- A setting for every database, or for every role, names none.
left join pg_catalog.pg_database d on d.oid = s.setdatabase
left join pg_catalog.pg_roles r on r.oid = s.setrole
where c.line ~ '^(session|local)_preload_libraries='
order by statement`;

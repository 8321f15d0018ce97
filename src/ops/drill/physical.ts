import { chown, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError, fail } from '../../core/errors.ts';
import { withSession, type Session } from '../../db/session.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import { withBackupFolders } from '../restore/bring.ts';
import { layOut } from '../restore/combine.ts';
import { withServerOn, type MakeData, type ServerOnData } from '../server/throw-away.ts';
import { majorOf } from '../tools/program.ts';
import { checkIndexes } from './amcheck.ts';
import { tryGuards, tryLedger, type DrillInputs, type Recovery, type Try } from './drill.ts';

/**
 * The copy must not act as production: no archiving over its archive, no standby of its primary, nobody but us on its socket. Written last into
 * postgresql.auto.conf, which stands above everything but the command line.
 */
const OVERRIDES = (folder: string): string => `
archive_mode = 'off'
archive_command = ''
restore_command = ''
primary_conninfo = ''
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

/** Starts the files of a base backup on a server made for it, and looks into every database. */
export const physicalRecovery =
  (manifest: PhysicalManifest, inputs: DrillInputs): Recovery =>
  async (tryIt, reached, folder) => {
    const { progress, signal, uid } = inputs;
    const major = majorOf(manifest.source.serverVersion) === 17 ? 17 : 18;
    let unpacked = false;
    const make: MakeData = async ({ data, account }) => {
      unpacked = await tryIt('unpack', () => unpack(manifest, folder, { ...inputs, data, account }));
      if (!unpacked) fail('backup.failed', 'the backup could not be unpacked');
    };
    try {
      await withServerOn({ major, uid, progress, signal }, make, (server) => lookInto(server, manifest, inputs, tryIt, reached));
    } catch (thrown) {
      // Where it could not be unpacked that is noted already.
      if (unpacked) await tryIt('server', () => Promise.reject(thrown));
      else if (!(thrown instanceof DbctlError)) throw thrown;
    }
  };

async function lookInto(
  server: ServerOnData,
  manifest: PhysicalManifest,
  inputs: DrillInputs,
  tryIt: Try,
  reached: () => void,
): Promise<void> {
  const { databases, systemIdentifier, serverVersion } = manifest.source;
  const on = <T>(database: string, use: (session: Session) => Promise<T>) =>
    withSession(
      socketTarget(server, manifest, database),
      { access: 'write', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 },
      use,
    );
  const restored = await tryIt('restore', async () => {
    await on('postgres', (session) => recovered(session, systemIdentifier));
    for (const database of databases) await on(database, (session) => session.rows('select from pg_catalog.pg_class limit 1'));
    return `recovered to ${manifest.endLsn}; ${databases.length} databases open: ${databases.join(', ')}`;
  });
  if (!restored) return;
  reached();
  const target = socketTarget(server, manifest, 'postgres');
  await tryIt('amcheck', () =>
    checkIndexes(target, { host: server.socket, port: server.port }, databases, majorOf(serverVersion), inputs),
  );
  if (!databases.includes(inputs.database)) return;
  const inDatabase = <T>(use: (session: Session) => Promise<T>) => on(inputs.database, use);
  await tryIt('immutability', () => inDatabase((session) => tryGuards(session, inputs.immutability)));
  await tryIt('ledger', () => inDatabase((session) => tryLedger(session, inputs.ledger, inDatabase)));
}

/** pg_ctl says started when the copy is consistent; what counts is that it has left recovery, as the server it was. */
async function recovered(session: Session, systemIdentifier: string | null): Promise<void> {
  if (systemIdentifier !== null && session.systemIdentifier !== systemIdentifier) {
    fail('backup.failed', `the files are of server ${session.systemIdentifier}, and the manifest says ${systemIdentifier}`);
  }
  for (let waited = 0; waited < RECOVERY_MS; waited += 200) {
    const [row] = await session.rows<{ recovering: boolean }>('select pg_catalog.pg_is_in_recovery() as recovering');
    if (row?.recovering === false) return;
    await sleep(200);
  }
  fail('backup.failed', `it is still in recovery after ${RECOVERY_MS / 60_000} minutes`);
}

async function unpack(
  manifest: PhysicalManifest,
  folder: string,
  inputs: DrillInputs & Pick<Parameters<MakeData>[0], 'data' | 'account'>,
): Promise<string> {
  const { data, account, ancestors = [] } = inputs;
  const step = inputs.progress.step('unpack', manifest.source.sizeBytes);
  const { archives } = await withBackupFolders(inputs, ancestors, (before) =>
    layOut([...before, { manifest, folder }], data, {
      ...inputs,
      tablespaces: join(dirname(data), 'tablespaces'),
      onBytes: (bytes) => step.tick(bytes),
    }),
  );
  step.done();
  const write = async (name: string, text: string, flag: 'a' | 'w') => {
    await writeFile(join(data, name), text, { mode: 0o600, flag });
    if (account !== undefined) await chown(join(data, name), account.uid, account.gid);
  };
  const there = new Set(await readdir(data));
  // Debian keeps it in /etc, and a base backup has what is in the data folder.
  if (!there.has('postgresql.conf')) await write('postgresql.conf', '', 'w');
  await write('postgresql.auto.conf', OVERRIDES(data), 'a');
  await write('dbctl_hba.conf', 'local all all trust\n', 'w');
  await write('dbctl_ident.conf', '', 'w');
  const of = ancestors.length === 0 ? '' : ` of ${ancestors.length + 1} backups, combined`;
  return `${archives} ${archives === 1 ? 'archive' : 'archives'}${of}`;
}

/** The role initdb made, on the socket nobody else can reach. */
function socketTarget({ socket, port }: ServerOnData, { source }: PhysicalManifest, database: string): ConnectionTarget {
  return {
    hosts: [{ host: socket, port }],
    loadBalance: false,
    database,
    user: source.bootstrapUser,
    password: () => Promise.resolve(undefined),
    tls: { mode: 'disable', systemRoots: false, negotiation: 'postgres' },
    targetSessionAttrs: 'any',
    applicationName: undefined,
    options: undefined,
    connectTimeoutMs: 10_000,
    channelBinding: 'prefer',
  };
}

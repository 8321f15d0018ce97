import { withSession } from '../../db/session.ts';
import type { LogicalManifest } from '../backup/manifest.ts';
import { requireCompression } from '../restore/compression.ts';
import { OF_A_COPY } from '../restore/of-a-copy.ts';
import { prepareServer } from '../restore/prepare-server.ts';
import { restoreFrom, type RestoreInputs, type Restored } from '../restore/restore.ts';
import { withThrowAwayServer } from '../server/throw-away.ts';
import { majorOf } from '../tools/program.ts';
import { checkIndexes } from './amcheck.ts';
import type { DrillInputs, Recovery } from './drill.ts';
import { lookAtDatabases, type OnDatabase } from './looks.ts';
import { Failed, type Seen } from './steps.ts';
import { withoutLibraries } from './without-libraries.ts';

/** Settings of the server a backup is tried on: nothing of it has to outlive the drill. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_wal_size: '4GB',
  shared_buffers: '256MB',
} as const;

/** Restores a dump into a fresh server of its major, compares it with what was backed up, and looks at it. */
export const logicalRecovery =
  (manifest: LogicalManifest, inputs: DrillInputs): Recovery =>
  async (tryIt, reached, folder) => {
    const { database, serverVersion } = manifest.source;
    const { progress, signal, uid } = inputs;
    const major = majorOf(serverVersion) === 17 ? 17 : 18;
    await withThrowAwayServer({ major, settings: SETTINGS, uid, progress, signal }, async (server) => {
      const of = (name: string) => ({ ...server.target(name), options: OF_A_COPY });
      const target = of(database);
      const on: OnDatabase = (use, access = 'write') =>
        withSession(target, { access, statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0, signal }, use);
      // Says nothing of the backup: no step of the drill.
      const onto = `the server npm brings for a drill`;
      await withSession(of('postgres'), { access: 'read', signal }, (session) =>
        requireCompression(session, folder, { id: manifest.id, onto }),
      );
      const prepared = await tryIt('server', async () => {
        await prepareServer({ target: of }, manifest.source, database, signal);
        return `PostgreSQL ${major} with ${manifest.source.roles.length} roles`;
      });
      if (!prepared) return;
      const { loaded, compared } = restoring(on, folder, { ...inputs, manifest, target, ownServer: true });
      if (!(await tryIt('restore', () => loaded))) return;
      let there = false;
      await tryIt('compare', async () => {
        const comparison = await compared;
        const without = await on(withoutLibraries);
        // The data is there as soon as it was compared: what differs is another answer than what cannot be restored.
        there = true;
        reached();
        return judge(comparison, without);
      });
      if (!there) return;
      await lookAtDatabases({ carried: 'database', databases: [database], main: database, on: () => on }, inputs, tryIt);
      const at = { host: '127.0.0.1', port: server.port };
      await tryIt('amcheck', () => checkIndexes(target, at, [database], major, inputs));
    });
  };

/** One session restores and compares, and a person wants to know of either when it is done. */
function restoring(on: OnDatabase, folder: string, inputs: RestoreInputs) {
  let onLoaded = () => {};
  const loading = new Promise<void>((resolve) => (onLoaded = resolve));
  const compared = on((session) => restoreFrom(session, folder, { ...inputs, onLoaded: () => onLoaded() }));
  const loaded = Promise.race([loading, compared]).then(
    () => `${inputs.manifest.fingerprint.tables.length} tables by pg_restore`,
  );
  return { loaded, compared };
}

function judge({ data, definitions, parts, refused }: Restored, without: readonly string[]): Seen {
  const unseen = ['definitions were not compared: the backup was made by another version of pg_dump'];
  const differences = [...data, ...(definitions ?? unseen)];
  if (differences.length > 0) throw new Failed(`restored, but differs: ${differences.join('; ')}`, [...differences, ...refused]);
  const details = [...parts.map(({ name, said }) => `${name}: ${said}`), ...without];
  return { message: `as it was backed up: ${parts.map(({ name }) => name).join(', ')}`, details };
}

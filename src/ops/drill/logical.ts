import { ident } from '../../db/ident.ts';
import { withSession } from '../../db/session.ts';
import type { LogicalManifest, RoleFact } from '../backup/manifest.ts';
import { createDatabase } from '../restore/preflight.ts';
import type { Comparison } from '../restore/compare.ts';
import { restoreFrom, type RestoreInputs } from '../restore/restore.ts';
import { withThrowAwayServer, type ThrowAwayServer } from '../server/throw-away.ts';
import { majorOf } from '../tools/program.ts';
import { checkIndexes } from './amcheck.ts';
import type { DrillInputs, Recovery } from './drill.ts';
import { lookAtDatabases, type OnDatabase } from './looks.ts';
import { Failed, type Seen } from './steps.ts';

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
      const target = server.target(database);
      const on: OnDatabase = (use, access = 'write') =>
        withSession(target, { access, statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0, signal }, use);
      if (!(await tryIt('server', () => prepare(server, manifest)))) return;
      const { loaded, compared } = restoring(on, folder, { ...inputs, manifest, target });
      if (!(await tryIt('restore', () => loaded))) return;
      let there = false;
      await tryIt('compare', async () => {
        const comparison = await compared;
        // The data is there as soon as it was compared: what differs is another answer than what cannot be restored.
        there = true;
        reached();
        return judge(comparison);
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

function judge({ data, definitions, parts }: Comparison): Seen {
  const unseen = ['definitions were not compared: the backup was made by another version of pg_dump'];
  const differences = [...data, ...(definitions ?? unseen)];
  if (differences.length > 0) throw new Failed(`restored, but differs: ${differences.join('; ')}`, differences);
  const details = parts.map(({ name, said }) => `${name}: ${said}`);
  return { message: `as it was backed up: ${parts.map(({ name }) => name).join(', ')}`, details };
}

/** Roles first, then the database: owners and grants are part of what is compared. */
async function prepare(server: ThrowAwayServer, { source }: LogicalManifest): Promise<string> {
  await withSession(server.target(), { access: 'write' }, async (session) => {
    const [{ there } = { there: [] }] = await session.rows<{ there: string[] }>(
      'select array(select r.rolname::pg_catalog.text from pg_catalog.pg_roles r) as there',
    );
    const missing = source.roles.filter(({ name }) => !there.includes(name));
    for (const role of missing) await session.script(createRole(role));
    for (const { name, memberOf } of missing) for (const of of memberOf) await session.script(`grant ${of} to ${ident(name)}`);
    await session.script(createDatabase(source.database, source));
  });
  return `PostgreSQL ${majorOf(source.serverVersion)} with ${source.roles.length} roles`;
}

/** Nobody logs in on this server; what counts is that owners and grants have somebody to name. */
const createRole = ({ name, superuser }: RoleFact): string => `create role ${ident(name)}${superuser ? ' superuser' : ''}`;

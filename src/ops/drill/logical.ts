import { fail } from '../../core/errors.ts';
import { ident } from '../../db/ident.ts';
import { withSession, type Session } from '../../db/session.ts';
import type { LogicalManifest, RoleFact } from '../backup/manifest.ts';
import { createDatabase } from '../restore/preflight.ts';
import { restoreFrom } from '../restore/restore.ts';
import { withThrowAwayServer, type ThrowAwayServer } from '../server/throw-away.ts';
import { majorOf } from '../tools/program.ts';
import { checkIndexes } from './amcheck.ts';
import { tryGuards, tryLedger, type DrillInputs, type Recovery } from './drill.ts';

/** Settings of the server a backup is tried on: nothing of it has to outlive the drill. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_wal_size: '4GB',
  shared_buffers: '256MB',
} as const;

/** Restores a dump into a fresh server of its major, and compares it with what was backed up. */
export const logicalRecovery =
  (manifest: LogicalManifest, inputs: DrillInputs): Recovery =>
  async (tryIt, reached, folder) => {
    const { source } = manifest;
    const { progress, signal, uid } = inputs;
    const major = majorOf(source.serverVersion) === 17 ? 17 : 18;
    await withThrowAwayServer({ major, settings: SETTINGS, uid, progress, signal }, async (server) => {
      const target = server.target(source.database);
      const on = <T>(use: (session: Session) => Promise<T>) =>
        withSession(target, { access: 'write', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 }, use);
      if (!(await tryIt('server', () => prepare(server, manifest)))) return;
      const restored = await tryIt('restore', async () => {
        const { data, definitions } = await on((session) => restoreFrom(session, folder, { ...inputs, manifest, target }));
        const differences = [
          ...data,
          ...(definitions ?? ['definitions were not compared: the backup was made by another version of pg_dump']),
        ];
        if (differences.length > 0) fail('backup.failed', `restored, but differs: ${differences.join('; ')}`);
        return 'as it was backed up: rows, sequences, definitions, owners, grants, triggers';
      });
      if (!restored) return;
      reached();
      await tryIt('amcheck', () =>
        checkIndexes(target, { host: '127.0.0.1', port: server.port }, [source.database], major, inputs),
      );
      await tryIt('immutability', () => on((session) => tryGuards(session, inputs.immutability)));
      await tryIt('ledger', () => on((session) => tryLedger(session, inputs.ledger, on)));
    });
  };

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

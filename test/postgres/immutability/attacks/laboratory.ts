import pg from 'pg';
import { withSession } from '../../../../src/db/session.ts';
import { installGuards } from '../../../../src/ops/immutability/install.ts';
import type { ImmutabilitySettings } from '../../../../src/ops/immutability/settings.ts';
import { onServer } from '../../../support/connection.ts';
import { startServer, type ServerOptions, type TestServer } from '../../../support/server.ts';
import { FINGERPRINT } from './fingerprint.ts';
import { ALL_BUT_PRIVILEGES, LEVELS, type Level } from './levels.ts';
import { GRANTS, LARGE_OBJECT, OWNER, PROTECTED, ROLES, TABLES } from './schema.ts';

/** A server of its own: roles, parameters and memberships of the laboratory are the whole server's. */
export interface Laboratory {
  readonly server: TestServer;
  /** A superuser's connection to the database of a level. Ended by `close`. */
  connect(database: string, user?: string): Promise<pg.Client>;
  /** A copy of a level's database for the length of `use`. */
  withClone<T>(level: Level, use: (database: string) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export const databaseOf = (level: Level): string => `lab_level_${level}`;

export const SETTINGS: ImmutabilitySettings = {
  owner: OWNER,
  runbook: 'runbooks/immutability-violation.md',
  partitionCreators: [],
  unlockers: [],
  tables: PROTECTED.map((table) => ({ ...table, probe: null })),
};

/** Starts the server and makes one database for each level asked for. */
export async function openLaboratory(levels: readonly Level[], options: ServerOptions = {}): Promise<Laboratory> {
  const server = await startServer(options);
  const open: pg.Client[] = [];
  const connect = async (database: string, user?: string): Promise<pg.Client> => {
    const url = new URL(server.url(database));
    if (user !== undefined) Object.assign(url, { username: user, password: 'lab' });
    const client = new pg.Client({ connectionString: url.href, statement_timeout: 30_000 });
    client.on('error', () => {});
    await client.connect();
    open.push(client);
    return client;
  };
  try {
    await onServer(server.url(), ...ROLES, 'create database lab_plain template template0 owner lab_db');
    await onServer(server.url('lab_plain'), TABLES, ...GRANTS, ...LARGE_OBJECT, FINGERPRINT);
    for (const level of levels) await makeLevel(server, level);
  } catch (thrown) {
    await server.stop();
    throw thrown;
  }
  let clones = 0;
  return {
    server,
    connect,
    async withClone(level, use) {
      const database = `lab_clone_${(clones += 1)}`;
      await onServer(server.url(), `create database ${database} template ${databaseOf(level)} owner lab_db`);
      try {
        return await use(database);
      } finally {
        await onServer(server.url(), `drop database if exists ${database} with (force)`);
      }
    },
    async close() {
      await Promise.all(open.map((client) => client.end().catch(() => {})));
      await server.stop();
    },
  };
}

async function makeLevel(server: TestServer, level: Level): Promise<void> {
  await onServer(server.url(), `create database ${databaseOf(level)} template lab_plain owner lab_db`);
  const { guards, installed } = LEVELS[level];
  if (guards !== '') await onServer(server.url(databaseOf(level)), guards);
  if (!installed) return;
  const result = await withSession(server.target(databaseOf(level)), { access: 'write' }, (session) => installGuards(session, SETTINGS));
  if (result.refusals.length > 0) throw new Error(`the laboratory is not guarded: ${JSON.stringify(result.refusals)}`);
  if (level === 'e') await onServer(server.url(databaseOf(level)), ...ALL_BUT_PRIVILEGES);
}

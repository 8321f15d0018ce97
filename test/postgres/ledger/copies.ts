import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { ConnectionTarget } from '../../../src/runtime/connection/target.ts';
import { targetOf } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';

/** A server that began as a physical copy of another one: its password is that one's. */
export interface ServerCopy {
  readonly server: TestServer;
  readonly url: string;
  readonly target: ConnectionTarget;
}

/** A cold copy of a halted server's data folder, started: what a physical backup gives back. */
export async function restoredCopy(original: TestServer): Promise<ServerCopy> {
  return copyOf(original, async () => {});
}

/** A streaming standby of a running server, by the low-level backup protocol. */
export async function standbyOf(primary: TestServer): Promise<ServerCopy> {
  const client = new pg.Client({ connectionString: primary.url() });
  await client.connect();
  await client.query(`select pg_backup_start('standby', true)`);
  try {
    return await copyOf(primary, async (copy) => {
      const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
      const { data } = copy;
      await rm(join(data, 'postmaster.pid'), { force: true });
      await copy.give(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
      await copy.give(join(data, 'standby.signal'), '');
      const conninfo = `host=127.0.0.1 port=${primary.port} user=postgres password=${primary.password} application_name=standby`;
      await copy.give(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
    });
  } finally {
    await client.end();
  }
}

async function copyOf(original: TestServer, prepare: (server: TestServer) => Promise<void>): Promise<ServerCopy> {
  const server = await startServer();
  await server.halt();
  execFileSync('sh', ['-c', `rm -rf "$2" && cp -a "$1" "$2" && rm -f "$2/postmaster.pid"`, 'sh', original.data, server.data]);
  await prepare(server);
  await server.start();
  const url = new URL(original.url());
  url.port = String(server.port);
  return { server, url: url.href, target: targetOf(url.href, 'postgres') };
}

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onServer } from '../../support/connection.ts';
import type { TestServer } from '../../support/server.ts';
import { sqlBlocks } from '../runbooks/sql-blocks.ts';
import { ask, startWalServer, until, writeSegments } from './support.ts';

/** Every SQL block of the two runbooks, in order, on a server in the state they are written for. */
let server: TestServer;
let client: pg.Client;

beforeAll(async () => {
  server = await startWalServer();
  client = new pg.Client({ connectionString: server.url() });
  await client.connect();
}, 60_000);
afterAll(async () => {
  await client.end();
  await server.stop();
});

const blocks = (file: string) => sqlBlocks(file).map((block) => [`line ${block.line}`, block.sql] as const);
const folderBytes = async () => Number(await ask(server, 'select sum(size) from pg_ls_waldir()'));

describe('runbooks/wal-disk-filling.md', () => {
  let full = 0;
  beforeAll(async () => {
    await onServer(server.url(), `select pg_create_physical_replication_slot('forgotten', true)`);
    await writeSegments(server.url(), 12);
    await onServer(server.url(), 'checkpoint');
    full = await folderBytes();
  });

  it.each(blocks('runbooks/wal-disk-filling.md'))('%s', async (_name, sql) => void (await client.query(sql)));

  it('frees the disk', async () => {
    expect(await folderBytes()).toBeLessThan(full - (64 << 20));
  });
});

describe('runbooks/archive-failing.md', () => {
  beforeAll(async () => {
    await onServer(server.url(), `alter system set archive_command = 'false'`, 'select pg_reload_conf()');
    await writeSegments(server.url(), 1);
    await until('a failure', async () => Number(await ask(server, 'select failed_count from pg_stat_archiver')) > 0);
    await onServer(server.url(), 'alter system reset archive_command', 'select pg_reload_conf()');
  });

  it.each(blocks('runbooks/archive-failing.md'))(
    '%s',
    async (_name, sql) => {
      await until(
        `an answer without false: ${sql}`,
        async () => {
          const { rows } = await client.query<Record<string, unknown>>(sql);
          return rows.every((row) => Object.values(row).every((value) => value !== false));
        },
        90,
      );
    },
    100_000,
  );
});

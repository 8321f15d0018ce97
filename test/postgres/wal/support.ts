import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Log } from '../../../src/core/log.ts';
import type { FolderRepository } from '../../../src/ops/backup/repository.ts';
import { readArchive, readWal } from '../../../src/ops/wal/archive.ts';
import type { ReceiveRequest } from '../../../src/ops/wal/receive-request.ts';
import { receiveWal, type Received } from '../../../src/ops/wal/receive.ts';
import { parseWalName } from '../../../src/ops/wal/segment.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';

/** A server whose archive_command copies into a folder: what wal receive stores has to be the same, byte for byte. */
export const startWalServer = (settings: Readonly<Record<string, string>> = {}): Promise<TestServer> =>
  startServer({
    settings: {
      wal_level: 'replica',
      max_wal_senders: '8',
      max_replication_slots: '8',
      archive_mode: 'on',
      archive_command: 'cp "%p" "$PWD/../spool/%f"',
      // The smallest there is: many segments in little time.
      max_wal_size: '64MB',
      min_wal_size: '32MB',
      wal_keep_size: '0',
      ...settings,
    },
    prepare: async (made) => void (await made.giveFolder('spool')),
  });

/** Writes some segments full, and switches to the next one each time. */
export async function writeSegments(url: string, count: number): Promise<void> {
  await onServer(url, 'create table if not exists filling (id int, note text)');
  for (let round = 0; round < count; round += 1) {
    await onServer(
      url,
      `insert into filling select n, repeat('x', 100) from generate_series(1, 5000) n`,
      'select pg_switch_wal()',
    );
  }
}

/** Whole segments archive_command has copied, in order. */
export const copied = (server: TestServer): string[] =>
  readdirSync(join(server.folder, 'spool'))
    .filter((name) => parseWalName(name)?.kind === 'segment')
    .toSorted();

/** Waits until something is so; fails after a while. */
export async function until(what: string, so: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  for (const end = performance.now() + seconds * 1000; !(await so()); await sleep(50)) {
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
  }
}

export const storedSegments = async (repository: FolderRepository): Promise<string[]> =>
  (await readArchive(repository)).names.filter((name) => parseWalName(name)?.kind === 'segment');

/** Every segment of the repository is what archive_command copied. How many were compared. */
export async function expectSame(repository: FolderRepository, server: TestServer): Promise<number> {
  let compared = 0;
  for (const name of await storedSegments(repository)) {
    const path = join(server.folder, 'spool', name);
    await until(`${name} is copied by archive_command`, () => existsSync(path) && readFileSync(path).length === 16 << 20);
    expect((await readWal(repository, name))?.equals(readFileSync(path)), name).toBe(true);
    compared += 1;
  }
  return compared;
}

export interface Receiver {
  readonly said: readonly string[];
  readonly ended: Promise<Received>;
  stop(): Promise<Received>;
}

/** Begins to receive; what it says is kept. */
export function receive(
  server: Pick<TestServer, 'target'>,
  repository: FolderRepository,
  more: Partial<ReceiveRequest> = {},
): Receiver {
  const said: string[] = [];
  const say = (level: string) => (message: string) => void said.push(`${level}: ${message}`);
  const log: Log = { error: say('error'), warn: say('warning'), info: say('info'), debug: say('debug') };
  const stop = new AbortController();
  const ended = receiveWal({
    repositories: [repository],
    target: server.target(),
    spool: join(repository.folder, '..', `spool-of-${repository.name}`),
    slot: null,
    createSlot: false,
    until: null,
    maxSlotBytes: null,
    reconnectMs: null,
    acceptGap: false,
    clock: () => new Date(),
    log,
    signal: stop.signal,
    ...more,
  });
  // Looked at by whoever awaits it; until then it is no unhandled rejection.
  ended.catch(() => {});
  return {
    said,
    ended,
    stop: () => {
      stop.abort();
      return ended;
    },
  };
}

/** One value of the server. */
export async function ask(server: TestServer, sql: string): Promise<string> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, string | number | boolean>>(sql);
    return String(Object.values(rows[0] ?? {})[0] ?? '');
  } finally {
    await client.end();
  }
}

/** The server lets go of a slot some time after its receiver has gone. */
export async function dropSlot(server: TestServer, slot: string): Promise<void> {
  const active = `select active from pg_replication_slots where slot_name = '${slot}'`;
  await until(`slot ${slot} is free`, async () => (await ask(server, active)) === 'false');
  await onServer(server.url(), `select pg_drop_replication_slot('${slot}')`);
}

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lsnNumber } from '../../../src/core/lsn.ts';
import { DbctlError } from '../../../src/core/errors.ts';
import { folderRepository, type FolderRepository } from '../../../src/ops/backup/repository.ts';
import { findGaps } from '../../../src/ops/wal/segment.ts';
import type { TestServer } from '../../support/server.ts';
import { ask, copied, dropSlot, expectSame, receive, startWalServer, storedSegments, until, writeSegments } from './support.ts';

const SEGMENT = 16 << 20;
let server: TestServer;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-receive-'));
const repositoryOf = (name: string) => folderRepository(name, join(folder, name));
const slotLsn = async (slot: string) =>
  lsnNumber(await ask(server, `select restart_lsn from pg_replication_slots where slot_name = '${slot}'`));

beforeAll(async () => {
  server = await startWalServer();
  await writeSegments(server.url(), 1);
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a receiver', () => {
  it('stores the segments archive_command copies, byte for byte, while they are written, and ends when it is told', async () => {
    const repository = repositoryOf('bytes');
    const receiver = receive(server, repository, { slot: 'bytes', createSlot: true });
    await until('it receives', () => receiver.said.some((line) => line.includes('receiving timeline 1')));
    const before = copied(server).length;
    await writeSegments(server.url(), 4);
    await until('four segments', async () => (await storedSegments(repository)).length >= 4);
    const { why, segments, reconnects } = await receiver.stop();
    expect({ why, reconnects }).toEqual({ why: 'stopped', reconnects: 0 });
    expect(segments).toBeGreaterThanOrEqual(4);
    expect(await expectSame(repository, server)).toBeGreaterThanOrEqual(4);
    expect(copied(server).length).toBeGreaterThanOrEqual(before + 4);
    // What is whole is in the repository; what is not is only here.
    expect(readdirSync(join(folder, 'spool-of-bytes')).filter((name) => !name.endsWith('.partial'))).toEqual([]);
    await dropSlot(server, 'bytes');
  });

  it('goes on where the archive ends, to a position or to what the server has', async () => {
    const repository = repositoryOf('on');
    await receive(server, repository, { slot: 'on', createSlot: true, until: 'now' }).ended;
    await writeSegments(server.url(), 3);
    const first = await receive(server, repository, { slot: 'on', until: 'now' }).ended;
    expect(first).toMatchObject({ why: 'reached', segments: 3 });
    await writeSegments(server.url(), 2);
    const goal = lsnNumber(first.lsn) + BigInt(SEGMENT);
    const second = await receive(server, repository, { slot: 'on', until: goal }).ended;
    expect(lsnNumber(second.lsn)).toBeGreaterThanOrEqual(goal);
    expect(findGaps(await storedSegments(repository), SEGMENT)).toEqual([]);
    expect(await expectSame(repository, server)).toBeGreaterThanOrEqual(4);
    await dropSlot(server, 'on');
  });

  it('tells the server no more than is in the repository or the spool', async () => {
    const repository = repositoryOf('slow');
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const slow: FolderRepository = {
      ...repository,
      storage: {
        ...repository.storage,
        create: async (key, content) => (await gate, repository.storage.create(key, content)),
      },
    };
    const receiver = receive(server, slow, { slot: 'slow', createSlot: true });
    await until('it receives', () => receiver.said.some((line) => line.includes('receiving timeline 1')));
    const began = await slotLsn('slow');
    await writeSegments(server.url(), 7);
    await until('it has come', () => readdirSync(join(folder, 'spool-of-slow')).length >= 4);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect((await slotLsn('slow')) - began).toBeLessThan(BigInt(SEGMENT));
    expect(await storedSegments(repository)).toEqual([]);
    open();
    await until('all are stored', async () => (await storedSegments(repository)).length >= 7);
    await until('the slot moves on', async () => (await slotLsn('slow')) - began >= BigInt(6 * SEGMENT));
    await receiver.stop();
    expect(await expectSame(repository, server)).toBeGreaterThanOrEqual(7);
    await dropSlot(server, 'slow');
  }, 60_000);

  it('ends with what the repository said, and confirms nothing of it', async () => {
    const repository = repositoryOf('full');
    const full: FolderRepository = {
      ...repository,
      storage: { ...repository.storage, create: () => Promise.reject(new Error('no space left on the disk')) },
    };
    const receiver = receive(server, full, { slot: 'full', createSlot: true });
    await until('it receives', () => receiver.said.some((line) => line.includes('receiving timeline 1')));
    const began = await slotLsn('full');
    await writeSegments(server.url(), 2);
    await expect(receiver.ended).rejects.toThrow('no space left on the disk');
    expect((await slotLsn('full')) - began).toBeLessThan(BigInt(SEGMENT));
    // The next run stores what lies in the spool first.
    await receive(server, repository, { slot: 'full', until: 'now' }).ended;
    expect(await expectSame(repository, server)).toBeGreaterThanOrEqual(2);
    await dropSlot(server, 'full');
  });

  it('stores in every repository; one that fails is a warning, and what the other has is not received again', async () => {
    const [good, bad] = [repositoryOf('good'), repositoryOf('bad')];
    const refuse = () => Promise.reject(new DbctlError('storage.failed', 'the bucket does not answer'));
    const down: FolderRepository = { ...bad, storage: { ...bad.storage, create: refuse, list: refuse } };
    const on = (second: FolderRepository) =>
      ({ slot: 'both', createSlot: true, until: 'now', repositories: [good, second] }) as const;
    const stored = async () => [(await storedSegments(good)).length, (await storedSegments(bad)).length];
    // A new slot holds the log from the last checkpoint on.
    await receive(server, good, on(bad)).ended;
    const [had = 0] = await stored();
    await writeSegments(server.url(), 2);
    const receiver = receive(server, good, on(down));
    expect(await receiver.ended).toMatchObject({ segments: 2 });
    expect(receiver.said.filter((line) => line.startsWith('warning: bad did not take '))).toHaveLength(2);
    expect(receiver.said).toContain('warning: bad does not answer: the bucket does not answer');
    expect(await stored()).toEqual([had + 2, had]);
    await writeSegments(server.url(), 1);
    // Up again: it gets what comes now, and the rest by backup sync.
    expect(await receive(server, good, on(bad)).ended).toMatchObject({ segments: 1 });
    expect(await stored()).toEqual([had + 3, had + 1]);
    expect(await expectSame(good, server)).toBe(had + 3);
    await dropSlot(server, 'both');
  });

  it('goes on after the server was restarted, and after it crashed', async () => {
    const repository = repositoryOf('again');
    const receiver = receive(server, repository, { slot: 'again', createSlot: true });
    await until('it receives', () => receiver.said.some((line) => line.includes('receiving timeline 1')));
    await writeSegments(server.url(), 1);
    for (const end of [() => server.halt(), () => server.kill()]) {
      const tries = () => receiver.said.filter((line) => line.includes('trying again')).length;
      const before = tries();
      await end();
      await until('it notices', () => tries() > before);
      await server.start();
      await writeSegments(server.url(), 2);
    }
    const goal = await ask(server, 'select pg_walfile_name(pg_switch_wal())');
    await until('it has caught up', async () => (await storedSegments(repository)).includes(goal), 40);
    const { reconnects } = await receiver.stop();
    expect(reconnects).toBeGreaterThanOrEqual(2);
    expect(findGaps(await storedSegments(repository), SEGMENT)).toEqual([]);
    expect(await expectSame(repository, server)).toBeGreaterThanOrEqual(5);
    await dropSlot(server, 'again');
  }, 90_000);
});

import { beforeEach, describe, expect, it } from 'vitest';
import type { S3Server, S3ServerOptions } from '../../support/s3-server.ts';
import { bytesUnder } from '../../support/storage-contract.ts';
import { contentFile, failure, start } from './s3-bench.ts';
import { labStorage } from './support.ts';

const path = contentFile();

describe('object lock', () => {
  const lock = { mode: 'compliance', days: 30, legalHold: false } as const;
  let server: S3Server;
  beforeEach(async () => {
    server = await start({ versions: true, locks: true });
  });

  it('is on every file, small and large and created, for so many days', async () => {
    const storage = labStorage(server, { lock });
    await storage.write('small', Buffer.from('x'));
    await storage.write('big', { path });
    await storage.create('new', Buffer.from('x'));
    for (const key of ['small', 'big', 'new']) {
      const found = server.bucket.get(`db/${key}`).lock;
      expect(found?.mode).toBe('COMPLIANCE');
      expect(Math.abs((found?.until.getTime() ?? 0) - Date.now() - 30 * 86_400_000)).toBeLessThan(60_000);
    }
  });

  it('keeps the bytes when a file is removed or written over, and says so', async () => {
    const storage = labStorage(server, { lock });
    await storage.write('kept', Buffer.from('first'));
    expect(await storage.keptBy?.('kept')).toMatch(/^is locked until \d{4}-\d\d-\d\dT/);
    await storage.write('kept', Buffer.from('second'));
    await storage.remove(['kept']);
    expect(await storage.read('kept')).toBeNull();
    expect(await storage.keptBy?.('kept')).toBeNull();
    const versions = server.bucket.versions('db/kept').map(({ bytes }) => bytes?.toString() ?? 'removed');
    expect(versions).toEqual(['removed', 'second', 'first']);
    const { id } = server.bucket.versions('db/kept')[2] ?? { id: '' };
    expect(() => server.bucket.remove('db/kept', id, true)).toThrow('protected by object lock');
  });

  it('with legal hold', async () => {
    const storage = labStorage(server, { lock: { ...lock, legalHold: true } });
    await storage.write('held', Buffer.from('x'));
    expect(server.bucket.get('db/held').hold).toBe(true);
    expect(await storage.keptBy?.('held')).toBe('is under legal hold');
  });

  it.each<[string, S3ServerOptions]>([
    ['a service that forgets it', { forgetsLocks: true }],
    ['credentials that may not see it', { versions: true, locks: true, hidesLocks: true }],
  ])('is not believed: %s', async (_name, options) => {
    const storage = labStorage(await start(options), { lock });
    for (const write of [
      () => storage.write('a', Buffer.from('x')),
      () => storage.write('big', { path }),
      () => storage.create('b', Buffer.from('x')),
    ]) {
      const failed = await failure(write());
      expect(failed.message).toMatch(/is stored without the lock of mode compliance that was asked for$/);
      expect(failed.hint).toContain('s3:GetObjectRetention');
    }
  });
});

describe('a bucket as it was', () => {
  it('shows what was there then, whatever was written over or removed since, and is not written', async () => {
    const server = await start({ versions: true });
    let now = Date.parse('2026-11-20T00:00:00Z');
    server.now = () => new Date(now);
    const storage = labStorage(server);
    for (let n = 0; n < 12; n += 1) await storage.write(`many/${n}`, Buffer.from(`first ${n}`));
    await storage.write('gone before', Buffer.from('x'));
    await storage.remove(['gone before']);
    now += 3_600_000;
    const asOf = new Date(now);
    now += 3_600_000;
    await storage.write('late', Buffer.from('x'));
    for (let n = 0; n < 12; n += 1) await storage.write(`many/${n}`, Buffer.from(`forged ${n}`));
    await storage.remove(['many/3', 'many/4']);

    const then = labStorage(server, { asOf });
    expect(await then.names('')).toEqual(['many/']);
    expect((await then.list('')).map(({ key }) => key)).toEqual(Array.from({ length: 12 }, (_, n) => `many/${n}`).toSorted());
    expect(String(await bytesUnder(then, 'many/3'))).toBe('first 3');
    expect(String(await bytesUnder(then, 'many/11'))).toBe('first 11');
    expect(await then.read('late')).toBeNull();
    expect(await then.read('gone before')).toBeNull();
    for (const write of [then.write('a', Buffer.from('x')), then.create('a', Buffer.from('x')), then.remove(['many/1'])]) {
      await expect(write).rejects.toThrow('s3://lab/db/ is read as it was at 2026-11-20T01:00:00.000Z, and cannot be written');
    }
    expect((await storage.names('many/')).length).toBe(10);
  });
});

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, expect, it } from 'vitest';
import { rateLimited } from '../../src/ops/storage/pace.ts';
import type { Storage } from '../../src/ops/storage/storage.ts';

/** The bytes under a key; null: there are none. */
export async function bytesUnder(storage: Storage, key: string): Promise<Buffer | null> {
  const found = await storage.read(key);
  return found === null ? null : buffer(found);
}

/** Larger than any part, chunk or window, and not a multiple of one. */
const LARGE = 11 * 1_048_576 + 4_321;

/** What every kind of storage promises; `open` gives an empty one each time, `again` the same place through another connection. */
export function behavesAsStorage(open: () => Promise<{ storage: Storage; again: () => Promise<Storage> }>): void {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-storage-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const use = async (act: (storage: Storage, again: () => Promise<Storage>) => Promise<void>): Promise<void> => {
    const { storage, again } = await open();
    try {
      await act(storage, again);
    } finally {
      await storage.close();
    }
  };

  it('has nothing at first', () =>
    use(async (storage) => {
      expect(await storage.list('')).toEqual([]);
      expect(await storage.names('')).toEqual([]);
      expect(await storage.names('a/b/')).toEqual([]);
      expect(await storage.read('a/b')).toBeNull();
      await storage.remove(['a', 'b/c']);
      await storage.remove([]);
    }));

  it('gives back what was stored, by any connection, and the newer one after a second write', () =>
    use(async (storage, again) => {
      await storage.write('one/two/three.txt', Buffer.from('first'));
      await storage.write('one/empty', Buffer.alloc(0));
      const other = await again();
      expect(String(await bytesUnder(other, 'one/two/three.txt'))).toBe('first');
      expect(await bytesUnder(other, 'one/empty')).toEqual(Buffer.alloc(0));
      await other.write('one/two/three.txt', Buffer.from('second, longer'));
      await other.close();
      expect(String(await bytesUnder(storage, 'one/two/three.txt'))).toBe('second, longer');
      await storage.write('one/two/three.txt', Buffer.from('3'));
      expect(String(await bytesUnder(storage, 'one/two/three.txt'))).toBe('3');
    }));

  it('takes a large file from the disk, counts each byte once, and gives it back the same', () =>
    use(async (storage) => {
      const content = randomBytes(LARGE);
      const path = join(folder, 'large');
      writeFileSync(path, content);
      let moved = 0;
      await storage.write(
        'big/file.bin',
        { path },
        { signal: new AbortController().signal, onBytes: (bytes) => (moved += bytes) },
      );
      expect(moved).toBe(LARGE);
      expect(await storage.list('')).toEqual([{ key: 'big/file.bin', bytes: LARGE }]);
      expect((await bytesUnder(storage, 'big/file.bin'))?.equals(content)).toBe(true);
    }));

  it('lists at any depth and names one level, in the order of the keys, past a page', () =>
    use(async (storage) => {
      const keys = [
        ...Array.from({ length: 19 }, (_, n) => `many/${String(n).padStart(2, '0')}`),
        'a.b',
        'a/b',
        'a/c/d',
        'Ä ö+%&<>"',
        '.dot/x',
      ];
      for (const key of keys) await storage.write(key, Buffer.from(key));
      expect((await storage.list('')).map(({ key }) => key)).toEqual(keys.toSorted());
      expect(await storage.list('a/')).toEqual([
        { key: 'a/b', bytes: 3 },
        { key: 'a/c/d', bytes: 5 },
      ]);
      expect(await storage.names('')).toEqual(['.dot/', 'a.b', 'a/', 'many/', 'Ä ö+%&<>"']);
      expect(await storage.names('a/')).toEqual(['b', 'c/']);
      expect(String(await bytesUnder(storage, 'Ä ö+%&<>"'))).toBe('Ä ö+%&<>"');
    }));

  it('creates where there is none, and leaves what is there', () =>
    use(async (storage) => {
      expect(await storage.create('new/file', Buffer.from('mine'))).toBe(true);
      expect(await storage.create('new/file', Buffer.from('yours'))).toBe(false);
      expect(String(await bytesUnder(storage, 'new/file'))).toBe('mine');
    }));

  it('lets one of eight create a file, whichever', () =>
    use(async (storage, again) => {
      const others = await Promise.all(Array.from({ length: 3 }, again));
      const all = [storage, ...others];
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, n) => (all[n % all.length] ?? storage).create('race', Buffer.from(`writer ${n}`))),
      );
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      expect(String(await bytesUnder(storage, 'race'))).toBe(`writer ${outcomes.indexOf(true)}`);
      await Promise.all(others.map((one) => one.close()));
    }));

  it('removes', () =>
    use(async (storage) => {
      for (const key of ['a/b', 'a/c', 'd']) await storage.write(key, Buffer.from('x'));
      await storage.remove(['a/b', 'd', 'never/there']);
      expect((await storage.list('')).map(({ key }) => key)).toEqual(['a/c']);
      expect(await storage.read('a/b')).toBeNull();
    }));

  it('leaves nothing under the key when it is stopped in the middle', () =>
    use(async (storage) => {
      const path = join(folder, 'stopped');
      writeFileSync(path, randomBytes(LARGE));
      const stop = new AbortController();
      const slow = rateLimited(storage, 8 * 1_048_576);
      const written = slow.write('stopped', { path }, { signal: stop.signal, onBytes: () => {} });
      setTimeout(() => stop.abort(), 100);
      await expect(written).rejects.toThrow(/abort/i);
      expect(await storage.read('stopped')).toBeNull();
      expect(await storage.list('')).toEqual([]);
    }));

  it('lets a reader go away in the middle', () =>
    use(async (storage) => {
      await storage.write('left', randomBytes(LARGE));
      const stream = await storage.read('left');
      for await (const chunk of stream ?? []) {
        expect((chunk as Buffer).length).toBeGreaterThan(0);
        break;
      }
      const unread = await storage.read('left');
      unread?.destroy();
      const slow = await rateLimited(storage, 100_000).read('left');
      slow?.once('data', () => slow.destroy());
      await new Promise((resolve) => slow?.once('close', resolve));
      expect((await bytesUnder(storage, 'left'))?.length).toBe(LARGE);
    }));

  it('keeps to a rate that transfers share', () =>
    use(async (storage) => {
      const limited = rateLimited(storage, 4 * 1_048_576);
      const begun = performance.now();
      await Promise.all(['a', 'b'].map((key) => limited.write(key, randomBytes(1_048_576))));
      expect(performance.now() - begun).toBeGreaterThan(450);
      const reading = performance.now();
      await Promise.all(['a', 'b'].map((key) => bytesUnder(limited, key)));
      expect(performance.now() - reading).toBeGreaterThan(450);
    }));
}

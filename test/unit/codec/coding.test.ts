import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLAIN } from '../../../src/ops/codec/codec.ts';
import {
  compressor,
  decompressor,
  decrypter,
  newCoding,
  openedPath,
  plainPath,
  storedPath,
  type Coding,
} from '../../../src/ops/codec/coding.ts';
import { chooseCompression, requireZstd, type Compression } from '../../../src/ops/codec/compression.ts';
import { createEncodedFile, encodeFile } from '../../../src/ops/codec/encoded-file.ts';
import { findZstd } from '../../../src/ops/codec/find-zstd.ts';
import { createIdentity } from '../../../src/ops/codec/identity.ts';

import { inPieces, through } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbctl-coding-'));
let recipient: string;
beforeAll(async () => {
  recipient = await createIdentity(join(folder, 'identity'), new Date());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compresses to half, and is longer than any buffer on the way. */
const CONTENT = Buffer.concat(Array.from({ length: 40 }, () => Buffer.concat([randomBytes(50_000), Buffer.alloc(50_000, 'x')])));
const coding = (archives: Compression, recipients: readonly string[] = []): Promise<Coding> =>
  newCoding({ ...PLAIN, archives, recipients });
const zstd = await findZstd();
const KINDS: readonly Compression[] = zstd.kind === 'none' ? ['none', 'gzip'] : ['none', 'gzip', 'zstd'];

describe('names of stored files', () => {
  it('say what was done to them, and can be turned back', async () => {
    const both = { ...(await coding('gzip', [recipient])), compression: 'zstd' } as const;
    const paths = [
      'cluster/base.tar',
      'cluster/16400.tar',
      'cluster/backup_manifest',
      'dump/toc.dat',
      'dump/12.dat.zst',
      'globals.sql',
    ];
    const stored = paths.map((path) => storedPath(path, both));
    expect(stored).toEqual([
      'cluster/base.tar.zst.enc',
      'cluster/16400.tar.zst.enc',
      'cluster/backup_manifest',
      'dump/toc.dat.enc',
      'dump/12.dat.zst.enc',
      'globals.sql.enc',
    ]);
    expect(stored.map(openedPath)[4]).toBe('dump/12.dat.zst');
    expect(stored.slice(0, 4).map(plainPath)).toEqual(paths.slice(0, 4));
    const neither = await coding('none');
    expect(paths.map((path) => storedPath(path, neither))).toEqual(paths);
  });
});

describe('a file that is coded while it is written', () => {
  it.each(KINDS.flatMap((kind) => [false, true].map((sealed) => [kind, sealed] as const)))(
    '%s, encrypted: %s: comes back as it was, and is hashed as it lies there',
    async (kind, sealed) => {
      const made = await coding(kind, sealed ? [recipient] : []);
      const into = join(folder, `${kind}-${sealed}`);
      const { stream, written } = createEncodedFile(into, 'cluster/base.tar', made, 'its own thread');
      // The memory of a chunk is used again as soon as its callback was called.
      const chunk = Buffer.alloc(70_001);
      for (let at = 0; at < CONTENT.length; at += chunk.length) {
        const bytes = CONTENT.copy(chunk, 0, at);
        await new Promise<void>((resolve, reject) =>
          stream.write(chunk.subarray(0, bytes), (error) => (error instanceof Error ? reject(error) : resolve())),
        );
        chunk.fill(0);
      }
      stream.end();
      const file = await written;
      const lying = readFileSync(join(into, file.path));
      expect(file).toEqual({
        path: storedPath('cluster/base.tar', made),
        bytes: lying.length,
        sha256: createHash('sha256').update(lying).digest('hex'),
      });
      expect(statSync(join(into, file.path)).mode & 0o777).toBe(0o600);
      const key = made.key?.dataKey ?? null;
      const back = [...decrypter(file.path, key), ...decompressor(openedPath(file.path), zstd)];
      expect((await through([lying], ...back)).equals(CONTENT)).toBe(true);
      if (kind !== 'none') expect(lying.length).toBeLessThan(CONTENT.length * 0.6);
    },
  );

  it('tells what it cannot write, and leaves nothing open', async () => {
    const made = await coding('gzip', [recipient]);
    writeFileSync(join(folder, 'no-folder'), '');
    const { stream, written } = createEncodedFile(join(folder, 'no-folder'), 'cluster/base.tar', made, 'this thread');
    stream.on('error', () => {});
    stream.write(CONTENT);
    await expect(written).rejects.toMatchObject({
      code: 'storage.failed',
      message: expect.stringMatching(/: it is not a folder$/) as string,
    });
    await finished(stream).catch(() => {});
    expect(stream.destroyed).toBe(true);
  });

  it('takes a file that is there, and stops on a signal', async () => {
    const from = join(folder, 'from');
    writeFileSync(from, CONTENT);
    let seen = 0;
    const made = await coding('none', [recipient]);
    const file = await encodeFile(from, join(folder, 'taken'), 'dump/12.dat.zst', made, {
      signal: new AbortController().signal,
      onBytes: (bytes) => (seen += bytes),
    });
    expect([file.path, seen]).toEqual(['dump/12.dat.zst.enc', CONTENT.length]);
    // Its name ends so, but nobody is to compress it again.
    const lying = readFileSync(join(folder, 'taken', file.path));
    expect((await through([lying], ...decrypter(file.path, made.key?.dataKey ?? null))).equals(CONTENT)).toBe(true);
    const stopped = encodeFile(from, join(folder, 'stopped'), 'dump/toc.dat', made, {
      signal: AbortSignal.abort(),
      onBytes: () => {},
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('compression', () => {
  const all: readonly Compression[] = KINDS.filter((kind) => kind !== 'none');
  const packed = (kind: Compression, bytes = CONTENT) => through([bytes], ...compressor(kind, zstd));
  const unpacked = (kind: Compression, chunks: readonly Buffer[]) =>
    through(chunks, ...decompressor(kind === 'zstd' ? 'x.zst' : 'x.gz', zstd));

  it.each(all.flatMap((kind) => [0, 1, 5, 100_000].map((bytes) => [kind, bytes] as const)))(
    '%s of %i bytes',
    async (kind, bytes) => {
      const content = CONTENT.subarray(0, bytes);
      const whole = await packed(kind, content);
      for (const sizes of [[whole.length], [1], [2, 3, 7, 20]]) {
        if (whole.length > 50_000 && sizes[0] === 1) continue;
        expect((await unpacked(kind, inPieces(whole, sizes))).equals(content)).toBe(true);
      }
    },
  );

  it.each(all)('%s: a file that is cut short, changed or goes on is no other content', async (kind) => {
    const small = CONTENT.subarray(45_000, 55_000);
    const whole = await packed(kind, small);
    for (const bytes of [0, 1, 3, 4, 8, 100, whole.length - 5, whole.length - 4, whole.length - 1])
      await expect(unpacked(kind, [whole.subarray(0, bytes)]), `${bytes} bytes`).rejects.toThrow();
    for (const place of [0, 5, 100, whole.length - 2]) {
      const changed = Buffer.from(whole);
      changed[place] = (changed[place] as number) ^ 0x10;
      const came = await unpacked(kind, [changed]).catch(() => null);
      // A flag of the header may be one that does not matter.
      expect(came === null || came.equals(small), `byte ${place}`).toBe(true);
    }
    await expect(unpacked(kind, [Buffer.concat([whole, Buffer.from('x')])])).rejects.toThrow();
  });

  it('is zstd where this machine has it, and says how to get it where it is demanded', () => {
    const none = { kind: 'none', install: 'sudo apt-get install -y zstd' } as const;
    expect(chooseCompression('auto', { kind: 'node' })).toBe('zstd');
    expect(chooseCompression('auto', none)).toBe('gzip');
    expect(chooseCompression('none', none)).toBe('none');
    expect(() => chooseCompression('zstd', none)).toThrow(
      'zstd cannot be written: this Node.js has no zstd, and there is no program of that name',
    );
    expect(() => requireZstd(none, 'base.tar.zst cannot be read')).toThrow(
      expect.objectContaining({
        code: 'refused',
        hint: 'Bring it: sudo apt-get install -y zstd. Or take Node.js 22.15 or newer.',
      }),
    );
  });

  it('has no key for what is encrypted', () => {
    expect(() => decrypter('a.enc', null)).toThrow('there is no key for a.enc');
  });
});

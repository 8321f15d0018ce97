import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { decryptStream } from '../../../src/ops/codec/decrypt.ts';
import { encryptStream } from '../../../src/ops/codec/encrypt.ts';
import { FRAME, HEADER, TAG, WORD } from '../../../src/ops/codec/frames.ts';
import { inPieces, through } from './support.ts';
import { faultsOf } from '../../support/faults.ts';

const key = randomBytes(32);
const NAME = 'cluster/base.tar.zst.enc';
const encrypt = (plain: Buffer, name = NAME) => through([plain], encryptStream(key, name));
const decrypt = (bytes: Buffer, name = NAME, with_ = key) => through([bytes], decryptStream(with_, name));
const said = (bytes: Buffer, name = NAME, with_ = key) =>
  decrypt(bytes, name, with_).then(
    () => 'nothing',
    (thrown: Error) => thrown.message,
  );

describe('encrypted files', () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 200_000 })), {
    minLength: 1,
    maxLength: 5,
  });
  // Around the borders of frames, where a wrong last frame would be.
  const length = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -2, max: 2 })).map(([frames, off]) => frames * FRAME + off),
    fc.integer({ min: 0, max: 400_000 }),
  );

  it('come back as they were, of any length, in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(length, sizes, sizes, async (bytes, inSizes, outSizes) => {
        const plain = randomBytes(bytes);
        const sealed = await through(inPieces(plain, inSizes), encryptStream(key, NAME));
        expect(sealed.length).toBe(HEADER + bytes + (WORD + TAG) * Math.max(1, Math.ceil(bytes / FRAME)));
        const opened = await through(inPieces(sealed, outSizes), decryptStream(key, NAME));
        expect(opened.equals(plain)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('are never the same bytes twice, and show nothing of their content', async () => {
    const plain = Buffer.alloc(2 * FRAME, 'canary');
    const [one, two] = [await encrypt(plain), await encrypt(plain)];
    expect(one.subarray(16).equals(two.subarray(16))).toBe(false);
    expect(one.includes('canary')).toBe(false);
    expect(new Set(inPieces(one, [16])).size).toBe(inPieces(one, [16]).length);
  });

  it('open with one byte at a time', async () => {
    const plain = randomBytes(FRAME + 10);
    expect((await through(inPieces(await encrypt(plain), [1]), decryptStream(key, NAME))).equals(plain)).toBe(true);
  });

  it('never release a byte of a frame whose tag is wrong', async () => {
    const plain = randomBytes(3 * FRAME);
    const sealed = await encrypt(plain);
    // The tag of the second frame.
    const at = HEADER + 2 * (WORD + FRAME + TAG) - 1;
    sealed[at] = (sealed[at] ?? 0) ^ 1;
    const stream = decryptStream(key, NAME);
    const released: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => released.push(chunk));
    const first = once(stream, 'data');
    stream.write(sealed.subarray(0, HEADER + WORD + FRAME + TAG));
    await first;
    stream.end(sealed.subarray(HEADER + WORD + FRAME + TAG));
    await expect(finished(stream)).rejects.toThrow('was changed in frame 1');
    expect(Buffer.concat(released).equals(plain.subarray(0, FRAME))).toBe(true);
  });
});

describe('what is done to an encrypted file is found', () => {
  faultsOf('frames');
  let sealed: Buffer;
  const STEP = WORD + FRAME + TAG;
  const content = 2 * FRAME + 100;
  const frames = () => [0, 1, 2].map((at) => sealed.subarray(HEADER + at * STEP, HEADER + (at + 1) * STEP));
  const flipped = (at: number, bit = 1): Buffer => {
    const bytes = Buffer.from(sealed);
    bytes[at] = (bytes[at] ?? 0) ^ bit;
    return bytes;
  };
  beforeAll(async () => {
    sealed = await encrypt(randomBytes(content));
  });

  const WRONG_KEY = `the key does not open ${NAME}: it is the key of another backup, or the header was changed`;
  const changed = (frame: number) => `${NAME} was changed in frame ${frame}, or frames of it are missing or not in their order`;
  const cut = (where: string) => `${NAME} is cut short ${where}`;

  it.each([
    ['magic', 0, `${NAME} is not encrypted by dbctl`],
    ['version', 14, `${NAME} is of version 3 of the format, and this dbctl reads version 1`],
    ['line feed', 15, `${NAME} is not encrypted by dbctl`],
    ['salt', 16, WRONG_KEY],
    ['end of the salt', 47, WRONG_KEY],
    ['check of the key', 48, WRONG_KEY],
    ['check of the name', 64, `${NAME} was encrypted under another name, or its header was changed`],
    ['word of the first frame', HEADER, changed(0)],
    ['length of the first frame', HEADER + 3, changed(0)],
    ['first byte', HEADER + WORD, changed(0)],
    ['last byte of the first frame', HEADER + WORD + FRAME - 1, changed(0)],
    ['tag of the first frame', HEADER + WORD + FRAME, changed(0)],
    ['second frame', HEADER + STEP + WORD + 500, changed(1)],
    ['last frame', HEADER + 2 * STEP + WORD + 50, changed(2)],
    ['length of the last frame, shorter', HEADER + 2 * STEP + 3, cut('in frame 2')],
    ['last tag', HEADER + 2 * STEP + WORD + 100 + TAG - 1, changed(2)],
  ])('a flipped bit: %s', async (_where, at, message) => {
    expect(await said(flipped(at, 2))).toBe(message);
  });

  it('the mark of the last frame, set or taken away', async () => {
    expect(await said(flipped(HEADER, 0x80))).toBe(changed(0));
    expect(await said(flipped(HEADER + 2 * STEP, 0x80))).toBe(changed(2));
  });

  it('every bit of a small file', async () => {
    const small = await encrypt(Buffer.from('one row'));
    for (let bit = 0; bit < small.length * 8; bit += 1) {
      const bytes = Buffer.from(small);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await said(bytes), `bit ${bit}`).not.toBe('nothing');
    }
  });

  it('every length a file can be cut to', async () => {
    const small = await encrypt(Buffer.from('one row'));
    for (let length = 0; length < small.length; length += 1) {
      const where = length < HEADER ? 'within its header' : 'in frame 0';
      expect(await said(small.subarray(0, length)), `${length} bytes`).toBe(cut(where));
    }
  });

  const STARTS = [0, HEADER, HEADER + STEP, HEADER + 2 * STEP];
  it.each(STARTS.flatMap((at) => [at - 1, at, at + 1].filter((length) => length >= 0)))('cut to %i bytes', async (length) => {
    const frame = Math.floor((length - HEADER) / STEP);
    expect(await said(sealed.subarray(0, length))).toBe(cut(length < HEADER ? 'within its header' : `in frame ${frame}`));
  });

  it.each([
    ['the first dropped', () => [1, 2], changed(0)],
    ['one in the middle dropped', () => [0, 2], changed(1)],
    ['the last dropped', () => [0, 1], cut('in frame 2')],
    ['swapped', () => [1, 0, 2], changed(0)],
    ['one twice', () => [0, 0, 1, 2], changed(1)],
    ['the last twice', () => [0, 1, 2, 2], `${NAME} goes on behind its last frame`],
    ['one appended', () => [0, 1, 2, 0], `${NAME} goes on behind its last frame`],
  ])('frames: %s', async (_what, order, message) => {
    const all = frames();
    expect(await said(Buffer.concat([sealed.subarray(0, HEADER), ...order().map((at) => all[at] as Buffer)]))).toBe(message);
  });

  it('a byte behind the end, in the same piece or a later one', async () => {
    const message = `${NAME} goes on behind its last frame`;
    expect(await said(Buffer.concat([sealed, Buffer.of(0)]))).toBe(message);
    await expect(through([sealed, Buffer.of(0)], decryptStream(key, NAME))).rejects.toThrow(message);
  });

  it('another name, and another key', async () => {
    const name = 'cluster/16401.tar.zst.enc';
    expect(await said(sealed, name)).toBe(`${name} was encrypted under another name, or its header was changed`);
    expect(await said(sealed, NAME, randomBytes(32))).toBe(WRONG_KEY);
    expect(() => decryptStream(Buffer.alloc(31), NAME)).toThrow('a data key has 32 bytes');
    expect(() => encryptStream(Buffer.alloc(33), NAME)).toThrow('a data key has 32 bytes');
  });

  it('a frame of another file of the same backup and name', async () => {
    const other = await encrypt(randomBytes(content));
    const mixed = Buffer.concat([sealed.subarray(0, HEADER + STEP), other.subarray(HEADER + STEP)]);
    expect(await said(mixed)).toBe(changed(1));
  });

  it.each([
    ['nothing', Buffer.alloc(0), cut('within its header')],
    ['a tar', Buffer.alloc(1024, 'PG_VERSION'), `${NAME} is not encrypted by dbctl`],
    ['three bytes', Buffer.from('PK\u0003'), `${NAME} is not encrypted by dbctl`],
  ])('not of the format: %s', async (_what, bytes, message) => {
    expect(await said(bytes)).toBe(message);
  });
});

describe('the format', () => {
  it('stays as it is: a file of version 1 opens for ever', async () => {
    const sealed = Buffer.from(GOLDEN, 'base64');
    const fixed = createHash('sha256').update('golden').digest();
    expect((await decrypt(sealed, 'dump/toc.dat.enc', fixed)).toString()).toBe('a row of 2026');
  });
});

/** Written once, with the key sha256('golden') and the name dump/toc.dat.enc. */
const GOLDEN =
  'ZGJjdGwgZnJhbWVzIHYxCvOb3D1KoM2riU0xiUknKfwFre3naVTNm7eYcOVwwrIa4/c3OjupNonTb5/8pgpzNZ6gl6ZtLH6gGL59AGxRDwOAAAANfNt8WC6H73o5g41c26RymSsMeM4lF3xiruGtcII=';

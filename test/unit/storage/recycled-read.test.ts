import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, expect, it } from 'vitest';
import { giveBack, recycledRead } from '../../../src/ops/storage/recycled-read.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbctl-recycled-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function fileOf(bytes: number): Promise<{ readonly path: string; readonly content: Buffer }> {
  const [path, content] = [join(folder, `${bytes}`), randomBytes(bytes)];
  writeFileSync(path, content);
  return { path, content };
}

it.each([0, 1, 1 << 20, 5_000_001])('%i bytes come as they are, given back or not', async (bytes) => {
  const { path, content } = await fileOf(bytes);
  expect((await buffer(recycledRead(await open(path)))).equals(content)).toBe(true);
  const copies: Buffer[] = [];
  const memories = new Set<ArrayBufferLike>();
  for await (const chunk of recycledRead(await open(path))) {
    const piece = chunk as Buffer;
    memories.add(piece.buffer);
    copies.push(Buffer.from(piece));
    giveBack(piece);
    // A second time it is nobody's.
    giveBack(piece);
  }
  expect(Buffer.concat(copies).equals(content)).toBe(true);
  // One is looked at while the next one is read.
  expect(memories.size).toBeLessThanOrEqual(2);
});

it('what is kept is not written over', async () => {
  const { path, content } = await fileOf(4_000_000);
  const pieces: Buffer[] = [];
  for await (const chunk of recycledRead(await open(path))) {
    pieces.push(chunk as Buffer);
    // No memory of a file.
    giveBack(Buffer.from(chunk as Buffer));
  }
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
});

it('whoever stops early closes the file', async () => {
  const { path } = await fileOf(3_000_000);
  const handle = await open(path);
  const stream = recycledRead(handle);
  for await (const _ of stream) break;
  // What is being read ends first.
  if (!stream.closed) await new Promise((closed) => stream.once('close', closed));
  await expect(handle.stat()).rejects.toMatchObject({ code: 'EBADF' });
});

it('what the system refuses ends the stream', async () => {
  const handle = await open(folder);
  await expect(buffer(recycledRead(handle))).rejects.toMatchObject({ code: 'EISDIR' });
});

import { createReadStream, mkdtempSync, openSync, closeSync, fsyncSync, rmSync, statSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { PLAIN } from '../src/ops/codec/codec.ts';
import { decompressor, decrypter, newCoding, openedPath, type Coding } from '../src/ops/codec/coding.ts';
import type { Compression } from '../src/ops/codec/compression.ts';
import { createEncodedFile } from '../src/ops/codec/encoded-file.ts';
import { findZstd } from '../src/ops/codec/find-zstd.ts';
import { createIdentity } from '../src/ops/codec/identity.ts';

const USAGE = `usage: npm run bench -- codec [options]
  --megabytes N   of a table's pages (default 512)
  --rounds N      of each, in turns (default 3)
  --folder PATH   on the disk that is measured (default: the current folder)`;

const CHUNK = 1 << 20;

/** `npm run bench -- codec`: what compression and encryption take from a stream of pages on its way to the disk, beside the disk alone. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      megabytes: { type: 'string', default: '512' },
      rounds: { type: 'string', default: '3' },
      folder: { type: 'string', default: '.' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const folder = mkdtempSync(join(resolve(values.folder), '.bench-codec-'));
  try {
    await measure(folder, Number(values.megabytes), Number(values.rounds));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, megabytes: number, rounds: number): Promise<void> {
  const zstd = await findZstd();
  const recipient = await createIdentity(join(folder, 'identity'), new Date());
  const coding = (archives: Compression, sealed: boolean) =>
    newCoding({ ...PLAIN, archives, recipients: sealed ? [recipient] : [] });
  const kinds: readonly Compression[] = zstd.kind === 'none' ? ['gzip'] : ['zstd', 'gzip'];
  const ways: readonly (readonly [string, Coding | null])[] = [
    ['disk alone: write and fsync', null],
    ['hashed only', await coding('none', false)],
    ['encrypted', await coding('none', true)],
    ...(await Promise.all(kinds.map(async (kind) => [kind, await coding(kind, false)] as const))),
    ...(await Promise.all(kinds.map(async (kind) => [`${kind} and encrypted`, await coding(kind, true)] as const))),
  ];
  console.log(`Node.js ${process.version}, zstd: ${zstd.kind}, ${megabytes} MB of pages, best of ${rounds}, in turns`);
  const blocks = pages(Math.min(64, megabytes));
  const best = new Map<string, { write: number; read: number; bytes: number }>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, one] of ways) {
      const into = join(folder, 'made');
      const made = one === null ? writeRaw(folder, blocks, megabytes) : await writeCoded(into, one, blocks, megabytes);
      const read = one === null ? 0 : await readBack(join(into, made.path), made.path, one);
      const known = best.get(name);
      best.set(name, {
        write: Math.max(known?.write ?? 0, megabytes / made.seconds),
        read: Math.max(known?.read ?? 0, read === 0 ? 0 : megabytes / read),
        bytes: made.bytes,
      });
      rmSync(into, { recursive: true, force: true });
    }
  }
  const raw = best.get(ways[0]?.[0] ?? '')?.write ?? 1;
  for (const [name, { write, read, bytes }] of best) {
    const parts = [
      name.padEnd(28),
      `${Math.round(write)} MB/s`.padStart(10),
      `${(write / raw).toFixed(2)} of the disk`.padStart(17),
      `${Math.round(bytes / 1_000_000)} MB`.padStart(9),
      read === 0 ? '' : `back ${Math.round(read)} MB/s`,
    ];
    console.log(parts.join('  '));
  }
}

/** Rows of words, numbers and hashes; zstd makes an eighth of them, gzip a third: real pages compress less evenly. */
function pages(megabytes: number): Buffer[] {
  const words = ['verified', 'pending', 'user', 'laboratory', 'sample', 'Zürich', 'note', 'measured', 'temperature', 'incident'];
  let seed = 42;
  const next = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  const row = (id: number) =>
    `${id}|${words[next(10)]}|2026-11-${10 + next(20)} 0${next(10)}:${10 + next(50)}:${10 + next(50)}|${next(100_000)}|` +
    `${next(2 ** 31).toString(16)}${next(2 ** 31).toString(16)}|${words[next(10)]} ${words[next(10)]} ${words[next(10)]} ${next(1_000)}\n`;
  let id = 0;
  return Array.from({ length: megabytes }, () => {
    let text = '';
    while (text.length < CHUNK) text += row((id += 1));
    return Buffer.from(text).subarray(0, CHUNK);
  });
}

interface Made {
  readonly seconds: number;
  readonly bytes: number;
  readonly path: string;
}

function writeRaw(folder: string, blocks: readonly Buffer[], megabytes: number): Made {
  const path = join(folder, 'raw');
  const began = performance.now();
  const file = openSync(path, 'w');
  for (let n = 0; n < megabytes; n += 1) writeSync(file, blocks[n % blocks.length] as Buffer);
  fsyncSync(file);
  closeSync(file);
  const seconds = (performance.now() - began) / 1000;
  rmSync(path);
  return { seconds, bytes: megabytes * CHUNK, path };
}

async function writeCoded(into: string, coding: Coding, blocks: readonly Buffer[], megabytes: number): Promise<Made> {
  const began = performance.now();
  const { stream, written } = createEncodedFile(into, 'cluster/base.tar', coding, 'its own thread');
  for (let n = 0; n < megabytes; n += 1)
    if (!stream.write(blocks[n % blocks.length])) await new Promise((go) => stream.once('drain', go));
  stream.end();
  const { path } = await written;
  const file = openSync(join(into, path), 'r');
  fsyncSync(file);
  closeSync(file);
  return { seconds: (performance.now() - began) / 1000, bytes: statSync(join(into, path)).size, path };
}

async function readBack(path: string, stored: string, { zstd, key }: Coding): Promise<number> {
  const began = performance.now();
  const nowhere = new Writable({ highWaterMark: 4 << 20, write: (_chunk, _encoding, done) => done() });
  const stages = [...decrypter(stored, key?.dataKey ?? null), ...decompressor(openedPath(stored), zstd)];
  await pipeline([createReadStream(path, { highWaterMark: CHUNK }), ...stages, nowhere]);
  return (performance.now() - began) / 1000;
}

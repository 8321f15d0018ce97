import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { HashedFile, type HashedOn } from '../../../src/ops/codec/hashed-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbctl-hashed-'));
const mounts: string[] = [];
afterAll(() => {
  for (const at of mounts) execFileSync('umount', [at]);
  rmSync(folder, { recursive: true, force: true });
});

const MB = 1 << 20;
const THREADS: readonly HashedOn[] = ['this thread', 'its own thread'];
const some = (bytes: number) => Buffer.alloc(bytes, 'what the server sends, again and again. ');
let count = 0;
const newPath = () => join(folder, `file-${(count += 1)}`);

/** By another program. */
const sumOf = (path: string) => execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64);

/** Writes each chunk when the one before it was taken, and spoils its memory then. */
async function writeEach(file: HashedFile, chunks: Iterable<Buffer>): Promise<void> {
  for (const chunk of chunks) {
    await new Promise<void>((resolve, reject) => file.write(chunk, (error) => (error ? reject(error) : resolve())));
    chunk.fill(0);
  }
}

/** The thread of the next file that has one. */
function nextThread(): Promise<Worker> {
  return once(process, 'worker').then(([worker]) => worker as Worker);
}

const OPEN_FILES = '/proc/self/fd';
const descriptors = (path: string) =>
  (existsSync(OPEN_FILES) ? readdirSync(OPEN_FILES) : []).filter((name) => {
    try {
      return readlinkSync(join(OPEN_FILES, name)) === path;
    } catch {
      return false;
    }
  });
const isOpen = (path: string) => descriptors(path).length > 0;

/** A descriptor of the file writes past the system's memory (proc_pid_fdinfo(5): flags in octal). */
const isDirect = (path: string) =>
  descriptors(path).some((name) => {
    const [, flags] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8')) ?? [];
    return (Number.parseInt(flags ?? '0', 8) & constants.O_DIRECT) !== 0;
  });

/** The file system of the folder takes such writes at all. */
function canBeDirect(inside: string): boolean {
  if (constants.O_DIRECT === undefined) return false;
  const path = join(inside, 'tried');
  writeFileSync(path, '');
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(path);
  }
}

/** A folder on a file system of this kind; undefined where it may not be mounted. */
function mountedAt(name: string, given: string): string | undefined {
  const at = join(folder, name);
  const { status } = spawnSync('sh', ['-c', `mkdir ${at} && mount ${given} ${at}`], { stdio: 'ignore' });
  if (status !== 0) return undefined;
  mounts.push(at);
  return at;
}

describe.each(THREADS)('a file hashed on %s', (on) => {
  it.each<[string, number, number]>([
    ['nothing', 0, 1],
    ['one byte', 1, 1],
    ['a byte less than a block', MB - 1, MB],
    ['a page', 4_096, 4_096],
    ['a byte more than a page', 4_097, 4_097],
    ['a block', MB, MB],
    ['a byte more than a block', MB + 1, MB],
    ['many small chunks', 3 * MB, 1_021],
    ['chunks that share blocks', 20 * MB, 700_001],
    ['one chunk larger than all blocks together', 21 * MB + 7, 21 * MB + 7],
  ])('has the sum another program finds: %s', async (_name, bytes, chunk) => {
    const path = newPath();
    const content = some(bytes);
    const pieces = Array.from({ length: Math.ceil(bytes / chunk) }, (_, n) =>
      Buffer.from(content.subarray(n * chunk, (n + 1) * chunk)),
    );
    const file = new HashedFile(path, on);
    await writeEach(file, pieces);
    file.end();
    await finished(file);
    expect(file.sum()).toEqual({ bytes, sha256: sumOf(path) });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(isOpen(path)).toBe(false);
  });

  it('has no sum before it is written', async () => {
    const file = new HashedFile(newPath(), on);
    file.write(some(10));
    expect(() => file.sum()).toThrow('is not written yet');
    file.destroy();
    await finished(file).catch(() => {});
    expect(() => file.sum()).toThrow('is not written yet');
  });

  it('does not take the place of another', async () => {
    const path = newPath();
    writeFileSync(path, 'mine');
    const file = new HashedFile(path, on);
    file.end(some(10));
    await expect(finished(file)).rejects.toMatchObject({
      code: 'storage.failed',
      message: `${path}: something else is in its place`,
    });
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('is closed when it is stopped in the middle of a write', async () => {
    const path = newPath();
    const file = new HashedFile(path, on);
    await writeEach(file, [some(3 * MB)]);
    expect(isOpen(path)).toBe(existsSync(OPEN_FILES));
    file.write(some(30 * MB));
    file.destroy(new Error('stopped'));
    await expect(finished(file)).rejects.toThrow('stopped');
    expect(isOpen(path)).toBe(false);
  });
});

describe('the thread of a file', () => {
  it('lends memory that is written without a copy, in the order in which it comes', async () => {
    const path = newPath();
    const file = new HashedFile(path, 'its own thread');
    await writeEach(file, [Buffer.from('first ')]);
    const parts = ['first '];
    let lent = 0;
    for (let n = 0; n < 60; n += 1) {
      const block = n % 3 === 2 ? undefined : file.claim();
      const text = `${n}: `.padEnd(n % 2 === 0 ? 700_000 : 7, String(n));
      const chunk = block === undefined ? Buffer.from(text) : block.subarray(0, block.write(text));
      await new Promise<void>((resolve) => file.write(chunk, () => resolve()));
      if (block !== undefined) {
        lent += 1;
        expect(block.length).toBe(0);
      }
      parts.push(text);
      // Memory comes back by messages.
      if (n % 4 === 3) await sleep(20);
    }
    file.end();
    await finished(file);
    expect(lent).toBeGreaterThan(8);
    expect(readFileSync(path, 'utf8') === parts.join('')).toBe(true);
    expect(file.sum()).toEqual({ bytes: statSync(path).size, sha256: sumOf(path) });
    const without = new HashedFile(newPath(), 'this thread');
    expect(without.claim()).toBeUndefined();
    without.destroy();
    await once(without, 'close');
  });

  // ramfs keeps files in the system's memory, past which there is nothing.
  const systems = [
    ['the folder of tests', folder],
    ['tmpfs', mountedAt('tmpfs', '-t tmpfs -o size=60m,mode=0700 tmpfs')],
    ['ramfs', mountedAt('ramfs', '-t ramfs -o mode=0700 ramfs')],
  ] as const;
  it.for(systems)('writes past the memory of the system where that can be done: %s', async ([, inside], { skip }) => {
    if (inside === undefined) return skip('it may not be mounted here');
    const path = join(inside, 'direct');
    const file = new HashedFile(path, 'its own thread');
    const chunks = Array.from({ length: 40 }, (_, n) => Buffer.alloc(MB, `${n} `));
    const content = Buffer.concat([...chunks, some(10_001)]);
    await writeEach(file, [...chunks, some(10_001)]);
    expect(isDirect(path)).toBe(canBeDirect(inside));
    file.end();
    await finished(file);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(file.sum()).toEqual({ bytes: content.length, sha256: sumOf(path) });
    expect(isOpen(path)).toBe(false);
  });

  it('is gone when the file is written, and when it is stopped', async () => {
    for (const stop of [(file: HashedFile) => file.end(), (file: HashedFile) => file.destroy()]) {
      const starting = nextThread();
      const file = new HashedFile(newPath(), 'its own thread');
      await writeEach(file, [some(2 * MB)]);
      const thread = await starting;
      expect(thread.threadId).toBeGreaterThan(0);
      stop(file);
      await finished(file).catch(() => {});
      if (!file.closed) await once(file, 'close');
      expect(thread.threadId).toBe(-1);
    }
  });

  const DEATHS: readonly (readonly [name: string, kill: (thread: Worker) => unknown, said: RegExp])[] = [
    ['is ended', (thread) => thread.terminate(), /^the thread that writes and hashes failed: it ended$/],
    ['throws', (thread) => thread.postMessage(undefined), /^the thread that writes and hashes failed: Cannot destructure /],
  ];

  it.each(DEATHS)('that %s while bytes come fails the file', async (_name, kill, said) => {
    const starting = nextThread();
    const path = newPath();
    const file = new HashedFile(path, 'its own thread');
    await writeEach(file, [some(3 * MB)]);
    kill(await starting);
    const writing = writeEach(
      file,
      Array.from({ length: 40 }, () => some(MB)),
    );
    await expect(writing).rejects.toThrow(said);
    await expect(finished(file)).rejects.toMatchObject({ code: 'backup.failed' });
    expect(() => file.sum()).toThrow('is not written yet');
    expect(isOpen(path)).toBe(false);
  });

  it.each(DEATHS)('that %s after the last byte gives no sum', async (_name, kill, said) => {
    const starting = nextThread();
    const file = new HashedFile(newPath(), 'its own thread');
    await writeEach(file, [some(3 * MB)]);
    const thread = await starting;
    kill(thread);
    await new Promise((resolve) => thread.once('exit', resolve));
    file.end();
    await expect(finished(file)).rejects.toThrow(said);
    expect(() => file.sum()).toThrow('is not written yet');
  });

  it('is not what keeps a process, nor what a process leaves behind', () => {
    const module = fileURLToPath(new URL('../../../src/ops/codec/hashed-file.ts', import.meta.url));
    const run = (end: string) =>
      spawnSync(
        process.execPath,
        [
          '--import',
          'tsx',
          '--input-type=module',
          '--eval',
          `const { HashedFile } = await import(${JSON.stringify(module)});
           const file = new HashedFile(process.argv[1], 'its own thread');
           file.on('error', (error) => console.log(error.message));
           file.write(Buffer.alloc(${3 * MB}), () => { ${end} });
           file.on('close', () => console.log(file.writableFinished ? file.sum().bytes : 'stopped'));`,
          newPath(),
        ],
        { encoding: 'utf8', timeout: 15_000, cwd: fileURLToPath(new URL('../../..', import.meta.url)) },
      );
    expect(run('file.end()')).toMatchObject({ status: 0, stdout: `${3 * MB}\n` });
    expect(run('file.destroy()')).toMatchObject({ status: 0, stdout: 'stopped\n' });
    expect(run(`file.destroy(new Error('why'))`)).toMatchObject({ status: 0, stdout: 'why\nstopped\n' });
    expect(run('process.exit(3)')).toMatchObject({ status: 3, stdout: '' });
  });
});

describe('a disk that fills up', () => {
  const disk = mountedAt('small-disk', '-t tmpfs -o size=6m,mode=0700 tmpfs');

  it.skipIf(disk === undefined).each(THREADS)('in the middle fails the file hashed on %s', async (on) => {
    const path = join(disk ?? '', `${THREADS.indexOf(on)}.tar`);
    const file = new HashedFile(path, on);
    const writing = writeEach(
      file,
      Array.from({ length: 20 }, () => some(MB)),
    );
    await expect(writing).rejects.toMatchObject({ code: 'storage.failed', message: `${path}: no space left on the disk` });
    await finished(file).catch(() => {});
    expect(() => file.sum()).toThrow('is not written yet');
    expect(isOpen(path)).toBe(false);
    rmSync(path);
  });
});

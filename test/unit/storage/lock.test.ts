import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { isLocked, withLockFile } from '../../../src/ops/process/lock.ts';

/** Locks in a folder that containers or machines share, as a volume or over NFS: the ids of one's processes say nothing to another. */
const folder = mkdtempSync(join(tmpdir(), 'dbctl-lock-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const wait = { signal: new AbortController().signal, waitMs: 300, what: 'the repository shared' };
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function mayMakeContainers(): boolean {
  try {
    execFileSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A process that holds the lock, in a process space of its own; `end` ends it without a chance to clear up. */
async function heldInContainer(path: string): Promise<{ end(): void }> {
  const script = `
    import { withLockFile } from ${JSON.stringify(new URL('../../../src/ops/process/lock.ts', import.meta.url).href)};
    await withLockFile(${JSON.stringify(path)}, { signal: new AbortController().signal }, () => new Promise((end) => setTimeout(end, 60_000)));`;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
  const child = spawn('unshare', ['--pid', '--fork', '--kill-child', '--mount-proc', ...node], { stdio: 'inherit' });
  children.push(child);
  for (let tries = 0; !existsSync(path) && tries < 400; tries += 1) await sleep(25);
  expect(existsSync(path)).toBe(true);
  return { end: () => child.kill('SIGKILL') };
}

const age = (path: string, seconds: number): void => {
  const then = new Date(Date.now() - seconds * 1_000);
  utimesSync(path, then, then);
};

describe.runIf(mayMakeContainers())('a lock another container holds', () => {
  it('is held as long as that one gives signs, and free when it gave none for half a minute', { timeout: 40_000 }, async () => {
    const path = join(folder, 'container');
    const container = await heldInContainer(path);
    expect(await isLocked(path)).toBe(true);
    await expect(withLockFile(path, wait, () => Promise.resolve())).rejects.toMatchObject({
      code: 'lock.held',
      message: expect.stringMatching(
        /^another dbctl \(process \d+ of another container\) is at work on the repository shared$/,
      ) as string,
    });
    age(path, 60);
    for (let tries = 0; Date.now() - statSync(path).mtimeMs > 30_000 && tries < 400; tries += 1) await sleep(25);
    expect(await isLocked(path)).toBe(true);
    container.end();
    await sleep(200);
    age(path, 60);
    expect(await isLocked(path)).toBe(false);
    expect(await withLockFile(path, wait, () => Promise.resolve('mine'))).toBe('mine');
    expect(existsSync(path)).toBe(false);
  });
});

describe('a lock of another machine', () => {
  const owner = { pid: process.pid, started: 'boot/1', token: 'abcd', machine: 'elsewhere 01234567', space: 'boot pid:[1]' };

  it('is held while it is young, whatever process has that id here', async () => {
    const path = join(folder, 'machine');
    writeFileSync(path, JSON.stringify(owner));
    await expect(withLockFile(path, wait, () => Promise.resolve())).rejects.toMatchObject({
      code: 'lock.held',
      message: `another dbctl (process ${process.pid} of elsewhere 01234567) is at work on the repository shared`,
    });
    age(path, 31);
    expect(await withLockFile(path, wait, () => Promise.resolve('mine'))).toBe('mine');
  });
});

describe('a lock of this machine', () => {
  const path = join(folder, 'own');
  const owner = async (): Promise<Record<string, unknown>> =>
    withLockFile(path, wait, () => Promise.resolve(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>));

  it('from before it was started anew is free at once', async () => {
    const { space, ...mine } = await owner();
    writeFileSync(
      path,
      JSON.stringify({ ...mine, space: `another-boot ${String(space).split(' ')[1]}`, started: 'another-boot/7' }),
    );
    expect(await withLockFile(path, wait, () => Promise.resolve('mine'))).toBe('mine');
  });

  it('of a process that lives is held, however long it was silent', async () => {
    writeFileSync(path, JSON.stringify(await owner()));
    age(path, 3_600);
    await expect(withLockFile(path, wait, () => Promise.resolve())).rejects.toMatchObject({
      message: `another dbctl (process ${process.pid}) is at work on the repository shared`,
    });
    rmSync(path);
  });

  it('is not taken from who took it over meanwhile', async () => {
    await withLockFile(path, wait, async () => {
      rmSync(path);
      writeFileSync(path, 'somebody else');
      await sleep(10);
    });
    expect(readFileSync(path, 'utf8')).toBe('somebody else');
    rmSync(path);
  });
});

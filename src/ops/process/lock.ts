import { randomBytes } from 'node:crypto';
import { link, open, rm, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../core/errors.ts';
import { BEAT_MS, elsewhere, isAlive, readOwner, self, type Owner } from './lock-owner.ts';

export interface LockWait {
  readonly signal: AbortSignal;
  /** Called once, with the owner's process id, when the lock is found taken. */
  readonly onWait?: (pid: number) => void;
  /** Longest wait in milliseconds; default two minutes. */
  readonly waitMs?: number;
  /** What is locked, as people call it; default: the path. */
  readonly what?: string;
}

/** No initdb has needed so long. */
const PATIENCE_MS = 120_000;

/**
 * Holds a lock file while `use` runs. A lock whose owner has died is taken over, by exactly one of those who wait; that of a machine or a
 * container that cannot be looked into, when it has given no sign for half a minute.
 * Fails with lock.held, naming the owner, when it stays taken for `waitMs`.
 */
export async function withLockFile<T>(path: string, wait: LockWait, use: () => Promise<T>): Promise<T> {
  const held = await takeLock(path, wait);
  const beat = setInterval(() => void touch(held), BEAT_MS);
  beat.unref();
  try {
    return await use();
  } finally {
    clearInterval(beat);
    await release(path, held);
  }
}

async function takeLock(path: string, wait: LockWait): Promise<Held> {
  const deadline = performance.now() + (wait.waitMs ?? PATIENCE_MS);
  for (let asked = false; ;) {
    const held = await tryLock(path);
    if (held !== null) return held;
    const owner = await readOwner(path);
    if (owner === undefined) continue;
    if (!(await isAlive(path, owner))) {
      await removeDeadLock(path, owner, wait);
      continue;
    }
    if (!asked) wait.onWait?.(owner.pid);
    asked = true;
    if (performance.now() > deadline) await refuse(path, owner, wait);
    await sleep(50, undefined, { signal: wait.signal });
  }
}

interface Held {
  /** Of our own file, whatever has its name by now. */
  readonly file: FileHandle;
  readonly text: string;
  readonly token: string;
}

/** link() instead of an exclusive open: the file appears with its content, so nobody ever reads half an owner. Null: it is taken. */
async function tryLock(path: string): Promise<Held | null> {
  const token = randomBytes(8).toString('hex');
  const text = JSON.stringify(await self(token));
  const draft = `${path}.${token}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await link(draft, path);
    return { file, text, token };
  } catch (thrown) {
    await file.close();
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw thrown;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The same bytes once more: the file system notes when, by its own clock. One that fails is a beat that was missed. */
const touch = ({ file, text }: Held): Promise<unknown> => file.write(text, 0).catch(() => undefined);

/** Only our own: who was silent for too long may have lost it to somebody else. */
async function release(path: string, { file, token }: Held): Promise<void> {
  await file.close().catch(() => undefined);
  if ((await readOwner(path))?.token === token) await rm(path, { force: true });
}

/**
 * Only the holder of a second lock, named for the dead owner's token, may remove the dead lock, and only while that very token is
 * still in it: otherwise one waiter could remove the fresh lock of another who was quicker.
 */
async function removeDeadLock(path: string, dead: Owner, wait: LockWait): Promise<void> {
  await withLockFile(`${path}.after-${dead.token}`, wait, async () => {
    const now = await readOwner(path);
    if (now?.token === dead.token) await rm(path, { force: true });
  });
}

/** Whether somebody who lives holds the lock; nothing is taken or removed. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = await readOwner(path);
  return owner !== undefined && (await isAlive(path, owner));
}

async function refuse(path: string, owner: Owner, { what = path, waitMs = PATIENCE_MS }: LockWait): Promise<never> {
  const waited = waitMs < 2_000 ? '' : ` and was waited for ${Math.round(waitMs / 1_000)} s`;
  const where = await elsewhere(owner);
  const who = where === null ? `process ${owner.pid}` : `process ${owner.pid} ${where}`;
  return fail('lock.held', `another dbctl (${who}) is at work on ${what}${waited}`, {
    hint: `Wait for it, or end ${who}; the lock ${path} then frees itself${where === null ? '' : ' within half a minute'}.`,
  });
}

import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../core/errors.ts';
import { processStart } from './process.ts';

interface Owner {
  readonly pid: number;
  /** When the process started: a pid alone is used again by another process. */
  readonly started: string | undefined;
  readonly token: string;
}

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
 * Holds a lock file while `use` runs. A lock whose owner has died is taken over, by exactly one of those who wait.
 * Fails with lock.held, naming the owner, when it stays taken for `waitMs`.
 */
export async function withLockFile<T>(path: string, wait: LockWait, use: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + (wait.waitMs ?? PATIENCE_MS);
  for (let asked = false; !(await tryLock(path));) {
    const owner = await readOwner(path);
    if (owner === undefined) continue;
    if (!(await isAlive(owner))) {
      await removeDeadLock(path, owner, wait);
      continue;
    }
    if (!asked) wait.onWait?.(owner.pid);
    asked = true;
    if (performance.now() > deadline) refuse(path, owner, wait);
    await sleep(50, undefined, { signal: wait.signal });
  }
  try {
    return await use();
  } finally {
    await rm(path, { force: true });
  }
}

/** link() instead of an exclusive open: the file appears with its content, so nobody ever reads half an owner. */
async function tryLock(path: string): Promise<boolean> {
  const token = randomBytes(8).toString('hex');
  const owner: Owner = { pid: process.pid, started: await processStart(process.pid), token };
  const draft = `${path}.${token}`;
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  } finally {
    await rm(draft, { force: true });
  }
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

/** undefined when there is no lock any more; an unreadable one (the machine lost power while writing) belongs to nobody. */
async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const { pid, started, token } = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
    if (typeof pid === 'number' && typeof token === 'string') return { pid, started, token };
    return NOBODY;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (thrown instanceof SyntaxError) return NOBODY;
    throw thrown;
  }
}

const NOBODY: Owner = { pid: 0, started: undefined, token: 'unreadable' };

async function isAlive({ pid, started }: Owner): Promise<boolean> {
  return pid > 0 && started !== undefined && (await processStart(pid)) === started;
}

/** Whether a process that lives holds the lock; nothing is taken or removed. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = await readOwner(path);
  return owner !== undefined && (await isAlive(owner));
}

function refuse(path: string, owner: Owner, { what = path, waitMs = PATIENCE_MS }: LockWait): never {
  const waited = waitMs < 2_000 ? '' : ` and was waited for ${Math.round(waitMs / 1_000)} s`;
  fail('lock.held', `another dbctl (process ${owner.pid}) is at work on ${what}${waited}`, {
    hint: `Wait for it, or end process ${owner.pid}; the lock ${path} then frees itself.`,
  });
}

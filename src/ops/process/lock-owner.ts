import { randomBytes } from 'node:crypto';
import { readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { processStart } from './process.ts';

/** Who holds a lock. */
export interface Owner {
  readonly pid: number;
  /** When the process started: a pid alone is used again by another process. */
  readonly started: string | undefined;
  readonly token: string;
  /** Name of the machine; absent in locks of older versions, which are of this one. */
  readonly machine?: string;
  /** Within the machine: processes of another container have ids that say nothing here. */
  readonly space?: string;
}

/** A lock in a folder that machines or containers share is touched this often by its owner: nobody else can ask whether that one lives. */
export const BEAT_MS = 5_000;

/** Six beats were missed. */
const DEAD_MS = 30_000;

/** This process, as the owner of a lock. */
export async function self(token: string): Promise<Owner> {
  return { pid: process.pid, started: await processStart(process.pid), token, ...(await place()) };
}

/** Undefined when there is no lock any more; an unreadable one (the machine lost power while writing) belongs to nobody. */
export async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
    return typeof owner.pid === 'number' && typeof owner.token === 'string' ? (owner as Owner) : NOBODY;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (thrown instanceof SyntaxError) return NOBODY;
    throw thrown;
  }
}

const NOBODY: Owner = { pid: 0, started: undefined, token: 'unreadable' };

/** Whether the owner of the lock at this path lives: by its process where that can be seen from here, else by its last beat. */
export async function isAlive(path: string, { pid, started, machine, space }: Owner): Promise<boolean> {
  if (pid <= 0 || started === undefined) return false;
  const here = await place();
  const seen = machine === undefined || (machine === here.machine && (space === here.space || rebooted(space, here.space)));
  if (seen) return (await processStart(pid)) === started;
  const beat = await stat(path).catch(() => null);
  return beat !== null && (await nowOf(path)) - beat.mtimeMs < DEAD_MS;
}

/** Where somebody else would have to look for the process; null: here. */
export async function elsewhere({ machine, space }: Owner): Promise<string | null> {
  const here = await place();
  if (machine === undefined || (machine === here.machine && space === here.space)) return null;
  return machine === here.machine ? 'of another container' : `of ${machine}`;
}

/** The boot stands before the space of processes. */
const rebooted = (then = '', now = ''): boolean => then.split(' ')[0] !== now.split(' ')[0];

let known: Promise<Required<Pick<Owner, 'machine' | 'space'>>> | undefined;

const place = () => (known ??= findPlace());

async function findPlace(): Promise<Required<Pick<Owner, 'machine' | 'space'>>> {
  const absent = () => '-';
  const [id, boot, space] = await Promise.all([
    readFile('/etc/machine-id', 'utf8').catch(absent),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(absent),
    readlink('/proc/self/ns/pid').catch(absent),
  ]);
  return { machine: `${hostname()} ${id.trim().slice(0, 8)}`.trim(), space: `${boot.trim()} ${space}` };
}

/** The time by the clock of the file system, which the beats of others are by, too: that of another machine may differ from ours. */
async function nowOf(path: string): Promise<number> {
  const probe = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFile(probe, '', { mode: 0o600, flag: 'wx' });
  try {
    return (await stat(probe)).mtimeMs;
  } finally {
    await rm(probe, { force: true });
  }
}

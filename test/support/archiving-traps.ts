// Where a run that archives is stopped from outside, so that it can be killed just there.
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { withLockFile } from '../../src/ops/process/lock.ts';
import { filesIn, until, type ArchivingProject, type Login } from './archiving.ts';

/** Where a process is frozen from outside, and killed. */
export interface CrashPoint {
  /** Step of the protocol, and what it is frozen in. */
  readonly name: string;
  /** Done before, each to its end. */
  readonly after: readonly Login[];
  /** Who is killed. */
  readonly who: Login;
  /** Where it can be seen at all; default both. */
  readonly only?: 'folder' | 's3';
  /** Sets the trap before the process starts; resolves to what waits until it is in, and what frees what the trap holds. */
  trap(lab: ArchivingProject): Promise<Trap>;
}

interface Trap {
  seen(): Promise<void>;
  free(): Promise<void>;
}

/** Holds a lock by an open transaction of somebody else. */
async function hold(lab: ArchivingProject, sql: string): Promise<pg.Client> {
  const client = await lab.another();
  await client.query('begin');
  await client.query(sql);
  return client;
}

/** A backend of dbctl waits for a lock in a statement like this one. */
const waiting = (lab: ArchivingProject, statement: string) =>
  until(`waiting in ${statement}`, async () => {
    const [row] = await lab.rows<{ there: boolean }>(
      `select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%' || $1 || '%' and application_name like 'dbctl%'
                      and datname = current_database()) as there`,
      [statement],
    );
    return row?.there === true;
  });

export const held =
  (sql: string, statement: string) =>
  async (lab: ArchivingProject): Promise<Trap> => {
    const client = await hold(lab, sql);
    return { seen: () => waiting(lab, statement), free: async () => void (await client.query('rollback')) };
  };

/** Frees the first lock once the process waits for it, holding the one of the run's record: it goes on to its end, and no further. */
export const heldAtEnd =
  (sql: string, statement: string) =>
  async (lab: ArchivingProject): Promise<Trap> => {
    const first = await hold(lab, sql);
    let last: pg.Client | undefined;
    return {
      seen: async () => {
        await waiting(lab, statement);
        last = await hold(lab, 'lock table dbctl.run in share mode');
        await first.query('rollback');
        await waiting(lab, 'insert into dbctl.run');
      },
      free: async () => void (await last?.query('rollback')),
    };
  };

/** The bucket never answers a request. */
export const silent =
  (method: string, key: RegExp) =>
  (lab: ArchivingProject): Promise<Trap> => {
    let isIn = false;
    const { s3 } = lab;
    if (s3 === null) throw new Error('there is no bucket');
    s3.fault = (request) => {
      if (isIn || request.method !== method || !key.test(request.key)) return undefined;
      isIn = true;
      return { kind: 'silence' };
    };
    return Promise.resolve({
      seen: () => until(`${method} ${String(key)}`, () => isIn),
      free: () => {
        s3.fault = () => undefined;
        return Promise.resolve();
      },
    });
  };

/** A file is there; the process goes on, so it is killed there or a moment later. */
export const appears =
  (what: RegExp) =>
  (lab: ArchivingProject): Promise<Trap> =>
    Promise.resolve({
      seen: () => until(String(what), () => [...filesIn(lab.cold).keys()].some((name) => what.test(name)), 1),
      free: () => Promise.resolve(),
    });

/** Programs that work in the folder of the project, as dbctl and its children do, and this one does not. Linux alone tells it. */
export function programsIn({ folder }: ArchivingProject): { readonly pid: number; readonly line: string }[] {
  const home = realpathSync(folder);
  return (existsSync('/proc/self/cwd') ? readdirSync('/proc') : []).flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !realpathSync(`/proc/${pid}/cwd`).startsWith(home)) return [];
      return [{ pid: Number(pid), line: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
    } catch {
      // It has ended.
      return [];
    }
  });
}

/** DuckDB stands still with rows in it; it goes on when dbctl is dead, and finds that nobody is there. */
export function writing(lab: ArchivingProject): Promise<Trap> {
  let pid = 0;
  return Promise.resolve({
    seen: () =>
      until(
        'DuckDB at work',
        () => {
          pid = programsIn(lab).find(({ line }) => /^\S*node\S* .*duckdb-parquet\.mjs \S+ write /.test(line))?.pid ?? 0;
          if (pid !== 0) process.kill(pid, 'SIGSTOP');
          return pid !== 0;
        },
        1,
      ),
    free: () => Promise.resolve(void process.kill(pid, 'SIGCONT')),
  });
}

/** Another run of this machine uses the destination: the fence is there, and the copy waits. */
export async function locked(lab: ArchivingProject): Promise<Trap> {
  mkdirSync(lab.cold, { recursive: true });
  let free: () => void = () => {};
  const freed = new Promise<void>((resolve) => (free = resolve));
  let isHeld = false;
  const done = withLockFile(join(lab.cold, '.lock'), { signal: new AbortController().signal }, async () => {
    isHeld = true;
    await freed;
  });
  await until('the lock file', () => isHeld);
  return {
    seen: () =>
      until('the fence', async () => {
        const [row] = await lab.rows<{ n: number }>(`select count(*)::int as n from pg_constraint where conname = 'dbctl_fence'`);
        return (row?.n ?? 0) > 0;
      }),
    free: async () => {
      free();
      await done;
    },
  };
}

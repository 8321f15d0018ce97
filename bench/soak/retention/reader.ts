import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Content, Log } from './log.ts';

/** What was seen by somebody who looked all the time. */
export interface Seen {
  readonly looks: number;
  /** Rows that were counted, in all looks together. */
  readonly rows: number;
  /** How many old partitions were gone, in the order it was first seen: 0, 1, … */
  readonly gone: readonly number[];
}

/** One statement, which is one snapshot: every row that is hot, and every partition of which the database says that it was removed. */
const LOOK = /* sql */ `
select l.tableoid::regclass::text as partition, count(*)::float8 as rows, sum(l.n)::float8 as total, false as removed
from audit.log l group by l.tableoid
union all
select s.partition_name, s.rows::float8, null, true
from dbctl.archive_segment s join dbctl.archive_event e on e.segment = s.segment and e.kind = 'removed'`;

interface Found extends Content {
  readonly partition: string;
  readonly removed: boolean;
}

/**
 * Counts the whole log again and again: each old partition is either here with every row, or removed with as many, and the one that is written to
 * never has fewer rows than it had. `stop` fails with the first look in which that was not so.
 */
export function startReader(url: string, log: Log, wanted: ReadonlyMap<string, Content>): { stop(): Promise<Seen> } {
  const stopping = new AbortController();
  const looking = (async (): Promise<Seen> => {
    const client = await connected(url, 'soak reader');
    const seen = { looks: 0, rows: 0, gone: [] as number[] };
    let least = 0;
    try {
      while (!stopping.signal.aborted) {
        const { rows: found } = await client.query<Found>(LOOK);
        const young = found.find(({ partition }) => partition === log.young)?.rows ?? 0;
        if (young < least) throw new Error(`${log.young} had ${least} rows, and has ${young}`);
        least = young;
        const gone = log.old.filter((partition) => isGone(partition, found, wanted)).length;
        if (gone !== seen.gone.at(-1)) seen.gone.push(gone);
        seen.looks += 1;
        seen.rows += found.reduce((sum, { rows, removed }) => sum + (removed ? 0 : rows), 0);
      }
      return seen;
    } finally {
      await client.end();
    }
  })();
  looking.catch(() => {});
  return {
    stop: () => {
      stopping.abort();
      return looking;
    },
  };
}

/** What fails is the query: a server that is stopped because something else failed is not to hide it. */
async function connected(url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Fails where a partition is neither whole nor removed, or both. */
function isGone(partition: string, found: readonly Found[], wanted: ReadonlyMap<string, Content>): boolean {
  const at = found.filter((one) => one.partition === partition);
  const { rows, total } = wanted.get(partition) ?? { rows: 0, total: 0 };
  const [one] = at;
  const whole = one?.rows === rows && (one.removed || one.total === total);
  if (at.length !== 1 || one === undefined || !whole)
    throw new Error(`${partition} should have ${rows} rows (sum ${total}), here or removed: ${JSON.stringify(at)}`);
  return one.removed;
}

/** Puts rows into the month that is written to, one by one, until it is stopped; how many is the answer. */
export function startWriter(url: string): { stop(): Promise<number> } {
  const stopping = new AbortController();
  const writing = (async (): Promise<number> => {
    const client = await connected(url, 'soak writer');
    let rows = 0;
    for (; !stopping.signal.aborted; rows += 1) {
      await client.query(
        `insert into audit.log (n, at, actor, action, context) values ($1, date_trunc('month', now(), 'UTC') + interval '1 day', gen_random_uuid(), 'write', '{}')`,
        [1e9 + rows],
      );
      await sleep(20);
    }
    await client.end();
    return rows;
  })();
  writing.catch(() => {});
  return {
    stop: () => {
      stopping.abort();
      return writing;
    },
  };
}

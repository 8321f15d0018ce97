import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { withServer } from '../test/support/server.ts';
import { measure, median, type Measured } from './backup/measure.ts';
import { backupWays, type Way } from './backup/ways.ts';

const USAGE = `usage: npm run bench -- backup [options]
  --rows N     rows of the table (default 5000000, 1.2 GB with its indexes; of a small one most is what programs take to start)
  --rounds N   backups of each kind, in turns (default 3)
  --only TEXT  only ways whose name has this text, and what they are measured against`;

const SETTINGS = {
  wal_level: 'replica',
  max_wal_senders: '4',
  max_wal_size: '4GB',
  shared_buffers: '512MB',
  synchronous_commit: 'off',
};

/** `npm run bench -- backup`: dbctl beside the bare programs and pgBackRest, on the same server and disk, in turns. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '5000000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-bench-backup-'));
  await withServer({ durable: true, settings: SETTINGS }, async (server) => {
    const megabytes = await fill(server.url(), values.rows);
    const all = await backupWays(server, folder);
    const wanted = all.filter(({ name }) => name.includes(values.only));
    const ways = all.filter((way) => wanted.includes(way) || wanted.some(({ against }) => against === way.name));
    const rounds = new Map<string, Measured[]>(ways.map(({ name }) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const { name, act } of ways) {
        const into = join(folder, 'out');
        rounds.get(name)?.push(await measure(server.data, into, () => act(into)));
        rmSync(into, { recursive: true, force: true });
      }
    }
    console.log(`${megabytes} MB, medians of ${values.rounds}; ratios are medians of the ratios of each round\n`);
    console.log(`${''.padEnd(28)}${['s', 'CPU s', 'MB/s', 'MB'].map((title) => title.padStart(8)).join('')}`);
    for (const way of ways) console.log(lineOf(way, rounds, megabytes));
  });
  rmSync(folder, { recursive: true, force: true });
}

async function fill(url: string, rows: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `create table log (id uuid primary key default uuidv7(), at timestamptz default now(), actor text, action text, context jsonb)`,
  );
  await client.query(
    `insert into log (actor, action, context) select 'user-' || n % 1000, 'lab.verify', jsonb_build_object('session', md5(n::text), 'agent', repeat('x', 60)) from generate_series(1, $1::int) n`,
    [rows],
  );
  await client.query('create index on log (actor)');
  await client.query('vacuum analyze log');
  await client.query('checkpoint');
  const found = await client.query<{ mb: number }>('select (pg_database_size(current_database()) / 1000000)::int as mb');
  await client.end();
  return found.rows[0]?.mb ?? 0;
}

function lineOf({ name, against }: Way, rounds: ReadonlyMap<string, readonly Measured[]>, megabytes: number): string {
  const own = rounds.get(name) ?? [];
  const of = (what: keyof Measured) => median(own.map((one) => one[what]));
  const figures = [
    of('seconds').toFixed(1),
    of('cpuSeconds').toFixed(1),
    (megabytes / of('seconds')).toFixed(0),
    (of('bytes') / 1e6).toFixed(0),
  ];
  const line = `${name.padEnd(28)}${figures.map((text) => text.padStart(8)).join('')}`;
  if (against === null) return line;
  // Rounds are compared with themselves: what else the machine does changes from one to the next.
  const ratio = (what: 'seconds' | 'cpuSeconds') =>
    median(own.map((one, round) => one[what] / (rounds.get(against)?.[round]?.[what] ?? Number.NaN))).toFixed(2);
  return `${line}   ${ratio('seconds')} of its time, ${ratio('cpuSeconds')} of its CPU`;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { withServer } from '../test/support/server.ts';
import { median } from './backup/measure.ts';
import { exportWays, type Exported } from './retention/ways.ts';

const USAGE = `usage: npm run bench -- retention [options]
  --rows N     rows of the partition (default 1000000, some 270 MB)
  --rounds N   exports of each kind, in turns (default 3)
  --only TEXT  only ways whose name has this text, and the floor`;

const SETTINGS = { shared_buffers: '512MB', max_wal_size: '4GB', synchronous_commit: 'off' };

/**
 * `npm run bench -- retention`: a partition of an audit log leaves the database, by dbctl in each format and by COPY and a gzip program, on the same
 * server and disk, in turns. The floor is COPY in the same order to nowhere.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-bench-retention-'));
  await withServer({ settings: SETTINGS }, async (server) => {
    await fill(server.url(), values.rows);
    const all = await exportWays(server.url(), folder);
    const ways = all.filter(({ name }, at) => at === 0 || name.includes(values.only));
    const rounds = new Map<string, Exported[]>(ways.map(({ name }) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round += 1)
      for (const { name, act } of ways) rounds.get(name)?.push(await act());
    const titles = ['export s', 'rows/s', '÷ floor', 'whole s', 'MB', 'RSS MB'];
    console.log(`${values.rows} rows, medians of ${values.rounds}; ratios are medians of the ratios of each round\n`);
    console.log(`${''.padEnd(32)}${titles.map((title) => title.padStart(10)).join('')}`);
    const floor = rounds.get(all[0]?.name ?? '') ?? [];
    for (const { name } of ways) console.log(lineOf(name, rounds.get(name) ?? [], floor, Number(values.rows)));
  });
  rmSync(folder, { recursive: true, force: true });
}

function lineOf(name: string, found: readonly Exported[], floor: readonly Exported[], rows: number): string {
  const of = (what: (one: Exported) => number) => median(found.map(what));
  const ratio = median(found.map(({ seconds }, at) => (floor[at]?.seconds ?? Number.NaN) / seconds));
  const figures = [
    of(({ seconds }) => seconds).toFixed(2),
    Math.round(rows / of(({ seconds }) => seconds)).toString(),
    ratio.toFixed(2),
    of(({ whole }) => whole).toFixed(2),
    (of(({ bytes }) => bytes) / 1e6).toFixed(1),
    (of(({ rss }) => rss) / 1e6).toFixed(0),
  ];
  return `${name.padEnd(32)}${figures.map((text) => text.padStart(10)).join('')}`;
}

async function fill(url: string, rows: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create schema audit;
    create table audit.log (
      id uuid not null default uuidv7(), at timestamptz not null, actor uuid not null, action text not null, object text not null,
      context jsonb not null, ip inet, amount numeric(12, 2), recorded_xid xid8 not null default pg_current_xact_id(), primary key (id, at)
    ) partition by range (at);
    create table audit.log_2025 partition of audit.log for values from ('2025-01-01') to (maxvalue)`);
  await client.query(
    `insert into audit.log (at, actor, action, object, context, ip, amount)
     select timestamptz '2025-03-01' + n * interval '7.000123 seconds', gen_random_uuid(), (array['create', 'update', 'delete'])[1 + n % 3], 'project/' || n,
            jsonb_build_object('n', n, 'note', md5(n::text), 'tags', jsonb_build_array('a', n % 7, null)), '10.0.0.1'::inet + n % 250, n * 1.25
     from generate_series(1, $1::int) n`,
    [rows],
  );
  await client.query('vacuum (analyze) audit.log_2025');
  await client.query('checkpoint');
  await client.end();
}

import { parseArgs } from 'node:util';
import pg from 'pg';
import type { Report } from '../../src/core/report.ts';
import { onServer } from '../../test/support/connection.ts';
import { withServer, type TestServer } from '../../test/support/server.ts';
import { contentOf, fillMonth, makeLog, type Content, type Log } from './retention/log.ts';
import { grantLogins, retentionProject, type Login, type RetentionProject } from './retention/project.ts';
import { startReader, startWriter } from './retention/reader.ts';
import { steps, type Steps } from './steps.ts';

const USAGE = `usage: npm run soak -- retention [options]
  --rows N    rows of the audit log, in all (default 2000000); the disk needs 2 kB for each
  --months N  old partitions, which leave; one stays (default 8)
  --as FORMAT csv.gz or parquet (default csv.gz)`;

const SETTINGS = { max_wal_size: '4GB', shared_buffers: '512MB', maintenance_work_mem: '256MB' };

/** What a run of the soak works with. */
interface Soak {
  readonly server: TestServer;
  readonly project: RetentionProject;
  readonly step: Steps;
  readonly log: Log;
  readonly wanted: ReadonlyMap<string, Content>;
}

/**
 * `npm run soak -- retention`: an audit log is sealed, and its old months are fenced, exported, read back by somebody else, removed and restored,
 * with the built program, while one session reads all of it and another writes. Fails at the first thing that is not as it was.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '2000000' },
      months: { type: 'string', default: '8' },
      as: { type: 'string', default: 'csv.gz' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const [rows, months] = [Number(values.rows), Number(values.months)];
  const step = steps();
  await withServer({ durable: true, settings: SETTINGS }, async (server) => {
    await onServer(server.url(), 'create database lab');
    const project = await retentionProject(server, values.as);
    try {
      const log = await makeLog(server.url('lab'), months, new Date());
      const soak = { server, project, step, log, wanted: shares(log, rows) };
      await fillAndSeal(soak);
      const [reader, writer] = [startReader(server.url('lab'), log, soak.wanted), startWriter(server.url('lab'))];
      await leave(soak);
      const cold = await comeBack(soak);
      const [seen, written] = await Promise.all([reader.stop(), writer.stop()]);
      const hot = await contentIn(server, 'audit.log');
      const isWhole = hot.rows + cold === rows + written;
      const gone = seen.gone.map((count, at) => count === (at === 0 ? 0 : (seen.gone[at - 1] ?? 0) + 1) || count === months);
      passed(
        [
          'rows hot and rows cold are the rows there were',
          isWhole,
          `${hot.rows} + ${cold} = ${rows} + ${written} written meanwhile`,
        ],
        [
          'no row was missing or there twice',
          seen.looks > 10 && gone.every(Boolean) && seen.gone.at(-1) === months,
          `${seen.looks} looks at ${seen.rows} rows; partitions gone: ${seen.gone.join(', ')}`,
        ],
      );
    } finally {
      project.remove();
    }
  });
}

function passed(...all: readonly (readonly [name: string, isSo: boolean, figures: string])[]): void {
  for (const [name, isSo, figures] of all) {
    if (!isSo) throw new Error(`not so: ${name}: ${figures}`);
    console.log(`passed: ${name}: ${figures}`);
  }
}

/** By partition, what it gets: as much in each. */
function shares({ old, young }: Log, rows: number): Map<string, Content> {
  const share = Math.floor(rows / (old.length + 1));
  const content = old.map((partition, at) => [partition, contentOf(at * share, share)] as const);
  const rest = old.length * share;
  return new Map([...content, [young, contentOf(rest, rows - rest)]]);
}

async function fillAndSeal({ server, project, step, wanted }: Soak): Promise<void> {
  const url = server.url('lab');
  await step(
    'guard',
    () => project.dbctl('owner', 'immutability', 'install', '--yes').then(() => grantLogins(server)),
    () => ({ result: 'append-only, one login archives, another verifies' }),
  );
  let first = 0;
  for (const [partition, { rows }] of wanted) {
    await step(
      `fill ${partition}, and seal it`,
      async () => {
        await fillMonth(url, partition, first, rows);
        return project.dbctl('owner', 'ledger', 'checkpoint');
      },
      () => ({ rows, result: 'a window of its own' }),
    );
    first += rows;
  }
  await onServer(url, 'vacuum (analyze) audit.log', 'checkpoint');
  await verified(project, step, 'sealed', true);
}

/** Behind a checkpoint, which a project makes every minute: rows that wait for one for much longer are a complaint of their own. */
const verified = (project: RetentionProject, step: Steps, when: string, full = false): Promise<Report> =>
  step(
    `ledger verify, ${when}`,
    async () => {
      await project.dbctl('owner', 'ledger', 'checkpoint');
      const report = await project.dbctl('owner', 'ledger', 'verify', ...(full ? ['--full'] : []));
      if (report.summary['fail'] !== 0) throw new Error(JSON.stringify(report.items));
      return report;
    },
    ({ summary }) => ({ rows: Number(summary['rows']), result: `green: ${full ? 'all' : 'newest and a sample'}` }),
  );

/** Copied by one, removed only when another has read the copies back. */
async function leave({ server, project, step, log }: Soak): Promise<void> {
  const run = (login: Login, name: string, expected: number, ...args: readonly string[]) =>
    step(
      name,
      async () => {
        await project.dbctl(login, 'retention', ...args);
        const gone = log.old.length - (await partitionsIn(server, log.old));
        if (gone !== expected) throw new Error(`${gone} partitions are gone instead of ${expected}`);
        return gone;
      },
      (gone) => ({ result: `${gone} of ${log.old.length} partitions are gone` }),
    );
  const all = log.old.length;
  await run('archiver', 'retention run: fence, export, record', 0, 'run', '--yes');
  await verified(project, step, 'copied');
  await run('archiver', 'retention run: again, too early', 0, 'run', '--yes');
  await run('verifier', 'retention verify --record', 0, 'verify', '--record');
  await verified(project, step, 'read back');
  await run('archiver', 'retention run: remove', all, 'run', '--yes');
  await verified(project, step, 'removed', true);
}

/** Every archive, from its files alone and then in tables beside; how many rows came back. */
async function comeBack({ server, project, step, log, wanted }: Soak): Promise<number> {
  await onServer(server.url('lab'), 'create schema cold');
  const { items } = await step(
    'retention verify, without the database',
    () => project.dbctl('owner', 'retention', 'verify'),
    ({ items: found }) => ({ result: `${found.length} archives are what they were` }),
  );
  let restored = 0;
  for (const partition of log.old) {
    const { id } = items.find((one) => one.id.includes(`-${partition}-`)) ?? { id: '' };
    const into = partition.replace('audit.', 'cold.');
    const found = await step(
      `retention restore ${partition}`,
      async () => {
        await project.dbctl('owner', 'retention', 'restore', id, '--into', into);
        return contentIn(server, into);
      },
      ({ rows }) => ({ rows, result: 'as it was' }),
    );
    if (JSON.stringify(found) !== JSON.stringify(wanted.get(partition))) throw new Error(`${into} has ${JSON.stringify(found)}`);
    restored += found.rows;
  }
  await verified(project, step, 'restored', true);
  return restored;
}

async function one<Row>(server: TestServer, sql: string, values: readonly unknown[] = []): Promise<Row> {
  const client = new pg.Client({ connectionString: server.url('lab') });
  await client.connect();
  try {
    const { rows } = await client.query(sql, [...values]);
    return rows[0] as Row;
  } finally {
    await client.end();
  }
}

const contentIn = (server: TestServer, table: string): Promise<Content> =>
  one(server, `select count(*)::float8 as rows, sum(n)::float8 as total from ${table}`);

const partitionsIn = async (server: TestServer, names: readonly string[]): Promise<number> =>
  (await one<{ there: number }>(server, `select count(to_regclass(name))::int as there from unnest($1::text[]) name`, [names]))
    .there;

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { silentProgress } from '../src/core/progress.ts';
import { withSession } from '../src/db/session.ts';
import { installGuards } from '../src/ops/immutability/install.ts';
import { selfTest } from '../src/ops/immutability/selftest/run.ts';
import type { ImmutabilitySettings } from '../src/ops/immutability/settings.ts';
import { withServer } from '../test/support/server.ts';

const TABLES = 7;
const PARTITIONS = 12;
/** Besides the owner and the superuser. */
const ROLES = ['bench_insert', 'bench_all', 'bench_reader'];
const WRITERS = 4;

const settings: ImmutabilitySettings = {
  owner: 'dbctl_protected',
  runbook: 'runbooks/immutability-violation.md',
  partitionCreators: [],
  unlockers: [],
  archivers: [],
  archiveVerifiers: [],
  tables: Array.from({ length: TABLES }, (_, n) => ({
    schema: 'public',
    name: `t${n}`,
    generated: ['recorded_xid'],
    accept: [],
    probe: null,
  })),
};

const PREPARE = [
  ...ROLES.map((role) => `create role ${role} login`),
  ...Array.from({ length: TABLES }, (_, n) =>
    [
      `create table t${n} (id uuid default uuidv7(), at timestamptz not null default now(), note text not null default '',
         recorded_xid xid8 not null default pg_current_xact_id(), primary key (id, at)) partition by range (at)`,
      ...Array.from({ length: PARTITIONS }, (_, month) => {
        const [from, to] = [month, month + 1].map((ahead) => new Date(Date.UTC(2026, ahead, 1)).toISOString());
        return `create table t${n}_${month} partition of t${n} for values from ('${from}') to ('${to}')`;
      }),
      `insert into t${n} (at) select '2026-01-01'::timestamptz + g * interval '1 h' from generate_series(0, 8000) g`,
      `grant insert, select on t${n} to bench_insert; grant all on t${n} to bench_all; grant select on t${n} to bench_reader`,
    ].join(';\n'),
  ),
];

/** `npm run bench -- selftest`: how long the self-test takes on a production-sized schema, and what writers feel of it. */
export async function run(): Promise<void> {
  await withServer({ durable: true, settings: { synchronous_commit: 'off' } }, async (server) => {
    const admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    for (const statement of PREPARE) await admin.query(statement);
    await admin.end();
    await withSession(server.target(), { access: 'write' }, (session) => installGuards(session, settings));
    const alone = await waitsOf(server.url(), () => sleep(8_000));
    let told = '';
    const during = await waitsOf(server.url(), async () => {
      const started = performance.now();
      const { results, relations, actors } = await withSession(
        server.target(),
        { access: 'write', statementTimeoutMs: 0 },
        (session) => selfTest(session, settings, { tables: [], roles: [], superuser: true, progress: silentProgress }),
      );
      const count = (verdict: string) => results.filter((one) => one.verdict === verdict).length;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      told = `${relations} tables and partitions, ${actors} roles, ${results.length} attempts in ${seconds} s: ${count('open')} open, ${count('unknown')} not tried`;
    });
    console.log(
      `${told}\n\ninsert of one row by ${WRITERS} writers, ms  ${HEAD}\nalone                               ${line(alone)}\nduring the self-test                ${line(during)}`,
    );
  });
}

async function waitsOf(url: string, during: () => Promise<unknown>): Promise<number[]> {
  const stop = new AbortController();
  const waits: number[] = [];
  const writers = Array.from({ length: WRITERS }, async (_, place) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (let n = 0; !stop.signal.aborted; n += 1) {
      const started = performance.now();
      await client.query(`insert into t${(n + place) % TABLES} (at) values ('2026-05-05')`);
      waits.push(performance.now() - started);
      await sleep(2);
    }
    await client.end();
  });
  await during();
  stop.abort();
  await Promise.all(writers);
  return waits.toSorted((a, b) => a - b);
}

const POINTS = [0.5, 0.95, 0.99, 0.999, 1];
const HEAD = ['50 %', '95 %', '99 %', '99.9 %', 'longest', 'over 50 ms'].map((text) => text.padStart(11)).join('');
const line = (waits: readonly number[]): string =>
  [
    ...POINTS.map((point) => (waits[Math.min(waits.length - 1, Math.floor(point * waits.length))] ?? Number.NaN).toFixed(1)),
    `${waits.filter((ms) => ms > 50).length}/${waits.length}`,
  ]
    .map((text) => text.padStart(11))
    .join('');

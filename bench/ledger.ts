import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { withSession } from '../src/db/session.ts';
import { makeCheckpoint } from '../src/ops/ledger/checkpoint.ts';
import type { LedgerSettings } from '../src/ops/ledger/settings.ts';
import { createSignerKey, openSigner } from '../src/ops/signing/signer.ts';
import { folderSink } from '../src/ops/ledger/sink-folder.ts';
import { verifyLedger } from '../src/ops/ledger/verify.ts';
import { ensureDbctlSchema } from '../src/ops/schema/dbctl-schema.ts';
import { withServer } from '../test/support/server.ts';

const USAGE = `usage: npm run bench -- ledger [options]
  --rows N     rows in all (default 1000000)
  --rounds N   verifications (default 3)`;

/** The row of the reference project's audit log, in two partitions. */
const TABLE = /* sql */ `
create table public.log (
  id uuid not null default uuidv7(),
  at timestamptz not null,
  actor text not null,
  action text not null,
  entity_id uuid not null default gen_random_uuid(),
  context jsonb not null,
  recorded_xid xid8 not null default pg_current_xact_id(),
  primary key (id, at)
) partition by range (at);
create index log_recorded_xid_idx on public.log (recorded_xid);
create table public.log_a partition of public.log for values from ('2026-01-01') to ('2026-02-01');
create table public.log_b partition of public.log for values from ('2026-02-01') to ('2026-03-01')`;

const INSERT = `insert into public.log (at, actor, action, context)
select '2026-01-15'::timestamptz + $2 * interval '30 d', 'user-' || n % 1000, 'lab.verify',
       jsonb_build_object('ip', '10.0.0.' || n % 256, 'session', md5(n::text), 'agent', repeat('x', 60))
from generate_series(1, $1::int) n`;

/** `npm run bench -- ledger`: rows hashed a second by one session and by two, and memory while it goes on. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-bench-ledger-'));
  await withServer(
    { durable: true, settings: { synchronous_commit: 'off', shared_buffers: '512MB', max_wal_size: '4GB' } },
    async (server) => {
      await createSignerKey(join(folder, 'key'), 'bench');
      const signer = await openSigner(
        { name: 'bench', key: { kind: 'file', file: 'key' }, publicKeys: [] },
        { variables: {}, folder },
      );
      const sinks = [folderSink('one', join(folder, 'one')), folderSink('two', join(folder, 'two'))];
      const settings: LedgerSettings = {
        tables: [{ schema: 'public', name: 'log' }],
        xidColumn: 'recorded_xid',
        intervalMs: 60_000,
        sample: 20,
        signer: null,
        publicKeys: [signer.verifierKey],
        sinks: [],
      };
      const open = <T>(use: Parameters<typeof withSession<T>>[2]) =>
        withSession(server.target(), { access: 'write', statementTimeoutMs: 0 }, use);
      const client = new pg.Client({ connectionString: server.url() });
      await client.connect();
      await client.query(TABLE);
      await open((session) => ensureDbctlSchema(session, 'dbctl.schema_migrations', 0));
      const quarter = Math.floor(Number(values.rows) / 4);
      let sealing = 0;
      for (const [rows, part] of [
        [quarter, 0],
        [quarter, 1],
        [quarter, 0],
        [Number(values.rows) - 3 * quarter, 1],
      ] as const) {
        await client.query(INSERT, [rows, part]);
        const started = performance.now();
        await open((session) =>
          makeCheckpoint(session, {
            settings,
            signer,
            sinks,
            operator: 'bench',
            clock: () => new Date(),
            signal: new AbortController().signal,
            newEpoch: null,
          }),
        );
        sealing += performance.now() - started;
      }
      await client.query('vacuum analyze public.log');
      await client.end();
      console.log(`${Number(values.rows).toLocaleString('en')} rows in 4 windows of 2 partitions\n`);
      console.log(`checkpoint          ${rate(Number(values.rows), sealing)}`);
      for (const jobs of [1, 2]) {
        const rates: number[] = [];
        let peak = 0;
        for (let round = 0; round < Number(values.rounds); round += 1) {
          const before = process.memoryUsage().rss;
          const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss - before)), 20);
          const started = performance.now();
          const findings = await open((session) =>
            verifyLedger(session, {
              settings,
              sinks,
              extent: { full: true, newest: 0, sample: 0 },
              jobs,
              openSession: open,
              onRows: () => {},
            }),
          );
          rates.push(performance.now() - started);
          clearInterval(watch);
          if (findings.some(({ kind }) => kind !== 'sealed')) throw new Error(JSON.stringify(findings));
        }
        const median = rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)] ?? Number.NaN;
        console.log(
          `verify --full ×${jobs}    ${rate(Number(values.rows), median)}, memory grew by at most ${Math.round(peak / 2 ** 20)} MB`,
        );
      }
    },
  );
  rmSync(folder, { recursive: true, force: true });
}

const rate = (rows: number, ms: number): string =>
  `${Math.round((rows / ms) * 1000)
    .toLocaleString('en')
    .padStart(9)} rows/s`;

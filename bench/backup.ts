import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { silentProgress } from '../src/core/progress.ts';
import { withSession, type Session } from '../src/db/session.ts';
import { withClientEnvironment } from '../src/ops/backup/client-environment.ts';
import { createLogicalBackup } from '../src/ops/backup/create.ts';
import { folderRepository, type Repository } from '../src/ops/backup/repository.ts';
import type { Manifest } from '../src/ops/backup/manifest.ts';
import { createPhysicalBackup } from '../src/ops/backup/physical.ts';
import { programRunner } from '../src/ops/backup/programs.ts';
import { createSignerKey, openSigner } from '../src/ops/signing/signer.ts';
import { requireProgram } from '../src/ops/tools/find.ts';
import { withServer } from '../test/support/server.ts';
import { clientTools } from '../test/support/tools.ts';

const USAGE = `usage: npm run bench -- backup [options]
  --rows N     rows of the table (default 2000000, some 700 MB with its indexes)
  --rounds N   backups of each kind, in turns (default 3)`;

/** `npm run bench -- backup`: dbctl beside the bare programs of PostgreSQL, on the same server and disk, in turns. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '2000000' },
      rounds: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-bench-backup-'));
  const tools = await clientTools();
  const settings = {
    wal_level: 'replica',
    max_wal_senders: '4',
    max_wal_size: '4GB',
    shared_buffers: '512MB',
    synchronous_commit: 'off',
  };
  await withServer({ durable: true, settings }, async (server) => {
    await createSignerKey(join(folder, 'key'), 'bench');
    const signer = await openSigner(
      { name: 'bench', key: { kind: 'file', file: 'key' }, publicKeys: [] },
      { variables: {}, folder },
    );
    const client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(
      `create table log (id uuid primary key default uuidv7(), at timestamptz default now(), actor text, action text, context jsonb)`,
    );
    await client.query(
      `insert into log (actor, action, context) select 'user-' || n % 1000, 'lab.verify', jsonb_build_object('session', md5(n::text), 'agent', repeat('x', 60)) from generate_series(1, $1::int) n`,
      [values.rows],
    );
    await client.query('create index on log (actor)');
    await client.query('vacuum analyze log');
    const { rows } = await client.query<{ mb: number }>('select (pg_database_size(current_database()) / 1000000)::int as mb');
    await client.end();
    const target = server.target();
    const signal = new AbortController().signal;
    const inputs = {
      target,
      signer,
      tools,
      project: 'bench',
      environment: 'dev',
      operator: 'bench',
      dbctl: '0',
      jobs: 2,
      lockWaitMs: 30_000,
      clock: () => new Date(),
      progress: silentProgress,
      signal,
    };
    const [dump, base] = [await requireProgram('pg_dump', tools, 18), await requireProgram('pg_basebackup', tools, 18)];
    const program = (one: typeof dump, given: readonly string[]) =>
      withClientEnvironment(target, { host: '127.0.0.1', port: server.port }, (environment) =>
        programRunner(environment, signal)(one, given, ''),
      );
    const own =
      (make: (session: Session, all: typeof inputs & { repository: Repository }) => Promise<Manifest>) => (into: string) =>
        withSession(target, { access: 'read', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 }, (session) =>
          make(session, { ...inputs, repository: folderRepository('bench', into) }),
        );
    const ways: readonly (readonly [name: string, floor: string | null, act: (into: string) => Promise<unknown>])[] = [
      ['pg_dump -Fd -j2 zstd:1', null, (into) => program(dump, ['-Fd', '-j2', '--compress=zstd:1', '-f', into])],
      ['dbctl, logical', 'pg_dump -Fd -j2 zstd:1', own(createLogicalBackup)],
      ['pg_basebackup -Ft -X fetch', null, (into) => program(base, ['-Ft', '-X', 'fetch', '-c', 'fast', '-D', into])],
      [
        'dbctl, physical, native',
        'pg_basebackup -Ft -X fetch',
        own((session, all) => createPhysicalBackup(session, { ...all, engine: 'native', incremental: null })),
      ],
    ];
    const times = new Map<string, number[]>();
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const [name, , act] of ways) {
        const into = join(folder, 'out');
        const started = performance.now();
        await act(into);
        times.set(name, [...(times.get(name) ?? []), performance.now() - started]);
        rmSync(into, { recursive: true, force: true });
      }
    }
    const median = (name: string) =>
      (times.get(name) ?? []).toSorted((a, b) => a - b)[Math.floor(Number(values.rounds) / 2)] ?? Number.NaN;
    console.log(`${rows[0]?.mb} MB, medians of ${values.rounds}\n`);
    for (const [name, floor] of ways) {
      const ratio = floor === null ? '' : `${(median(name) / median(floor)).toFixed(2)} of it`;
      console.log(
        `${name.padEnd(28)}${(median(name) / 1000).toFixed(1).padStart(7)} s${((rows[0]?.mb ?? 0) / (median(name) / 1000)).toFixed(0).padStart(7)} MB/s   ${ratio}`,
      );
    }
  });
  rmSync(folder, { recursive: true, force: true });
}

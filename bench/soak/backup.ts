import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';

import { withSession, type Session } from '../../src/db/session.ts';
import { fingerprintParts, readFingerprint, type Fingerprint } from '../../src/ops/backup/fingerprint.ts';
import { requireProgram } from '../../src/ops/tools/find.ts';
import { onServer, targetOf } from '../../test/support/connection.ts';
import { withServer, type TestServer } from '../../test/support/server.ts';
import { clientTools } from '../../test/support/tools.ts';
import { fill, startLoad } from './fill.ts';
import { soakProject, type SoakProject } from './project.ts';
import { steps, type Steps } from './steps.ts';

const USAGE = `usage: npm run soak -- backup [options]
  --megabytes N  size of the database, about (default 1000); the disk needs six times as much
  --sessions N   that write during the physical half (default 3)`;

const SETTINGS = {
  wal_level: 'replica',
  max_wal_senders: '6',
  max_wal_size: '4GB',
  shared_buffers: '512MB',
  maintenance_work_mem: '256MB',
};

/** `npm run soak -- backup`: the reference database, filled and guarded and sealed, there and back as a dump and as files, to a point in time under load. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      megabytes: { type: 'string', default: '1000' },
      sessions: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const table = steps();
  await withServer({ durable: true, settings: SETTINGS }, async (server) => {
    await onServer(
      server.url(),
      `create database lab template template0 locale_provider builtin builtin_locale 'C.UTF-8' locale 'C' encoding 'UTF8'`,
    );
    const project = await soakProject(server);
    try {
      await prepare(server, project, Number(values.megabytes), table);
      await logical(server, project, table);
      await physical(server, project, Number(values.sessions), table);
    } finally {
      project.remove();
    }
  });
}

async function prepare(server: TestServer, project: SoakProject, megabytes: number, step: Steps): Promise<void> {
  const size = () => value(server, `select pg_database_size('lab')::text as value`).then(Number);
  await step(
    'migrate',
    () => project.dbctl(['migrate', 'up']),
    () => ({ result: 'reference project' }),
  );
  await step(
    'fill',
    () => fill(server.url('lab'), megabytes).then(size),
    (bytes) => ({ bytes, result: 'partitions, jsonb, bytea, large objects' }),
  );
  await step(
    'guard',
    () => project.dbctl(['immutability', 'install', '--yes']),
    () => ({ result: 'append-only tables' }),
  );
  await step(
    'seal',
    () => project.dbctl(['ledger', 'checkpoint']),
    () => ({ result: 'ledger' }),
  );
}

/** Dump and restore with nobody writing: the two databases then give the same dump, byte for byte. */
async function logical(server: TestServer, project: SoakProject, step: Steps): Promise<void> {
  const made = await step(
    'backup create, logical, encrypted',
    () => project.report(['backup', 'create']),
    () => ({
      bytes: sizeOf(project.repository),
      result: 'sealed',
    }),
  );
  await step(
    'backup verify',
    () => project.report(['backup', 'verify', idOf(made)]),
    () => ({ result: 'every hash' }),
  );
  await onServer(
    server.url(),
    `create database lab_again template template0 locale_provider builtin builtin_locale 'C.UTF-8' locale 'C' encoding 'UTF8'`,
  );
  await step(
    'restore into an empty database',
    () => project.report(['restore', idOf(made), '--env', 'again', '--yes', '--identity', project.identity]),
    ({ items }) => ({
      rows: rowsOf(items.find(({ object }) => object === 'rows')?.message),
      result: `${items.length} comparisons equal`,
    }),
  );
  const [was, is] = await step(
    'pg_dump of both',
    async () => [await dumpHash(server, 'lab'), await dumpHash(server, 'lab_again')] as const,
    ([one, other]) => ({ bytes: one.bytes, result: one.hash === other.hash ? 'the same bytes' : 'DIFFERENT' }),
  );
  if (was.hash !== is.hash) throw new Error('the dump of the restored database is another one');
  const [before, after] = [await states(server.url('lab')), await states(server.url('lab_again'))];
  if (before !== after) throw new Error(`states of triggers differ: ${before} | ${after}`);
  await step(
    'states of triggers',
    async () => before,
    (said) => ({ result: `${said}, the same` }),
  );
  await onServer(server.url(), 'drop database lab_again');
}

/** Base backup, log and a named point while sessions write; a mistake after it; the server as it was at the point, compared in full. */
async function physical(server: TestServer, project: SoakProject, sessions: number, step: Steps): Promise<void> {
  const url = server.url('lab');
  const receiving = new AbortController();
  const receiver = project.dbctl(['wal', 'receive', '--slot', 'soak', '--create-slot'], receiving.signal);
  const load = startLoad(url, sessions);
  const before = sizeOf(project.repository);
  const made = await step(
    'backup create, physical, under load',
    () => project.report(['backup', 'create', '--type', 'physical']),
    () => ({
      bytes: sizeOf(project.repository) - before,
      result: 'sealed, compressed, encrypted',
    }),
  );
  const wanted = await step(
    'a point, and what there is at it',
    () => pointUnderLoad(server),
    ({ tables }) => ({
      rows: rowsIn({ tables }),
      result: `${tables.length} tables, by count and hash`,
    }),
  );
  await onServer(url, 'drop table soak.document');
  const transactions = await load.stop();
  await onServer(url, 'select pg_switch_wal()');
  receiving.abort();
  await receiver;
  await step(
    'wal receive, to the end',
    () => project.dbctl(['wal', 'receive', '--slot', 'soak', '--once']),
    () => ({
      bytes: sizeOf(join(project.repository, '.wal')),
      result: `${transactions} transactions, then a table dropped`,
    }),
  );
  const look = await step(
    'restore to the point',
    () => project.report(['restore', idOf(made), '--into', 'embedded', '--to', 'name:soak', '--identity', project.identity]),
    () => ({ result: 'recovered' }),
  );
  const config = look.summary['config'] as string;
  try {
    const found = (await project.dbctl(['dev', 'url', '--with-password', '--config', config])).trim();
    const there = await step(
      'fingerprint of the restored server',
      () => fingerprintOf(found),
      ({ tables }) => ({
        rows: rowsIn({ tables }),
        result: 'read',
      }),
    );
    const { rows, largeObjects, ledger } = fingerprintParts(wanted, there);
    const differences = [...rows, ...largeObjects, ...ledger];
    if (differences.length > 0) throw new Error(differences.join('\n'));
    await step(
      'compared with the point',
      async () => states(found),
      (said) => ({ result: `no difference; ${said}` }),
    );
  } finally {
    await project.dbctl(['dev', 'down', '--purge', '--yes', '--config', config]);
  }
  await project.dbctl(['wal', 'receive', '--slot', 'soak', '--drop-slot', '--yes']);
}

/**
 * Writers wait for the moment in which the point is written and a snapshot taken; what the snapshot holds is then counted while they go on. A
 * commit that is not in the snapshot is behind the point.
 */
async function pointUnderLoad(server: TestServer): Promise<Fingerprint> {
  const holder = new pg.Client({ connectionString: server.url('lab') });
  await holder.connect();
  try {
    return await withSession(
      server.target('lab'),
      { access: 'read', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 },
      async (session) => {
        await holder.query('begin');
        await holder.query('lock table soak.account, soak.journal, audit.audit_log in share row exclusive mode');
        await session.script('begin isolation level repeatable read, read only');
        await session.rows('select 1 as first');
        await holder.query(`select pg_create_restore_point('soak')`);
        await holder.query('rollback');
        return await counted(session);
      },
    );
  } finally {
    await holder.end();
  }
}

async function counted(session: Session): Promise<Fingerprint> {
  const found = await readFingerprint(session, () => {});
  await session.script('rollback');
  return found;
}

async function fingerprintOf(url: string): Promise<Fingerprint> {
  return withSession(targetOf(url, 'lab'), { access: 'read', statementTimeoutMs: 0 }, async (session) => {
    await session.script('begin isolation level repeatable read, read only');
    return counted(session);
  });
}

/** `enabled 12, ALWAYS 30`. */
async function states(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ said: string }>(
    `select string_agg(format('%s %s', state, count), ', ' order by state) as said
     from (select case tgenabled when 'A' then 'ALWAYS' when 'R' then 'REPLICA' when 'D' then 'disabled' else 'enabled' end as state, count(*)
           from pg_trigger where not tgisinternal group by 1)`,
  );
  await client.end();
  return rows[0]?.said ?? 'no trigger';
}

/** With a fixed restrict key two dumps of equal databases are the same bytes. */
async function dumpHash(server: TestServer, database: string): Promise<{ readonly hash: string; readonly bytes: number }> {
  const { path } = await requireProgram('pg_dump', await clientTools(), 18);
  const env = {
    PGHOST: '127.0.0.1',
    PGPORT: String(server.port),
    PGUSER: 'postgres',
    PGPASSWORD: server.password,
    PGDATABASE: database,
  };
  const dump = spawn(path, ['--restrict-key=fixed'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => dump.on('close', resolve));
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of dump.stdout as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.length;
  }
  if ((await ended) !== 0) throw new Error(`pg_dump of ${database} failed`);
  return { hash: hash.digest('hex'), bytes };
}

async function value(server: TestServer, query: string): Promise<string> {
  const client = new pg.Client({ connectionString: server.url('lab') });
  await client.connect();
  const { rows } = await client.query<{ value: string }>(query);
  await client.end();
  return rows[0]?.value ?? '';
}

const idOf = ({ summary }: { readonly summary: Readonly<Record<string, unknown>> }): string => String(summary['id']);
const rowsIn = ({ tables }: Pick<Fingerprint, 'tables'>): number => tables.reduce((sum, { rows }) => sum + Number(rows), 0);
const rowsOf = (message: string | undefined): number => Number(/^\d+/.exec(message ?? '')?.[0]);

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { withSession } from '../../src/db/session.ts';
import { installGuards } from '../../src/ops/immutability/install.ts';
import { createSignerKey } from '../../src/ops/signing/signer.ts';
import { layCable, type Cable } from './cable.ts';
import { cliReport, type CliReport } from './cli-report.ts';
import { ensureBuilt } from './cli.ts';
import { S3_KEYS, startS3Server, type S3Server } from './s3-server.ts';
import { startServer, type TestServer } from './server.ts';

/** An append-only table with two old partitions and one of today, three logins, and as many databases like it as are asked for. */
export interface ArchivingWorld {
  readonly server: TestServer;
  /** A project on a database of its own. */
  project(name: string, options: ProjectOptions): Promise<ArchivingProject>;
  stop(): Promise<void>;
}

export interface ProjectOptions {
  readonly format: 'csv.gz' | 'parquet';
  readonly place: 'folder' | 's3';
  /** A cable to the server that can be cut. */
  readonly wire?: boolean;
  /** `archive.parquet_writer`; default built-in. */
  readonly writer?: 'duckdb';
  /** Further lines of dbctl.yaml, and keys of the rule. */
  readonly more?: string;
  readonly rule?: string;
  readonly environment?: string;
}

export type Login = 'archiver' | 'checker' | 'superuser';

export interface ArchivingProject {
  readonly folder: string;
  /** Where archives lie: a folder, or the work folder of the bucket. */
  readonly cold: string;
  readonly s3: S3Server | null;
  /** Between the logins and the server, where it was asked for. */
  readonly cable: Cable | null;
  readonly client: pg.Client;
  another(): Promise<pg.Client>;
  rows<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  dbctl(login: Login, ...args: readonly string[]): Promise<CliReport>;
  start(login: Login, ...args: readonly string[]): ChildProcess;
  /** Hot rows and the sum of their hashes. */
  hot(): Promise<Figures>;
  end(): Promise<void>;
}

export interface Figures {
  readonly rows: number;
  readonly hash: bigint;
}

/** Rows of an old partition. */
export const OLD_ROWS = 3_000;

const TABLE = /* sql */ `
create schema app;
create table app.log (
  id bigint generated always as identity,
  at timestamptz not null,
  actor text,
  detail jsonb,
  amount numeric,
  recorded_xid xid8 not null default pg_current_xact_id(),
  primary key (id, at)
) partition by range (at);
create table app.log_2024_01 partition of app.log for values from ('2024-01-01Z') to ('2024-02-01Z');
create table app.log_2024_02 partition of app.log for values from ('2024-02-01Z') to ('2024-03-01Z');
create table app.log_now partition of app.log for values from ('2026-01-01Z') to ('2036-01-01Z');
insert into app.log (at, actor, detail, amount)
select m + n * interval '10 minutes', 'actor ' || md5(n::text), jsonb_build_object('n', n, 'text', repeat(md5(n::text), 3)), n * 1.10
from unnest(array['2024-01-01Z'::timestamptz, '2024-02-01Z']) m, generate_series(1, ${OLD_ROWS}) n;
insert into app.log (at, actor) select now(), 'now' from generate_series(1, 10);
analyze app.log;`;

const LOGINS = /* sql */ `
create role lab_archiver login password 'x';
create role lab_checker login password 'x';`;

const RIGHTS = /* sql */ `
grant dbctl_auditor to lab_archiver, lab_checker;
grant usage on schema app to lab_archiver, lab_checker;
grant select on all tables in schema app to lab_archiver, lab_checker;
grant insert on table dbctl.run to lab_archiver;`;

export async function startArchiving(): Promise<ArchivingWorld> {
  await ensureBuilt();
  const server = await startServer();
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-archiving-'));
  await createSignerKey(join(folder, 'key.pem'), 'lab');
  await onServer(server, 'postgres', `create database world;${LOGINS}`);
  await onServer(server, 'world', TABLE);
  await withSession(server.target('world'), { access: 'write' }, (session) =>
    installGuards(session, {
      owner: 'dbctl_protected',
      runbook: 'runbooks/immutability-violation.md',
      partitionCreators: [],
      unlockers: [],
      archivers: ['lab_archiver'],
      archiveVerifiers: ['lab_checker'],
      tables: [{ schema: 'app', name: 'log', generated: ['id', 'recorded_xid'], accept: [], probe: null }],
    }),
  );
  await onServer(server, 'world', RIGHTS);
  const projects: ArchivingProject[] = [];
  return {
    server,
    project: async (name, options) => {
      const made = await makeProject(server, folder, name, options);
      projects.push(made);
      return made;
    },
    stop: async () => {
      await Promise.all(projects.map((one) => one.end()));
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function onServer(server: TestServer, database: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url(database) });
  await client.connect();
  try {
    for (const statement of sql.split(/;\s*(?=create database|create role)/)) await client.query(statement);
  } finally {
    await client.end();
  }
}

const PROGRAM = fileURLToPath(new URL('../../bin/dbctl.js', import.meta.url));

async function makeProject(
  server: TestServer,
  base: string,
  name: string,
  { format, place, writer, wire = false, more = '', rule = '', environment = 'dev' }: ProjectOptions,
): Promise<ArchivingProject> {
  const database = name.replaceAll(/[^a-z0-9]+/g, '_');
  await onServer(server, 'postgres', `create database ${database} template world`);
  const folder = join(base, database);
  mkdirSync(folder);
  const cable = wire ? await layCable(Number(new URL(server.url()).port)) : null;
  const s3 = place === 's3' ? await startS3Server({ versions: true, locks: true }) : null;
  writeFileSync(
    join(folder, 'dbctl.yaml'),
    `version: 1
project: lab
environments: { dev: { url: { variable: URL_ } }, prod: { url: { variable: URL_ }, protected: true } }
immutability: { tables: [{ table: app.log, generated: [id, recorded_xid] }], archivers: [lab_archiver], archive_verifiers: [lab_checker] }
archive: { ${writer === undefined ? '' : `parquet_writer: ${writer}, `}destinations: [${s3 === null ? '{ name: cold, type: folder, path: cold }' : bucketText(s3)}] }
backup: { signer: { name: lab, key: { file: ../key.pem } } }
retention:
  rules:
    - { name: log, table: app.log, keep: 13 months, then: archive, as: ${format}, basis: the law${rule} }
${more}`,
  );
  const client = new pg.Client({ connectionString: server.url(database) });
  await client.connect();
  const others: pg.Client[] = [client];
  const environmentOf = (login: Login) => ({
    URL_: urlOf(server.url(database), login, cable?.port),
    S3_ID: S3_KEYS.id,
    S3_KEY: S3_KEYS.key,
  });
  const rows = async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
    (await client.query<Row>(sql, [...values])).rows;
  return {
    folder,
    cold: s3 === null ? join(folder, 'cold') : join(folder, '.dbctl', 'cold'),
    s3,
    cable,
    client,
    rows,
    another: async () => {
      const made = new pg.Client({ connectionString: server.url(database) });
      await made.connect();
      others.push(made);
      return made;
    },
    dbctl: (login, ...args) => cliReport([...args, '--env', environment], { cwd: folder, env: environmentOf(login) }),
    start: (login, ...args) =>
      spawn(process.execPath, [PROGRAM, ...args, '--env', environment], {
        cwd: folder,
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environmentOf(login) },
        stdio: 'ignore',
      }),
    hot: async () => {
      const [row] = await rows<{ rows: string; hash: string }>(
        `select count(*)::text as rows, coalesce(sum(${HASH}), 0)::text as hash from app.log t`,
      );
      return { rows: Number(row?.rows), hash: BigInt(row?.hash ?? 0) };
    },
    end: async () => {
      await Promise.all(others.map((one) => one.end().catch(() => {})));
      await Promise.all([s3?.stop(), cable?.stop()]);
    },
  };
}

/** As the manifest of an archive has it. */
export const HASH = `hashtextextended((row(id, at, actor, detail, amount, recorded_xid))::text collate "C", 0)`;

function urlOf(superuser: string, login: Login, port?: number): string {
  const url = new URL(superuser);
  if (port !== undefined) url.port = String(port);
  if (login !== 'superuser') Object.assign(url, { username: `lab_${login}`, password: 'x' });
  return url.href;
}

const bucketText = ({ endpoint }: S3Server): string =>
  `{ name: cold, type: s3, bucket: lab, region: ${S3_KEYS.region}, endpoint: "${endpoint}", prefix: cold/, credentials: { id: { variable: S3_ID }, secret: { variable: S3_KEY } } }`;

/** Waits until something is so; fails after a minute, saying what was waited for. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, everyMs = 5): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`${what} did not come about in a minute`);
    await sleep(everyMs);
  }
}

/** Files of a folder, at any depth, with their sizes. */
export const filesIn = (folder: string): Map<string, number> =>
  new Map(
    !existsSync(folder)
      ? []
      : readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
          const path = join(entry.parentPath, entry.name);
          // One that is being written is renamed between any two looks.
          const found = entry.isFile() ? statSync(path, { throwIfNoEntry: false }) : undefined;
          return found === undefined ? [] : [[path.slice(folder.length + 1), found.size] as const];
        }),
  );

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import pg from 'pg';
import { runCli } from '../../../src/cli/run.ts';
import type { Report } from '../../../src/core/report.ts';
import { withSession } from '../../../src/db/session.ts';
import { ensureDbctlSchema } from '../../../src/ops/schema/dbctl-schema.ts';
import { startServer, type TestServer } from '../../support/server.ts';

/** How a run of the program in this process ended. */
export interface End {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server of its own with schema dbctl in database postgres, and a project folder. */
export interface CostBench {
  readonly server: TestServer;
  readonly client: pg.Client;
  /** dbctl.yaml but for its first lines. */
  configure(rest: string): void;
  /** The whole program, in process, as a superuser or as the role; 80 columns wide. */
  dbctl(args: readonly string[], options?: { readonly as?: string; readonly database?: string }): Promise<End>;
  report(
    args: readonly string[],
    options?: { readonly as?: string; readonly database?: string },
  ): Promise<Report & { readonly status: number }>;
}

export function costBench(prepare: string): CostBench {
  let server: TestServer;
  let client: pg.Client;
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-cost-'));
  beforeAll(async () => {
    server = await startServer();
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await withSession(server.target(), { access: 'write' }, (session) =>
      ensureDbctlSchema(session, 'dbctl.schema_migrations', 0),
    );
    await client.query(prepare);
  }, 120_000);
  afterAll(async () => {
    await client.end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const bench: CostBench = {
    get server() {
      return server;
    },
    get client() {
      return client;
    },
    configure: (rest) =>
      writeFileSync(
        join(folder, 'dbctl.yaml'),
        `version: 1\nproject: cost-test\nenvironments: { dev: { url: { variable: URL_ } } }\n${rest}`,
      ),
    dbctl: async (args, { as, database } = {}) => {
      const url = new URL(server.url(database));
      if (as !== undefined) [url.username, url.password] = [as, 'x1'];
      const said = { stdout: '', stderr: '' };
      const status = await runCli({
        argv: [...args],
        stdin: {},
        stdout: { write: (text) => (said.stdout += text), columns: 80 },
        stderr: { write: (text) => (said.stderr += text) },
        variables: { URL_: url.href, COLUMNS: '80' },
        cwd: folder,
        home: folder,
        user: 'tester',
        clock: () => new Date(),
        signal: new AbortController().signal,
      });
      return { status, ...said };
    },
    report: async (args, options) => {
      const { status, stdout, stderr } = await bench.dbctl([...args, '--format', 'json'], options);
      if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
      return { ...(JSON.parse(stdout) as Report), status };
    },
  };
  return bench;
}

export interface SegmentValues {
  readonly table: string;
  readonly partition: string;
  readonly bound?: string;
  readonly hotBytes: number;
  readonly coldBytes: number;
  readonly exportedAt: string;
  readonly removedAt?: string;
  readonly destination?: string;
}

/** The records of a copy, as the governed functions leave them. */
export async function addCopy(client: pg.Client, name: string, copy: SegmentValues): Promise<void> {
  await client.query(
    `insert into dbctl.archive_segment (segment, relation, table_name, partition_name, bound, rows, rows_hash, hashed_by, hot_bytes, cold_bytes,
       format, uri, manifest_sha256, retain_until, detail, exported_at)
     values ($1, 1, $2, $3, $4, 10, '1', 'record', $5, $6, 'csv.gz', 'folder:/x', repeat('0', 64), '2033-01-01Z', $7, $8)`,
    [
      `segment-${name}`,
      copy.table,
      copy.partition,
      copy.bound ?? 'DEFAULT',
      copy.hotBytes,
      copy.coldBytes,
      JSON.stringify(copy.destination === undefined ? {} : { destination: copy.destination }),
      copy.exportedAt,
    ],
  );
  if (copy.removedAt === undefined) return;
  await client.query(`insert into dbctl.archive_event (segment, kind, at) values ($1, 'removed', $2)`, [
    `segment-${name}`,
    copy.removedAt,
  ]);
}

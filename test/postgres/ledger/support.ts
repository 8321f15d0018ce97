import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { withSession, type Session } from '../../../src/db/session.ts';
import { makeCheckpoint, type CheckpointInputs, type CheckpointOutcome } from '../../../src/ops/ledger/checkpoint.ts';
import type { Finding } from '../../../src/ops/ledger/finding.ts';
import type { LedgerSettings } from '../../../src/ops/ledger/settings.ts';
import { createSignerKey, openSigner, type Signer } from '../../../src/ops/signing/signer.ts';
import { openSinks, type Sink } from '../../../src/ops/ledger/sink.ts';
import type { Extent } from '../../../src/ops/ledger/verify-content.ts';
import { verifyLedger } from '../../../src/ops/ledger/verify.ts';
import { ensureDbctlSchema } from '../../../src/ops/schema/dbctl-schema.ts';
import type { ConnectionTarget } from '../../../src/runtime/connection/target.ts';
import { databaseUrl, onServer } from '../../support/connection.ts';
import { startServer, type ServerOptions, type TestServer } from '../../support/server.ts';

const silentLog = { error() {}, warn() {}, info() {}, debug() {} };

export const FULL: Extent = { full: true, newest: 0, sample: 0 };

/** A database with a ledger over `public.log`, a key, and two folders as sinks. */
export interface LedgerBench {
  /** A server of its own: an open transaction of any database of a server holds the horizon back. */
  readonly server: TestServer;
  readonly client: pg.Client;
  readonly folder: string;
  settings(changes?: Partial<LedgerSettings>): LedgerSettings;
  signer(): Signer;
  sinks(): readonly Sink[];
  rows<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  session<T>(use: (session: Session) => Promise<T>, target?: ConnectionTarget): Promise<T>;
  checkpoint(changes?: Partial<CheckpointInputs>, target?: ConnectionTarget): Promise<CheckpointOutcome>;
  verify(extent?: Extent, target?: ConnectionTarget, changes?: Partial<LedgerSettings>): Promise<Finding[]>;
  connect(): Promise<pg.Client>;
  /** Runs a statement in a database of the server on a connection of its own, then makes a checkpoint there. */
  checkpointIn(database: string, sql: string): Promise<CheckpointOutcome>;
}

export const LOG = /* sql */ `
create table public.log (
  id uuid not null default uuidv7(),
  at timestamptz not null default now(),
  what text not null,
  context jsonb not null default '{}',
  recorded_xid xid8 not null default pg_current_xact_id(),
  primary key (id, at)
) partition by range (at);
create index log_recorded_xid_idx on public.log (recorded_xid);
create table public.log_old partition of public.log for values from (minvalue) to ('2026-01-01');
create table public.log_new partition of public.log for values from ('2026-01-01') to (maxvalue);`;

export function ledgerBench(prepare = LOG, options: ServerOptions = {}): LedgerBench {
  let server: TestServer;
  let client: pg.Client;
  let signer: Signer;
  let sinks: readonly Sink[];
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-ledger-'));
  const others: pg.Client[] = [];
  const connect = async () => {
    const one = new pg.Client({ connectionString: server.url(), statement_timeout: 60_000 });
    one.on('error', () => {});
    await one.connect();
    others.push(one);
    return one;
  };
  beforeAll(async () => {
    server = await startServer(options);
    client = await connect();
    await client.query(prepare);
    await bench.session((session) => ensureDbctlSchema(session, 'dbctl.schema_migrations', 0));
    await createSignerKey(join(folder, 'key.pem'), 'test-ledger');
    const key = { kind: 'file', file: 'key.pem' } as const;
    signer = await openSigner({ name: 'test-ledger', key, publicKeys: [] }, { variables: {}, folder });
    sinks = await openSinks(bench.settings().sinks, { folder, log: silentLog, clock: () => new Date(), variables: process.env });
  });
  afterAll(async () => {
    await Promise.all(others.map((one) => one.end().catch(() => {})));
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const bench: LedgerBench = {
    get server() {
      return server;
    },
    get client() {
      return client;
    },
    folder,
    settings: (changes = {}) => ({
      tables: [{ schema: 'public', name: 'log' }],
      xidColumn: 'recorded_xid',
      intervalMs: 60_000,
      sample: 20,
      signer: null,
      publicKeys: signer === undefined ? [] : [signer.verifierKey],
      sinks: ['one', 'two'].map((name) => ({ name, type: 'folder' as const, path: join(folder, name) })),
      ...changes,
    }),
    signer: () => signer,
    sinks: () => sinks,
    rows: async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
      (await client.query<Row>(sql, [...values])).rows,
    session: (use, target = server.target()) => withSession(target, { access: 'write', statementTimeoutMs: 0 }, use),
    checkpoint: (changes = {}, target = server.target()) =>
      bench.session(
        (session) =>
          makeCheckpoint(session, {
            settings: bench.settings(),
            signer,
            sinks,
            operator: 'test@here',
            clock: () => new Date(),
            signal: new AbortController().signal,
            newEpoch: null,
            ...changes,
          }),
        target,
      ),
    verify: (extent = FULL, target = server.target(), changes = {}) =>
      bench.session(
        (session) =>
          verifyLedger(session, {
            settings: bench.settings(changes),
            sinks,
            extent,
            jobs: 2,
            openSession: (use) => withSession(target, { access: 'read', statementTimeoutMs: 0 }, use),
            onRows: () => {},
          }),
        target,
      ),
    connect,
    checkpointIn: async (database, sql) => {
      await onServer(databaseUrl(server.url(), database), sql);
      return bench.checkpoint({}, server.target(database));
    },
  };
  return bench;
}

/** What verify says, without what is as it should be: `kind object: message`. */
export const complaints = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ kind }) => !['sealed', 'pending'].includes(kind))
    .map(({ kind, object, message }) => `${kind} ${object}: ${message}`);

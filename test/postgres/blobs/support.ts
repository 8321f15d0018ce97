import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { withSession, type Session } from '../../../src/db/session.ts';
import { silentProgress } from '../../../src/core/progress.ts';
import { folderRepository, type Repository } from '../../../src/ops/backup/repository.ts';
import { runBlobRule, type BlobOutcome, type BlobPlaces } from '../../../src/ops/blobs/run.ts';
import type { BlobRule } from '../../../src/ops/retention/settings.ts';
import { ensureDbctlSchema } from '../../../src/ops/schema/dbctl-schema.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { folderPlace, RULE, SESSION } from './rule.ts';

/** One table of proofs, a folder blobs are in, a folder they go to. */
export interface Lab {
  readonly folder: string;
  readonly hot: string;
  readonly cold: string;
  readonly url: string;
  readonly rule: BlobRule;
  readonly places: BlobPlaces;
  session<T>(use: (session: Session) => Promise<T>, user?: string): Promise<T>;
  rows<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  run(changes?: {
    readonly rule?: Partial<BlobRule>;
    readonly places?: Partial<BlobPlaces>;
    readonly user?: string;
    readonly signal?: AbortSignal;
  }): Promise<BlobOutcome>;
  /** A blob and its proof, `age` days old; returns its hash. */
  proof(
    name: string,
    options?: {
      readonly age?: number;
      readonly content?: string | Buffer;
      readonly location?: string;
      readonly proved?: string | Buffer;
      readonly file?: boolean;
    },
  ): Promise<string>;
  /** `kind location`, in order. */
  events(): Promise<string[]>;
  hotNames(): string[];
  coldNames(): string[];
}

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

const files = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile() && !one.parentPath.includes('.blobs'))
        .map((one) => join(one.parentPath, one.name).slice(folder.length + 1))
        .toSorted()
    : [];

const TABLE = `create table public.proof (
  id uuid primary key default uuidv7(), location text, sha256 text, size_bytes bigint, created_at timestamptz not null default now());
create index on public.proof (sha256); create index on public.proof (created_at, id);`;

/** A server of its own, shared by the labs of one file. */
export function blobServer(): () => Promise<Lab> {
  let server: TestServer;
  const base = mkdtempSync(join(tmpdir(), 'dbctl-blobs-'));
  beforeAll(async () => {
    server = await startServer();
    await admin((session) => session.script('create database lab_template'));
    await withSession(server.target('lab_template'), SESSION, async (session) => {
      await session.script(TABLE);
      await ensureDbctlSchema(session, 'dbctl.schema_migrations', 0);
    });
  }, 120_000);
  const admin = <T>(use: (session: Session) => Promise<T>) => withSession(server.target(), SESSION, use);
  afterAll(async () => {
    await server.stop();
    rmSync(base, { recursive: true, force: true });
  });
  return async () => {
    const database = `lab_${randomBytes(4).toString('hex')}`;
    await admin((session) => session.script(`create database ${database} template lab_template`));
    const lab = labOf(server, database, join(base, database));
    mkdirSync(lab.hot, { recursive: true });
    return lab;
  };
}

function labOf(server: Pick<TestServer, 'target' | 'url'>, database: string, folder: string): Lab {
  const [hot, cold] = [join(folder, 'hot'), join(folder, 'cold')];
  const destination: Repository = folderRepository('cold', cold);
  const lab: Lab = {
    folder,
    hot,
    cold,
    url: server.url(database),
    rule: RULE,
    places: { hot: [folderPlace('artifacts', hot)], destination, destinationAddress: { kind: 'folder', root: cold } },
    session: (use, user) => {
      const target = server.target(database);
      return withSession(user === undefined ? target : { ...target, user, password: () => Promise.resolve('x') }, SESSION, use);
    },
    rows: (sql, values) => lab.session((session) => session.rows(sql, values)),
    run: ({ rule, places, user, signal } = {}) =>
      lab.session(
        (session) =>
          runBlobRule(
            session,
            { ...lab.rule, ...rule },
            { ...lab.places, ...places },
            {
              progress: silentProgress,
              signal: signal ?? new AbortController().signal,
              deadline: null,
            },
          ),
        user,
      ),
    proof: async (name, { age = 200, content = `content of ${name}`, location, proved = content, file = true } = {}) => {
      if (file) {
        mkdirSync(dirname(join(hot, name)), { recursive: true });
        writeFileSync(join(hot, name), content, { mode: 0o640 });
      }
      await lab.rows(
        `insert into public.proof (location, sha256, size_bytes, created_at) values ($1, $2, $3, now() - $4 * interval '1 day')`,
        [location ?? `file://${join(hot, name)}`, sha256(proved), Buffer.byteLength(proved), age],
      );
      return sha256(proved);
    },
    events: async () =>
      (await lab.rows<{ event: string }>(`select concat_ws(' ', kind, location) as event from dbctl.blob_event order by id`)).map(
        ({ event }) => event.replace(`file://${hot}/`, ''),
      ),
    hotNames: () => files(hot),
    coldNames: () => files(cold),
  };
  return lab;
}

/** What lies in cold storage under a hash. */
export const coldContent = (lab: Lab, hash: string): Buffer =>
  readFileSync(join(lab.cold, 'blobs', hash.slice(0, 2), hash.slice(2)));

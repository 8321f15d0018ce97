// As a person types it: plan, run, hold, verify, restore.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { ensureBuilt } from '../../support/cli.ts';
import { startServer, type TestServer } from '../../support/server.ts';

let server: TestServer;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-blobs-cli-'));
const dbctl = (...args: readonly string[]): Promise<CliReport> =>
  cliReport(args, { cwd: folder, env: { DATABASE_URL: server.url(), PATH: process.env['PATH'] } });
const sql = (script: string) => withSession(server.target(), { access: 'write' }, (session) => session.script(script));
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

beforeAll(async () => {
  [server] = await Promise.all([startServer(), ensureBuilt()]);
  mkdirSync(join(folder, 'artifacts'));
  writeFileSync(
    join(folder, 'dbctl.yaml'),
    `version: 1
project: blobs
environments: { dev: { url: { variable: DATABASE_URL } } }
archive: { destinations: [{ name: cold, type: folder, path: cold }] }
retention:
  rules:
    - name: proofs
      table: public.proof
      keep: 180 days
      by: at
      then: move-blobs
      columns: { bytes: bytes }
      from: [{ name: artifacts, type: folder, path: artifacts }]
      basis: a test
`,
  );
  await sql('create table proof (id int primary key, location text, sha256 text, bytes bigint, at timestamptz)');
  for (const [id, name] of ['a', 'b', 'gone'].entries()) {
    if (name !== 'gone') writeFileSync(join(folder, 'artifacts', name), `content of ${name}`);
    await sql(
      `insert into proof values (${id + 1}, '${name}', '${hash(`content of ${name}`)}', ${11 + name.length}, '2020-01-01')`,
    );
  }
}, 120_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('from the plan to the restore, with a hold in the way', async () => {
  const planned = await dbctl('retention', 'plan');
  expect([planned.status, planned.error?.message]).toEqual([1, undefined]);
  expect(planned.items[0]).toMatchObject({
    message: 'schema dbctl is older than this dbctl and has no place for the record',
    fix: '-- dbctl immutability install',
  });
  await dbctl('retention', 'hold', 'public.proof', '--subject', 'id=2', '--reason', 'the court asked for it');
  const ready = await dbctl('retention', 'plan');
  expect(ready.items).toMatchObject([
    { object: 'proofs', then: 'move-blobs', rows: 2, held: 1, missing: 1, outside: 0 },
    {
      id: 'missing',
      severity: 'high',
      message: expect.stringMatching(/^1 blob is not where its row says; the first: \S+artifacts\/gone is not there/) as string,
    },
    { id: 'no-index', message: 'no index finds its oldest rows: every batch reads the table and sorts' },
    {
      id: 'no-index',
      message: 'no index finds rows by their hash: every blob that goes reads the whole table',
      fix: 'create index concurrently "proof_sha256_idx" on "public"."proof" ("sha256");',
    },
    { id: 'held', message: 'holds 1 keep 1 blob' },
  ]);
  const run = await dbctl('retention', 'run', '--yes');
  expect(run.status).toBe(1);
  expect(run.items).toMatchObject([
    {
      message: '1 blob moved (12 B): 1 blob is not what the rows say, and was left alone',
      moved: 1,
      left: 1,
      held: 1,
      shown: [{ kind: 'missing', rowKey: '{"id": 3}' }],
    },
  ]);
  expect((await dbctl('retention', 'status')).items).toMatchObject([{ status: 'fail', rows: 1, held: 1 }]);
  const verified = await dbctl('retention', 'verify', '--blobs');
  expect([verified.status, verified.items[0]?.message]).toEqual([0, '1 of 1 copies are what was proved']);
  const dry = await dbctl('retention', 'restore', '--blob', '1', '--dry-run');
  expect(dry.items).toMatchObject([{ object: 'a', message: expect.stringMatching(/^would come from file:/) as string }]);
  expect((await dbctl('retention', 'restore', '--blob', '1', '--to', 'back')).status).toBe(0);
  expect(readFileSync(join(folder, 'back'), 'utf8')).toBe('content of a');
  const back = await dbctl('retention', 'restore', '--blob', hash('content of a'));
  expect(back.items).toMatchObject([{ object: join(folder, 'artifacts', 'a'), outcome: 'restored' }]);
  writeFileSync(join(folder, 'cold', 'blobs', hash('content of a').slice(0, 2), hash('content of a').slice(2)), 'content of x');
  const damaged = await dbctl('retention', 'verify', '--blobs');
  expect([damaged.status, damaged.items[0]?.message, damaged.items[1]?.severity]).toEqual([
    1,
    '1 of 1 copies that were read, of 1, are not what was proved',
    'critical',
  ]);
}, 60_000);

describe('what does not go together is said', () => {
  it.each<[readonly string[], number, string]>([
    [['verify', '--blobs', '--compare'], 2, '--compare and --blobs do not go together'],
    [['verify', '--rule', 'proofs'], 2, '--rule is for --blobs'],
    [['verify', '--blobs', '--rule', 'proof'], 2, 'there is no retention rule proof, did you mean proofs'],
    [['restore', '--to', 'x'], 2, '--to is for --blob'],
    [['restore'], 2, 'say what is to come back: the id of an archive, or --blob'],
    [['restore', '--blob', '1', '--into', 'x.y'], 2, '--into and --blob do not go together'],
    [['restore', '--blob', '1', '--to', 'nowhere/x'], 2, '--to: there is no folder '],
    [['restore', '--blob', '99'], 5, 'no row of public.proof has the hash or the primary key 99'],
  ])('%j', async (args, status, message) => {
    const { status: ended, error } = await dbctl('retention', ...args);
    expect([ended, error?.message]).toEqual([status, expect.stringContaining(message) as string]);
  });
});

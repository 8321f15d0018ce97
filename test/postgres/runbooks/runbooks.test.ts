import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli, type CliEnd } from '../../support/cli.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { sqlBlocks, type SqlBlock } from './sql-blocks.ts';

/**
 * Every SQL block of the documents that people follow at three in the morning, run in order on the reference project, by the roles the
 * documents name. The server logs to files, for the patterns.
 */
const root = fileURLToPath(new URL('../../..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'dbctl-runbooks-'));
const ROLES = ['ann', 'bob', 'auditor', 'app', 'ledger'] as const;
const clients = new Map<string, pg.Client>();
let server: TestServer;

const dbctl = (...args: readonly string[]): Promise<CliEnd> =>
  runCli([...args, '--env', 'ci'], { cwd: project, env: { DATABASE_URL: server.url('lab') } });
async function report(...args: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await dbctl(...args, '--format', 'json');
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return JSON.parse(stdout) as Report;
}

beforeAll(async () => {
  server = await startServer({
    settings: {
      logging_collector: 'on',
      log_destination: 'stderr,jsonlog,csvlog',
      log_directory: 'log',
      log_filename: 'server.log',
    },
  });
  const admin = new pg.Client({ connectionString: server.url() });
  await admin.connect();
  await admin.query(
    `create database lab template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'`,
  );
  await admin.query(`create role ann login superuser password 'x1'; create role bob login superuser password 'x1';
    create role auditor login password 'x1'; create role app login password 'x1'; create role ledger login password 'x1';
    create role lab_app login password 'x1'`);
  await admin.end();
  cpSync(join(root, 'migrations'), join(project, 'migrations'), { recursive: true });
  const yaml = readFileSync(join(root, 'dbctl.yaml'), 'utf8');
  writeFileSync(join(project, 'dbctl.yaml'), yaml.replace(/^ {2}owner: dbctl_protected$/m, '$&\n  unlockers: [ann, bob]'));
  expect((await dbctl('migrate', 'up')).status).toBe(0);
  expect((await dbctl('ledger', 'key', '.dbctl/ledger.key')).status).toBe(0);
  for (const role of ['dba', ...ROLES]) {
    const url = new URL(server.url('lab'));
    if (role !== 'dba') [url.username, url.password] = [role, 'x1'];
    const client = new pg.Client({ connectionString: url.href, application_name: role });
    client.on('error', () => {});
    await client.connect();
    clients.set(role, client);
  }
  await as('dba')
    .query(`grant dbctl_auditor to auditor; grant dbctl_ledger to ledger; grant usage on schema audit to app, auditor;
    grant select on audit.audit_log, audit.${partition()} to app, auditor;
    grant insert (actor_type, actor_id, action, entity_type, entity_id, metadata) on audit.audit_log to app`);
  await as('app').query(`insert into audit.audit_log (actor_type, actor_id, action, entity_type)
    select 'user', 'u' || n, case n when 3 then 'lab.publish' else 'lab.open' end, 'content.labs' from generate_series(1, 5) n`);
  expect((await dbctl('ledger', 'checkpoint')).status).toBe(0);
});
afterAll(async () => {
  await Promise.all([...clients.values()].map((client) => client.end().catch(() => {})));
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

const as = (role: string): pg.Client => {
  const client = clients.get(role);
  if (client === undefined) throw new Error(`nobody is called ${role}`);
  return client;
};

/** Documents name the month they were written in; the partitions that are there are those around today. */
const month = (ahead: number): string => {
  const now = new Date();
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
  return `y${first.getUTCFullYear()}m${String(first.getUTCMonth() + 1).padStart(2, '0')}`;
};
const partition = () => `audit_log_${month(0)}`;

const saved = new Map<string, string>();

async function runBlock({ sql, as: role, expect: code, save, unlock }: SqlBlock): Promise<void> {
  if (unlock !== undefined) {
    const { rows } = await as('ann').query<{ id: string }>(`select dbctl.request_unlock($1, 'as the document says') as id`, [
      unlock,
    ]);
    saved.set('REQUEST', rows[0]?.id ?? '');
    await as('bob').query('select dbctl.approve_unlock($1)', [saved.get('REQUEST')]);
  }
  let text = sql.replaceAll('y2026m11', month(0));
  for (const [name, value] of saved) text = text.replaceAll(name, value);
  const ended = await as(role)
    .query<Record<string, unknown>>(text)
    .then(
      (result) => result,
      async (thrown: unknown) => {
        await as(role).query('rollback');
        return (thrown as { code?: string; message: string }).code === code ? undefined : Promise.reject(thrown);
      },
    );
  if (code !== undefined) return expect(ended, `refused with ${code}`).toBeUndefined();
  const last = Array.isArray(ended) ? (ended as pg.QueryResult<Record<string, unknown>>[]).at(-1) : ended;
  if (save !== undefined) saved.set(save, String(Object.values(last?.rows[0] ?? {})[0]));
  for (const row of last?.rows ?? []) for (const value of Object.values(row)) expect(value).not.toBe(false);
}

describe.each([
  'docs/immutability.md',
  'runbooks/emergency-unlock.md',
  'runbooks/audit-correction.md',
  'runbooks/immutability-violation.md',
  'runbooks/ledger-mismatch.md',
])('%s', (file) => {
  it.each(
    sqlBlocks(file).map(
      (block) => [`line ${block.line}, ${block.as}${block.expect === undefined ? '' : `: ${block.expect}`}`, block] as const,
    ),
  )('%s', async (_name, block) => runBlock(block));
});

describe('afterwards', () => {
  it('the tables are guarded, and the ledger names the row that was taken out and nothing else', async () => {
    const status = await report('immutability', 'status');
    expect(
      status.items.filter((item) => item.id === 'drift' || item.status === 'fail').map(({ id, object }) => `${id} ${object}`),
    ).toEqual([]);
    const verified = await report('ledger', 'verify', '--full');
    const bad = verified.items.filter(({ id }) => id === 'tampered');
    expect(bad.map(({ object, message }) => `${object}: ${message.replace(/\(.*\)/, '()')}`)).toEqual([
      `audit.${partition()}: window 0 of checkpoint 1 (): 1 rows are missing`,
    ]);
  });

  it('the log patterns find every attempt, with the user of the session', async () => {
    const text = readFileSync(join(root, 'docs/immutability.md'), 'utf8');
    const patterns = [...text.matchAll(/^grep -hE '(.*)' log\/\*\.(\w+)$/gm)].map(
      ([, pattern = '', kind = '']) => [pattern, kind] as const,
    );
    expect(patterns.map(([, kind]) => kind)).toEqual(['json', 'csv', 'log']);
    for (const [pattern, kind] of patterns) {
      const found = execFileSync('sh', ['-c', `grep -hE '${pattern}' "$1"/log/*.${kind}`, 'sh', server.data], {
        encoding: 'utf8',
      });
      expect(found, kind).toMatch(/dbctl violation: UPDATE on audit\.audit_log/);
      if (kind !== 'log') expect(found, kind).toContain('session user postgres');
    }
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { sqlBlocks } from '../runbooks/sql-blocks.ts';

/** Every SQL block of the runbooks of verify, in order, on a server in the state they are written for. */
let server: TestServer;
let client: pg.Client;
const project = mkdtempSync(join(tmpdir(), 'dbctl-verify-runbooks-'));

beforeAll(async () => {
  server = await startServer();
  await onServer(server.url(), `create database lab template template0 locale_provider icu icu_locale 'en-US' locale 'C'`);
  await onServer(
    server.url('lab'),
    `create collation public.german (provider = icu, locale = 'de-DE')`,
    'create table public.person (id int primary key, name text, city text collate public.german)',
    'create index person_name on public.person (name)',
    'create unique index person_city on public.person (city)',
    `insert into public.person select n, 'name ' || n, 'city ' || n from generate_series(1, 1000) n`,
  );
  client = new pg.Client({ connectionString: server.url('lab') });
  await client.connect();
  writeFileSync(
    join(project, 'dbctl.yaml'),
    'version: 1\nproject: lab\nenvironments:\n  prod: { url: { variable: DATABASE_URL } }\n',
  );
});
afterAll(async () => {
  await client.end();
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

const blocks = (file: string) => sqlBlocks(file).map((block) => [`line ${block.line}`, block.sql] as const);
const text = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

/** The findings of the first `dbctl verify` line of the runbook. */
async function findings(file: string): Promise<string[]> {
  const [, line = ''] = /^dbctl (verify --env prod .*)$/m.exec(text(file)) ?? [];
  const { stdout } = await runCli([...line.split(' '), '--format', 'json'], {
    cwd: project,
    env: { DATABASE_URL: server.url('lab') },
  });
  const { items } = JSON.parse(stdout) as Report;
  return items.filter(({ status }) => status !== 'pass').map(({ id, object, status }) => `${status} ${id} ${object}`);
}

describe('runbooks/collation-mismatch.md', () => {
  const file = 'runbooks/collation-mismatch.md';
  // The versions are what another machine would have recorded, and the duplicate what an index of another order lets in.
  beforeAll(async () => {
    await onServer(
      server.url('lab'),
      `update pg_database set datcollversion = '150.1' where datname = 'lab'`,
      `update pg_collation set collversion = '150.1' where collname = 'german'`,
      `update pg_index set indisunique = false where indexrelid = 'public.person_city'::regclass`,
    );
    await onServer(server.url('lab'), `insert into public.person values (2001, 'x', 'city 7')`);
    await onServer(server.url('lab'), `update pg_index set indisunique = true where indexrelid = 'public.person_city'::regclass`);
  });

  it('begins with what verify finds', async () => {
    expect(await findings(file)).toEqual([
      'fail loc-collation-version public.german',
      'fail loc-db-version lab',
      'fail loc-affected-indexes public.person_city',
      'fail loc-affected-indexes public.person_name',
    ]);
  });

  it('quotes the error of a unique index that let duplicates in, and its index is left behind', async () => {
    const refused = (await client
      .query('reindex index concurrently public.person_city')
      .catch((thrown: unknown) => thrown)) as Error;
    expect(text(file)).toContain(`ERROR:  ${refused.message}`);
  });

  it.each(blocks(file))('%s', async (_name, sql) => {
    const answer = (await client.query(sql)) as pg.QueryResult | pg.QueryResult[];
    const last = Array.isArray(answer) ? answer.at(-1) : answer;
    if (sql.includes('having count(*) > 1')) expect(last?.rows).toEqual([{ city: 'city 7', rows: '2', ids: [7, 2001] }]);
  });

  it('ends with nothing to find', async () => {
    expect(await findings(file)).toEqual([]);
    expect((await client.query('select 1 from pg_index where not indisvalid')).rowCount).toBe(0);
  });
});

describe('runbooks/wraparound-near.md', () => {
  const file = 'runbooks/wraparound-near.md';

  it.each(blocks(file))('%s', async (_name, sql) => void (await client.query(sql)));

  it('begins with checks that look', async () => {
    expect((await findings(file)).filter((line) => !line.startsWith('fail '))).toEqual([]);
  });

  it('counts in numbers that hold the age of a database at its end', async () => {
    const [, percent = ''] = /(round\(100 \* age\(d\.datfrozenxid\).*?, 1\)) as percent/.exec(text(file)) ?? [];
    const { rows } = await client.query<{ percent: string }>(
      `select ${percent.replace('age(d.datfrozenxid)', '2144600000::int4')} as percent`,
    );
    expect(rows).toEqual([{ percent: '99.9' }]);
  });
});

describe('runbooks/certificate-expiring.md', () => {
  const file = 'runbooks/certificate-expiring.md';
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-certificates-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const make = (name: string, days: number) =>
    execFileSync(
      'openssl',
      [
        'req -x509 -newkey rsa:2048 -nodes -subj /CN=db.example.com -addext subjectAltName=DNS:db.example.com',
        `-keyout ${name}.key -out ${name}.crt -days ${days}`,
      ].flatMap((options) => options.split(' ')),
      { cwd: folder, stdio: 'ignore' },
    );
  const put = async (key: string, certificate: string) => {
    await server.give(join(server.data, 'server.key'), readFileSync(join(folder, `${key}.key`)));
    await server.give(join(server.data, 'server.crt'), readFileSync(join(folder, `${certificate}.crt`)));
  };
  /** The document's own line, asked of this server. */
  const shown = (): string => {
    const lines = [...text(file).matchAll(/^openssl s_client .* -noout -enddate$/gm)].map(([line]) => line);
    return execFileSync('sh', ['-c', (lines[0] ?? 'false').replace('db.example.com:5432', `127.0.0.1:${server.port}`)], {
      encoding: 'utf8',
    });
  };
  const endOf = (name: string) =>
    execFileSync('openssl', ['x509', '-in', `${name}.crt`, '-noout', '-enddate'], { cwd: folder, encoding: 'utf8' });
  const reloaded = async (isSo: () => boolean) => {
    await client.query('select pg_reload_conf()');
    for (let tries = 0; !isSo() && tries < 100; tries += 1) await client.query('select pg_sleep(0.05)');
    expect(isSo()).toBe(true);
  };
  const log = () => readFileSync(server.log, 'utf8');

  it.each(blocks(file))('%s', async (_name, sql) => void (await client.query(sql)));

  it('brings a new certificate by a reload, and goes on with it when the next pair is wrong, as it quotes', async () => {
    make('old', 9);
    make('new', 365);
    await put('old', 'old');
    await client.query('alter system set ssl = on');
    await reloaded(() => attempt(shown) === endOf('old'));
    await put('new', 'new');
    await reloaded(() => shown() === endOf('new'));
    await put('old', 'new');
    await reloaded(() => log().includes('SSL configuration was not reloaded'));
    const [, quoted = 'nothing'] = /LOG: {2}(could not load private key file .*)$/m.exec(text(file)) ?? [];
    expect(log()).toContain(quoted);
    expect(shown()).toBe(endOf('new'));
  });
});

/** What it gives; undefined while it fails. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

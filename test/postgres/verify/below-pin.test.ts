import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, stopCluster } from '../../../src/ops/dev/cluster.ts';
import { cachedPrograms } from '../../../src/ops/tools/cache-folder.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';
import { sqlBlocks } from '../runbooks/sql-blocks.ts';

/** runbooks/server-below-pin.md, typed: a server of the pin becomes Debian's newer one in the middle, on the same files. */
const FILE = 'runbooks/server-below-pin.md';

/** Every line of its shell blocks, and the status it ends with here; before one of them, what a person does by hand. */
const TYPED: readonly (readonly [line: string, status: number | 'elsewhere', before?: () => Promise<void>])[] = [
  ['dbctl pin show', 0],
  ['dbctl verify --env prod --group version', 1],
  ['dbctl pin bump 18.6 --dry-run', 0, closeDoor],
  ['dbctl pin bump 18.6', 0],
  ['dbctl backup create --env prod', 0],
  ['dbctl backup verify', 0],
  ['dbctl verify --env prod --only bak-fresh,bak-restore-tested,version-cluster-drift', 1],
  ['dbctl verify --env prod --only version-pin,version-cluster-drift,version-restart-pending', 0, update],
  // test/postgres/tools has it, and takes half a minute.
  ['dbctl tools install', 'elsewhere'],
  ['dbctl tools status', 0],
  ['dbctl verify --env prod --only version-client-tools', 0],
  ['dbctl verify --env prod --only version-post-upgrade,ext-update-pending', 1],
  ['dbctl verify --env prod', 0, rebuild],
  ['dbctl backup drill', 0],
  ['dbctl backup create --env prod', 0, makeEmpty],
  ['dbctl restore --env staging --of prod', 0],
  ['dbctl verify --env staging --group version', 0],
];

let server: TestServer;
let project: string;
let programs: { binFolder: string; account: TestServer['account'] };

beforeAll(async () => {
  server = await startServer();
  programs = { binFolder: cachedPrograms((await clientTools()).cache, 18).bin, account: server.account };
  await onServer(server.url(), 'create database lab template template0');
  await onServer(
    server.url('lab'),
    'create extension ltree',
    'create table public.paths (path ltree)',
    'create index paths_idx on public.paths using gist (path)',
  );
  project = await mkdtemp(join(tmpdir(), 'dbctl-below-pin-'));
  await mkdir(join(project, 'repo'), { mode: 0o700 });
  await writeFile(join(project, 'Dockerfile'), 'FROM postgres:18.2\n');
  await writeFile(join(project, 'dbctl.yaml'), CONFIG);
  await dbctl('dbctl ledger key signer.key');
}, 240_000);
afterAll(async () => {
  await stopCluster(programs, server.data).catch(() => {});
  await server.stop();
  await rm(project, { recursive: true, force: true });
});

const CONFIG = `version: 1
project: lab
postgres: { version: "18.2", pinned_in: [Dockerfile] }
environments:
  dev: { url: { variable: STAGING_URL } }
  staging: { url: { variable: STAGING_URL } }
  prod: { url: { variable: PROD_URL }, protected: true }
backup:
  repositories: [{ name: main, type: folder, path: repo }]
  signer: { name: lab, key: { file: signer.key } }
verify: { groups: [version] }
`;

const dbctl = (line: string) =>
  runCli([...line.split(' ').slice(1), '--yes'], {
    cwd: project,
    env: { PROD_URL: server.url('lab'), STAGING_URL: server.url('lab_again') },
  });

async function closeDoor(): Promise<void> {
  for (const { sql } of sqlBlocks(FILE)) await onServer(server.url('lab'), sql);
}

async function update(): Promise<void> {
  expect(await readFile(join(project, 'Dockerfile'), 'utf8')).toBe('FROM postgres:18.6\n');
  await server.halt();
  const { port, socket, data, log } = server;
  expect(await startCluster(programs, data, { port, socket }, log)).toMatchObject({ status: 0 });
}

async function rebuild(): Promise<void> {
  await onServer(server.url('lab'), 'reindex index concurrently public.paths_idx');
  const done = 'verify: { groups: [version], done_after_update: [index public.paths_idx on 18.6] }';
  const config = await readFile(join(project, 'dbctl.yaml'), 'utf8');
  await writeFile(join(project, 'dbctl.yaml'), config.replace(/^verify: .*$/m, done));
}

async function makeEmpty(): Promise<void> {
  const text = await readFile(FILE, 'utf8');
  await onServer(server.url(), /`(create database [^`]*)`/.exec(text)?.[1] ?? '');
  await onServer(server.url('lab'), /`(grant execute [^`]*)`/.exec(text)?.[1] ?? '');
}

it('does what it says, line by line', { timeout: 240_000 }, async () => {
  const blocks = [...(await readFile(FILE, 'utf8')).matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
  expect(blocks.flatMap(([, lines = '']) => lines.trim().split('\n'))).toEqual(TYPED.map(([line]) => line));
  for (const [line, status, before] of TYPED) {
    await before?.();
    if (status === 'elsewhere') continue;
    const end = await dbctl(line);
    expect({ line, status: end.status, said: end.status === status ? '' : end.stdout + end.stderr }).toEqual({
      line,
      status,
      said: '',
    });
  }
});

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import type { DrillReport } from '../../../src/ops/drill/report.ts';
import { requireProgram } from '../../../src/ops/tools/find.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { foreignTools } from '../../support/foreign-tools.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** Backups the real pgBackRest and the real Barman made, restored by them and looked at by dbctl. Without Debian's archive there are none. */
const tools = await foreignTools();
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-foreign-'));
let configs: { readonly pgbackrest: string; readonly barman: string };

async function dbctl(...args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
    cwd: project,
    env: { PATH: process.env['PATH'] },
    timeoutMs: 120_000,
  });
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Report), status };
}
const FROM = {
  pgbackrest: () => ['--from', 'pgbackrest', '--stanza', 'main', '--from-config', configs.pgbackrest],
  barman: () => ['--from', 'barman', '--server', 'main', '--from-config', configs.barman],
} as const;
const drill = (kind: 'pgbackrest' | 'barman') =>
  dbctl('backup', 'drill', ...FROM[kind](), '--from-program', tools?.[kind] ?? '', '--from-role', 'postgres');
const lines = ({ items }: Report) =>
  items.map(({ step, outcome, message }) => `${step as string} ${outcome as string}: ${message}`);

/** As the account of the server, whom the repositories belong to. */
function run(file: string, ...args: readonly string[]): string {
  const { account } = server;
  const as = account === undefined ? {} : { uid: account.uid, gid: account.gid };
  const { status, stdout, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    cwd: '/',
    ...as,
    env: { PATH: process.env['PATH'] },
  });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** Without `must` its status is not looked at. */
function barman(must: boolean, ...args: readonly string[]): void {
  try {
    run(tools?.barman ?? '', '-c', configs.barman, ...args);
  } catch (thrown) {
    if (must) throw thrown;
  }
}

const expectRows = (rows: number) =>
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: foreign
environments: { dev: { url: { variable: SOURCE_URL } } }
dev: { database: bank }
backup:
  repositories: [{ name: reports, type: folder, path: reports }]
  signer: { name: foreign, key: { file: key.pem } }
  drill: { rto: 10min, assertions: [{ name: rows, sql: select count(*) from public.entry, expect: "${rows}" }] }
`,
  );

async function archived(): Promise<void> {
  const name = await onServerValue('select pg_walfile_name(pg_switch_wal()) as value');
  for (let waited = 0; waited < 300; waited += 1) {
    if ((await onServerValue(`select (last_archived_wal >= '${name}')::text as value from pg_stat_archiver`)) === 'true') return;
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error(`${name} was not archived`);
}
async function onServerValue(query: string): Promise<string> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: server.url('bank') });
  await client.connect();
  const { rows } = await client.query<{ value: string }>(query);
  await client.end();
  return rows[0]?.value ?? '';
}
const insert = (from: number, to: number) =>
  onServer(server.url('bank'), `insert into public.entry select n, md5(n::text) from generate_series(${from}, ${to}) n`);

beforeAll(async () => {
  if (tools === null) return;
  const places = await clientTools();
  server = await startServer({
    auth: 'trust',
    settings: {
      wal_level: 'replica',
      max_wal_senders: '4',
      archive_mode: 'on',
      archive_command: 'sh ../pgbackrest-and-barman.sh "%p" "%f"',
      // A library a server from npm has; one it has not would stop this one, too.
      shared_preload_libraries: 'pg_stat_statements',
    },
    prepare: async (made) => {
      for (const name of ['repo', 'barman', 'tablespace']) await made.giveFolder(name);
    },
  });
  const at = (name: string) => join(server.folder, name);
  const { port, socket, data, account } = server;
  configs = { pgbackrest: at('pgbackrest.conf'), barman: at('barman.conf') };
  const { path: basebackup } = await requireProgram('pg_basebackup', places, 18);
  writeFileSync(
    configs.pgbackrest,
    `[global]\nrepo1-path=${at('repo')}\nlog-level-file=off\nlock-path=${at('repo')}/lock\nstart-fast=y\njob-retry=0\nrepo1-retention-full=2\n[main]\npg1-path=${data}\npg1-port=${port}\npg1-socket-path=${socket}\n`,
  );
  const conninfo = `host=127.0.0.1 port=${port} user=postgres`;
  writeFileSync(
    configs.barman,
    `[barman]\nbarman_user = ${account?.name ?? process.env['USER'] ?? 'postgres'}\nbarman_home = ${at('barman')}\nlog_file = ${at('barman')}/barman.log\npath_prefix = "${join(basebackup, '..')}"\nconfiguration_files_directory = ${at('barman.d')}\n[main]\ndescription = main\nconninfo = ${conninfo} dbname=postgres\nstreaming_conninfo = ${conninfo}\nbackup_method = postgres\narchiver = on\nimmediate_checkpoint = true\n`,
  );
  // One server, two archives: each tool gets every segment.
  writeFileSync(
    at('pgbackrest-and-barman.sh'),
    `set -e\n${tools.pgbackrest} --config=${configs.pgbackrest} --stanza=main archive-push "$1"\ncp "$1" "${at('barman')}/main/incoming/$2"\n`,
  );
  for (const file of [...Object.values(configs), at('pgbackrest-and-barman.sh')]) chmodSync(file, 0o644);
  // Before the first segment is full. Barman makes its folders, and says that nothing has come yet.
  run(tools.pgbackrest, `--config=${configs.pgbackrest}`, '--stanza=main', 'stanza-create');
  barman(false, 'check', 'main');
  await onServer(server.url(), 'create database bank');
  await onServer(
    server.url('bank'),
    `create tablespace elsewhere location '${at('tablespace')}'`,
    'create table public.entry (id int primary key, note text) tablespace elsewhere',
  );
  await insert(1, 1000);
  await archived();
  barman(true, 'archive-wal', 'main');
  run(tools.pgbackrest, `--config=${configs.pgbackrest}`, '--stanza=main', '--type=full', 'backup');
  barman(true, 'backup', '--wait', 'main');
  for (let part = 1; part <= 3; part += 1) {
    await insert(part * 1000 + 1, part * 1000 + 1000);
    await archived();
  }
  barman(true, 'archive-wal', 'main');
  expectRows(4000);
  expect((await dbctl('ledger', 'key', 'key.pem', '--name', 'foreign')).status).toBe(0);
}, 300_000);
afterAll(async () => {
  if (tools !== null) await server.stop();
  rmSync(project, { recursive: true, force: true });
});

/** Every file below a folder whose name says so, the oldest name first. */
const find = (folder: string, name: RegExp): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => name.test(path))
    .toSorted()
    .map((path) => join(folder, path));

describe.skipIf(tools === null)('a backup of another tool', () => {
  it.each(['pgbackrest', 'barman'] as const)(
    'made by %s is restored, replayed to the end of its archive, and looked at',
    async (kind) => {
      const drilled = await drill(kind);
      expect(drilled.items.filter(({ status }) => status === 'fail')).toEqual([]);
      expect(lines(drilled)).toEqual([
        expect.stringMatching(new RegExp(`^choose passed: \\S+, the newest ${kind} has of main$`)),
        kind === 'pgbackrest'
          ? expect.stringMatching(/^restore passed: by pgbackrest 2\.\d+\.\d+, which compares every file with the hash it has$/)
          : expect.stringMatching(/^restore passed: by barman 3\.\d+\.\d+; every file as the server sent it$/),
        expect.stringMatching(new RegExp(`^replay passed: recovered to the end of what ${kind} has, last commit of 20`)),
        'open passed: 2 databases: bank, postgres',
        expect.stringMatching(/^compare skipped: /),
        'immutability skipped: dbctl.yaml has no append-only table',
        'ledger skipped: nothing was sealed in the ledger',
        expect.stringMatching(/^verify passed: /),
        'assertion rows passed: it is "4000"',
        'self-test skipped: no table is append-only',
        'amcheck passed: heaps and indexes are whole',
        expect.stringMatching(/^rto passed: /),
      ]);
      expect(drilled).toMatchObject({ status: 0, summary: { answer: 'passed' } });
      const report = JSON.parse(readFileSync(drilled.summary['report'] as string, 'utf8')) as DrillReport;
      expect(report).toMatchObject({ backup: { type: kind, database: 'main' }, choice: { by: 'tool', tool: kind } });
    },
    120_000,
  );

  const SEGMENT = /\/0000000[0-9A-F]{17}(?:-[0-9a-f]{40}\.gz)?$/;
  const repo = () => join(server.folder, 'repo');
  const wals = () => join(server.folder, 'barman', 'main', 'wals');
  const base = () => join(server.folder, 'barman', 'main', 'base');
  const flip = (path: string) => {
    const bytes = readFileSync(path);
    const place = Math.floor(bytes.length / 2);
    bytes[place] = (bytes[place] ?? 0) ^ 0xff;
    writeFileSync(path, bytes);
  };
  const biggest = (paths: readonly string[]) =>
    paths.toSorted((a, b) => readFileSync(b).length - readFileSync(a).length)[0] ?? '';

  it.each<[string, 'pgbackrest' | 'barman', () => string | undefined, (path: string) => void, string, RegExp]>([
    [
      'a segment is missing',
      'pgbackrest',
      () => find(join(repo(), 'archive'), SEGMENT).at(-2),
      unlinkSync,
      'replay',
      /^the replay ended at \S+, and the archive goes on to [0-9A-F]{24}: there is a gap, or a segment is broken$/,
    ],
    [
      'a segment is broken',
      'pgbackrest',
      () => find(join(repo(), 'archive'), SEGMENT).at(-2),
      flip,
      'replay',
      /^the server ended: FATAL: {2}could not restore file "[0-9A-F]{24}" from archive: child process exited with exit code 255$/,
    ],
    [
      'a file is broken',
      'pgbackrest',
      () => biggest(find(join(repo(), 'backup', 'main'), /pg_data\/base\/.*gz$/)),
      flip,
      'restore',
      /^pgbackrest: ERROR: /,
    ],
    [
      'a segment is missing',
      'barman',
      () => find(wals(), SEGMENT).at(-2),
      unlinkSync,
      'restore',
      /^barman: ERROR: Failure copying WAL files: /,
    ],
    [
      'a segment is cut',
      'barman',
      () => find(wals(), SEGMENT).at(-2),
      (path) => truncateSync(path, 8192 * 3),
      'replay',
      /^the replay ended at \S+, and the archive goes on to [0-9A-F]{24}: there is a gap, or a segment is broken$/,
    ],
    [
      'a file is broken',
      'barman',
      () => biggest(find(base(), /\/data\/base\/\d+\/\d+$/)),
      flip,
      'restore',
      /^pg_verifybackup: checksum mismatch for file "base\/\d+\/\d+"$/,
    ],
    [
      'a file is missing',
      'barman',
      () => biggest(find(base(), /\/data\/base\/\d+\/\d+$/)),
      unlinkSync,
      'restore',
      /^pg_verifybackup: "base\/\d+\/\d+" is present in the manifest but not on disk$/,
    ],
  ])(
    'is not passed where %s (%s)',
    async (_name, kind, pick, harm, step, said) => {
      const path = pick() ?? '';
      const kept = readFileSync(path);
      harm(path);
      const drilled = await drill(kind);
      writeFileSync(path, kept, { mode: 0o644 });
      if (server.account !== undefined) spawnSync('chown', [String(server.account.uid), path]);
      const bad = drilled.items.find(({ status }) => status === 'fail');
      expect(drilled.status).toBe(1);
      expect(bad).toMatchObject({ id: step, message: expect.stringMatching(said) as string });
    },
    120_000,
  );

  it.each<[readonly string[], string, RegExp]>([
    [['--from', 'pgbackrest'], 'usage', /^--from pgbackrest needs --stanza$/],
    [['--from', 'barman', '--stanza', 'main'], 'usage', /^--from barman has no --stanza$/],
    [['--from', 'barman', '--server', '../main'], 'usage', /^--server takes a name, not \.\.\/main$/],
    [['--stanza', 'main'], 'usage', /^--stanza needs --from$/],
    [
      ['--from', 'pgbackrest', '--stanza', 'main', '--from-program', '/nowhere/x'],
      'backup.failed',
      /^\/nowhere\/x cannot be run: ENOENT$/,
    ],
    [
      ['--from', 'pgbackrest', '--stanza', 'main', '--from-program', '/no where'],
      'usage',
      /^\/no where has characters a server cannot be told$/,
    ],
    [
      ['--from', 'pgbackrest', '--stanza', 'other', '--from-program', 'PGBACKREST', '--from-config', 'CONFIG'],
      'backup.failed',
      /^pgbackrest has no backup of other: missing stanza path$/,
    ],
    [
      ['--from', 'barman', '--server', 'other', '--from-program', 'BARMAN', '--from-config', 'CONFIG'],
      'backup.failed',
      /^barman: .*Unknown server 'other'/,
    ],
  ])('cannot be drilled with %j', async (args, code, said) => {
    const kind = args.includes('barman') ? 'barman' : 'pgbackrest';
    const words: Record<string, string> = {
      PGBACKREST: tools?.pgbackrest ?? '',
      BARMAN: tools?.barman ?? '',
      CONFIG: configs[kind],
    };
    const refused = await dbctl('backup', 'drill', ...args.map((word) => words[word] ?? word));
    expect(refused.error).toMatchObject({ code, message: expect.stringMatching(said) as string });
  });
});

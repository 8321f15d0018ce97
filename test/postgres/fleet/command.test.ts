import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { databaseUrl, onServer } from '../../support/connection.ts';
import { runCli, type CliEnd, type CliOptions } from '../../support/cli.ts';
import { withSession } from '../../../src/db/session.ts';
import { targetOf } from '../../support/connection.ts';
import { withSilentServer } from '../../support/silent-server.ts';
import { checkText, PLANTED } from './planted.ts';
import { dropDatabases, fleetProject, inventory, makeDatabases, standingOut, type FleetProject } from './support.ts';

const [one, two] = [`fleet_${process.pid}_one`, `fleet_${process.pid}_two`];
let project: FleetProject;
let env: Record<string, string>;
beforeAll(async () => {
  await makeDatabases([one, two]);
  await onServer(databaseUrl(inject('databaseUrl'), two), 'create table planted ()');
  project = await fleetProject();
  await project.write('checks/planted.sql', checkText('planted', PLANTED));
  await project.write(
    'roles.yaml',
    'version: 1\nowner: shop_owner\nschemas: [public]\nroles:\n  shop_owner: { purpose: owns everything there is }\n',
  );
  env = { URL: inject('databaseUrl'), DEV_URL: databaseUrl(inject('databaseUrl'), one) };
});
afterAll(async () => {
  await project.remove();
  await dropDatabases([one, two]);
});

const dbctl = (args: readonly string[], options: CliOptions = {}): Promise<CliEnd> =>
  runCli([...args, '--targets', 'targets.yaml'], { cwd: project.folder, env, ...options });
const both = [
  { name: 'one', database: one, labels: { region: 'eu' } },
  { name: 'two', url: { variable: 'URL' }, database: two, labels: { region: 'us' } },
];
const unset = { name: 'unset', url: { variable: 'NOWHERE_URL' } };
const write = (targets: readonly object[]) => project.write('targets.yaml', inventory(targets));

describe('--targets', () => {
  it.each<[string, readonly string[], string, string]>([
    [
      'a command that changes',
      ['migrate', 'up'],
      'dbctl migrate up changes: --targets is for commands that only read',
      'Run it on one environment at a time',
    ],
    [
      'one that destroys',
      ['retention', 'run'],
      'dbctl retention run destroys: --targets is for commands that only read',
      'Run it on one environment at a time',
    ],
    [
      'one that asks no database',
      ['config', 'show'],
      'dbctl config show does not take --targets',
      'Commands that take it: migrate status, migrate plan, verify,',
    ],
    [
      'options that ask none',
      ['verify', '--list'],
      'dbctl verify asks no database with these options: --targets has no meaning for it',
      'Run it without --targets.',
    ],
    [
      'a file of one database',
      ['verify', '--save', 'one.snapshot'],
      '--save is about one database, and --targets names many',
      'Run it without --targets.',
    ],
    [
      'a report of one database',
      ['verify', '--baseline', 'one.json'],
      '--baseline is about one database, and --targets names many',
      'Run it without --targets.',
    ],
    [
      'options that are wrong for all',
      ['verify', '--only', 'planed'],
      '--only: no check "planed", did you mean "planted"?',
      'Run dbctl verify --list',
    ],
    [
      'a label nobody has',
      ['verify', '--label', 'region=ue'],
      'no target of targets.yaml has region=ue, did you mean eu',
      'Values of region are eu, us.',
    ],
    [
      'a label key nobody has',
      ['verify', '--label', 'regoin=eu'],
      'no target of targets.yaml has the label regoin, did you mean region',
      'Labels are region.',
    ],
    [
      'labels nobody has together',
      ['verify', '--label', 'region=eu', '--label', 'only=x'],
      'no target of targets.yaml has the label only',
      'Labels are region.',
    ],
    [
      'a word that is no label',
      ['verify', '--label', 'region'],
      `option '--label <key=value>' argument 'region' is invalid. a label is written key=value, not "region"`,
      'Run dbctl verify --help.',
    ],
    [
      'too many at a time',
      ['verify', '--parallel', '65'],
      `option '--parallel <n>' argument '65' is invalid. a whole number from 1 to 64, not 65`,
      'Run dbctl verify --help.',
    ],
    [
      'a time without a unit',
      ['verify', '--target-timeout', '5'],
      `option '--target-timeout <duration>' argument '5' is invalid. expected a duration such as 500ms, 2s, 5min, 1h or 1d: a number alone has no unit, write 5s or 5000ms`,
      'Run dbctl verify --help.',
    ],
  ])('refuses %s', async (_, args, message, hint) => {
    await write(both);
    const { status, stdout } = await dbctl([...args, '--format', 'json']);
    const { error, items } = JSON.parse(stdout) as Report;
    expect({ status, code: error?.code, message: error?.message, items }).toEqual({
      status: 2,
      code: 'usage',
      message,
      items: [],
    });
    expect(error?.hint).toContain(hint);
  });

  it('is meant by who gives its options', async () => {
    const { status, stderr } = await runCli(['verify', '--parallel', '4'], { cwd: project.folder, env });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('--parallel is about many databases, and --targets names none'),
    });
  });

  it.each<[string, readonly object[], number]>([
    ['all as wanted', both.slice(0, 1), 0],
    ['a finding', both, 1],
    ['a target whose variable is not set, and a finding: the greatest', [...both, unset], 2],
    ['a server that is not there besides', [unset, { name: 'far', url: { variable: 'FAR_URL' } }, ...both], 3],
  ])('ends with the status of %s', async (_, targets, status) => {
    await write(targets);
    const end = await dbctl(['verify', '--format', 'json'], {
      env: { ...env, FAR_URL: 'postgresql://postgres@127.0.0.1:1/app' },
    });
    expect(end.status).toBe(status);
  });

  it('runs audits, migrations and the others as well', async () => {
    await write(both);
    for (const command of [
      ['roles', 'audit'],
      ['migrate', 'status'],
      ['immutability', 'status'],
    ]) {
      const { stdout } = await dbctl([...command, '--format', 'json']);
      const report = JSON.parse(stdout) as Report;
      expect(report.summary, command.join(' ')).toMatchObject({ targets: 2 });
      expect(new Set(report.items.map(({ target }) => target)).size, `${command.join(' ')}: ${stdout}`).toBeGreaterThan(0);
    }
  });

  it('is in every format, with the target', async () => {
    await write([...both, unset]);
    const formats = ['ndjson', 'junit', 'sarif', 'github', 'tap', 'markdown', 'prometheus'];
    const { stdout } = await dbctl(['verify', ...formats.flatMap((format) => ['--out', `${format}=out.${format}`])]);
    const texts = Object.fromEntries(
      await Promise.all(
        formats.map(async (format) => [format, await readFile(join(project.folder, `out.${format}`), 'utf8')] as const),
      ),
    ) as Record<string, string>;
    expect(stdout).toMatch(/two +\S+ +127\.0\.0\.1:\d+ +18\.2 +not ok +1 +0 +0 +0\n/);
    expect(texts['ndjson']?.trim().split('\n')).toHaveLength(4);
    expect(texts['junit']).toContain('<testsuite name="dbctl.verify.two" tests="1" failures="1"');
    expect(texts['junit']).toContain('classname="dbctl.verify.unset"');
    const [run] = (JSON.parse(texts['sarif'] ?? '') as { runs: Sarif[] }).runs;
    expect(run?.automationDetails.id).toBe('dbctl/verify/targets.yaml/');
    expect(run?.results.map(({ ruleId, properties }) => [ruleId, properties.target])).toEqual([
      ['planted', 'two'],
      ['target-seen', 'unset'],
    ]);
    expect(texts['github']).toContain('::error title=planted%3A two%3A public.planted::');
    expect(texts['github']).toContain('::warning file=targets.yaml,line=5,col=13,title=target-seen%3A unset::');
    expect(texts['tap']).toContain('not ok 3 - planted two: public.planted');
    expect(texts['markdown']).toContain('two: public.planted');
    expect(texts['prometheus']).toContain('dbctl_target_exit_code{target="unset",env="dev"} 2');
  });

  it('tells of each target by its name where something is told', async () => {
    const notices = join(project.folder, 'notices.jsonl');
    const told = await fleetProject();
    const command = JSON.stringify(['/bin/sh', '-c', `cat >> ${notices}; echo >> ${notices}`]);
    const env_ = `environments: { dev: { url: { variable: DEV_URL } } }`;
    await told.write(
      'dbctl.yaml',
      `version: 1\nproject: shop\n${env_}\nretention: { notify: [{ on: [passed, failed], command: ${command} }] }\n`,
    );
    await told.write('targets.yaml', inventory(both));
    await dbctl(['retention', 'status'], { cwd: told.folder });
    const texts = (await readFile(notices, 'utf8')).split('\n').filter((line) => line !== '');
    expect(texts.map((line) => (JSON.parse(line) as { environment: string }).environment).toSorted()).toEqual([
      'dev/one',
      'dev/two',
    ]);
    await told.remove();
  });

  it('gives the same finding on two targets two fingerprints', async () => {
    await write([
      { name: 'first', url: { variable: 'URL' }, database: two },
      { name: 'second', url: { variable: 'URL' }, database: two },
    ]);
    const { stdout } = await dbctl(['verify', '--format', 'sarif']);
    const [run] = (JSON.parse(stdout) as { runs: Sarif[] }).runs;
    expect(new Set(run?.results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash)).size).toBe(2);
  });
});

interface Sarif {
  readonly automationDetails: { readonly id: string };
  readonly results: readonly {
    readonly ruleId: string;
    readonly properties: { readonly target: string };
    readonly partialFingerprints: { readonly primaryLocationLineHash: string };
  }[];
}

describe('Ctrl-C', () => {
  it('ends every session, and says what was looked at until then', async () => {
    const slow = `select 'x' as object, 'y' as detail, null::jsonb as data from (select pg_catalog.pg_sleep(60)) s where pg_catalog.current_database() = '${two}'`;
    await project.write('checks/slow.sql', checkText('slow', slow));
    await write([
      both[0] ?? {},
      ...Array.from({ length: 4 }, (_, index) => ({ name: `slow-${index}`, url: { variable: 'URL' }, database: two })),
    ]);
    const stop = new AbortController();
    const running = dbctl(['verify', '--format', 'json', '--parallel', '3'], { signal: stop.signal });
    while ((await sessions()) < 3) await sleep(50);
    stop.abort();
    const { status, stdout } = await running;
    const report = JSON.parse(stdout) as Report;
    expect({ status, code: report.error?.code }).toEqual({ status: 130, code: 'interrupted' });
    expect(standingOut(report)).toEqual([0, 1, 2, 3].map((index) => `slow-${index} unknown target-seen slow-${index}`));
    expect(report.items.at(-1)?.message).toBe('stopped by a signal before its turn');
    await expect.poll(sessions, { timeout: 3_000 }).toBe(0);
    await project.write('checks/slow.sql', checkText('slow', PLANTED));
  });

  const sessions = () =>
    withSession(targetOf(inject('databaseUrl'), 'postgres'), { access: 'read' }, async (session) => {
      const [row] = await session.rows<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity where datname = '${two}' and application_name = 'dbctl verify'`,
      );
      return row?.n ?? 0;
    });
});

describe('a target that falls silent after the login', () => {
  it('is left after its time, and the process ends', { timeout: 30_000 }, async () => {
    const { port } = new URL(inject('databaseUrl'));
    await withSilentServer(Number(port), async (server) => {
      const url = new URL(databaseUrl(inject('databaseUrl'), one));
      url.port = String(server.port);
      await project.write(
        'checks/slow.sql',
        checkText('slow', `select 'x' as object, 'y' as detail, null::jsonb as data from (select pg_catalog.pg_sleep(3)) s`),
      );
      await write([{ name: 'hangs', url: { variable: 'HANGS_URL' } }]);
      const running = dbctl(['verify', '--format', 'json', '--target-timeout', '2s'], {
        env: { ...env, HANGS_URL: url.href },
        timeoutMs: 20_000,
      });
      setTimeout(() => server.fallSilent(), 1_000);
      const { status, stdout } = await running;
      expect(status).toBe(3);
      expect(standingOut(JSON.parse(stdout) as Report)).toEqual(['hangs unknown target-seen hangs']);
    });
  });
});

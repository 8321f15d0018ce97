import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { devDown } from '../../../src/ops/dev/down.ts';
import { serverProcesses } from '../../../src/ops/process/process.ts';
import { recordedServers } from '../../../src/ops/dev/recorded.ts';
import { devStatus } from '../../../src/ops/dev/status.ts';
import { devConnection } from '../../../src/ops/dev/target.ts';
import { devUrl } from '../../../src/ops/dev/url.ts';
import { withSession } from '../../../src/db/session.ts';
import { ask, makeProject, upInProcess, type TestProject } from '../../support/dev-project.ts';

const ids = ({ steps }: { steps: readonly { id: string }[] }): readonly string[] => steps.map(({ id }) => id);
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('one project from up to purge', () => {
  let project: TestProject;
  let server: Awaited<ReturnType<TestProject['up']>>['server'];

  beforeAll(async () => {
    project = await makeProject();
    const up = await project.up();
    expect(ids(up)).toEqual(['create', 'start', 'database']);
    server = up.server;
  });
  afterAll(() => project.remove());

  test('it is PostgreSQL at the pin, set as a development server should be', async () => {
    expect(server.version).toBe('18.2');
    const names = [
      'listen_addresses',
      'TimeZone',
      'log_timezone',
      'lc_messages',
      'data_checksums',
      'fsync',
      'full_page_writes',
      'synchronous_commit',
    ];
    const read = `select json_object_agg(name, setting) from pg_settings where name in (${names.map((name) => `'${name}'`).join(', ')})`;
    expect(await ask(server, read)).toEqual({
      listen_addresses: '127.0.0.1',
      TimeZone: 'UTC',
      log_timezone: 'UTC',
      lc_messages: 'C',
      data_checksums: 'on',
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
    });
    const database =
      "select concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, datlocale) from pg_database where datname = 'learning_lab'";
    expect(await ask(server, database)).toBe('UTF8 b C.UTF-8');
    await ask(server, 'create extension pg_stat_statements', 'learning_lab');
    expect(await ask(server, 'select count(*) > 0 from pg_stat_statements', 'learning_lab')).toBe(true);
  });

  test('every way in asks for the password with SCRAM', async () => {
    const methods = 'select array_agg(distinct auth_method order by auth_method) from pg_hba_file_rules';
    expect(await ask(server, methods)).toEqual(['scram-sha-256']);
    await expect(ask({ ...server, password: 'wrong' }, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test.runIf(process.platform === 'linux')(
    'no process of it runs as root, and it belongs to no terminal and not to us',
    async () => {
      const pids = await serverProcesses(server.dataFolder);
      expect(pids).toContain(server.pid);
      // A process may end while one looks; the postmaster and its workers stay.
      const statuses = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined)));
      const users = statuses
        .filter((status) => status !== undefined)
        .map((status) => /^Uid:\s+(\d+)\s+(\d+)/m.exec(status)?.slice(1).join(' '));
      expect(users.length).toBeGreaterThan(5);
      expect(users).not.toContain('0 0');
      const fields = (await readFile(`/proc/${server.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
      const [, parent, , session, terminal] = fields;
      expect({ session, terminal }).toEqual({ session: String(server.pid), terminal: '0' });
      expect(parent).not.toBe(String(process.pid));
    },
  );

  test('files that hold secrets or data are for their owner alone', async () => {
    const state = project.state();
    expect(await modeOf(state.passfile)).toBe('600');
    expect(await modeOf(state.record)).toBe('600');
    expect(await modeOf(state.data)).toBe('700');
    expect(await modeOf(state.logs)).toBe('700');
    expect(await modeOf(state.socket ?? '')).toBe('700');
    const own = process.getuid?.();
    expect((await stat(state.passfile)).uid).toBe(own);
    expect((await stat(state.record)).uid).toBe(own);
    expect(await readFile(state.record, 'utf8')).not.toContain(server.password);
    expect(server.password).toMatch(/^[\w-]{32}$/);
  });

  test('a second up finds it and changes nothing', async () => {
    const again = await project.up();
    expect(ids(again)).toEqual([]);
    expect(again.server).toMatchObject({ pid: server.pid, port: server.port });
  });

  test('eight ups at once find it too', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => project.up()));
    expect(new Set(all.map((up) => up.server.pid))).toEqual(new Set([server.pid]));
    expect(all.flatMap(ids)).toEqual([]);
  });

  test('the environment with `embedded: true` connects to its database', async () => {
    const target = await devConnection(project.environment, project.project);
    const session = await withSession(target, { access: 'read' }, async ({ database, user, port }) => ({ database, user, port }));
    expect(session).toEqual({ database: 'learning_lab', user: 'postgres', port: server.port });
  });

  test('the url holds the password only when asked', async () => {
    const [recorded] = await recordedServers(project.environment, project.project);
    const plain = devUrl(recorded!, 'learning_lab', false);
    expect(plain).toBe(`postgresql://postgres@127.0.0.1:${server.port}/learning_lab?passfile=${project.state().passfile}`);
    expect(await ask(server, 'select 1', 'learning_lab')).toBe(1);
    const url = new URL(devUrl(recorded!, 'learning_lab', true));
    expect([url.password, url.search]).toEqual([server.password, '']);
  });

  test('status tells what it found', async () => {
    const status = await devStatus(project.environment, project.project, 18, project.control);
    expect(status).toMatchObject({
      engine: 'embedded',
      version: '18.2',
      found: { kind: 'running', server: { pid: server.pid } },
    });
    expect(status.databases.map(({ name }) => name)).toEqual(['learning_lab']);
    expect(status.bytes).toBeGreaterThan(20_000_000);
  });

  test('a dry run of down and up does nothing', async () => {
    const steps = await devDown(project.environment, project.project, { major: 18, purge: true, dryRun: true }, project.control);
    expect(steps.map(({ id }) => id)).toEqual(['stop', 'purge']);
    expect(ids(await project.up({ dryRun: true }))).toEqual(['database']);
    expect((await project.up()).server.pid).toBe(server.pid);
  });

  test('down stops it, up brings the same one back on the same port', async () => {
    await ask(server, 'create table kept (id int)', 'learning_lab');
    const steps = await devDown(project.environment, project.project, { major: 18, purge: false }, project.control);
    expect(steps.map(({ id }) => id)).toEqual(['stop']);
    expect(await serverProcesses(server.dataFolder)).toEqual([]);
    expect((await devStatus(project.environment, project.project, 18, project.control)).found).toEqual({
      kind: 'stopped',
      crashed: false,
    });
    await expect(devConnection(project.environment, project.project)).rejects.toMatchObject({
      code: 'db.unreachable',
      message: 'the development server of learning-lab is stopped',
      hint: 'Start it with dbctl dev up.',
    });
    const again = await project.up();
    expect(ids(again)).toEqual(['start']);
    expect(again.server).toMatchObject({
      port: server.port,
      systemIdentifier: server.systemIdentifier,
      password: server.password,
    });
    expect(await ask(again.server, "select to_regclass('kept')::text", 'learning_lab')).toBe('kept');
  });

  test('down twice is no error', async () => {
    const wish = { major: 18, purge: false } as const;
    expect(await devDown(project.environment, project.project, wish, project.control)).toHaveLength(1);
    expect(await devDown(project.environment, project.project, wish, project.control)).toEqual([]);
  });

  test('purge removes every trace, and up starts from nothing', async () => {
    await project.up();
    const steps = await devDown(project.environment, project.project, { major: 18, purge: true }, project.control);
    expect(steps.map(({ id }) => id)).toEqual(['stop', 'purge']);
    await expect(stat(project.state().folder)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(devConnection(project.environment, project.project)).rejects.toMatchObject({
      message: 'project learning-lab has no development server yet',
    });
    const fresh = await project.up();
    expect(ids(fresh)).toEqual(['create', 'start', 'database']);
    expect(fresh.server.systemIdentifier).not.toBe(server.systemIdentifier);
    expect(fresh.server.password).not.toBe(server.password);
  });
});

describe('several servers', () => {
  test('two projects at once, and PostgreSQL 17 beside 18', async () => {
    const projects = await Promise.all([makeProject('one'), makeProject('two')]);
    try {
      const [one, two, older] = await Promise.all([projects[0].up(), projects[1].up(), projects[0].up({ major: 17 })]);
      expect(new Set([one.server.port, two.server.port, older.server.port]).size).toBe(3);
      expect(older.server.version).toBe('17.10');
      expect(await ask(older.server, "select datlocprovider::text from pg_database where datname = 'one'")).toBe('b');
      await devDown(projects[0].environment, projects[0].project, { major: 17, purge: true }, projects[0].control);
      expect(await ask(one.server, 'select 1')).toBe(1);
      expect(await ask(two.server, 'select 1')).toBe(1);
    } finally {
      await Promise.all(projects.map((project) => project.remove()));
    }
  });

  test('eight ups in eight processes make one server', async () => {
    const project = await makeProject();
    try {
      const ends = await Promise.all(Array.from({ length: 8 }, () => upInProcess(project).ended));
      expect(ends.map(({ stderr }) => stderr).join('')).toBe('');
      const outcomes = ends.map(({ stdout }) => JSON.parse(stdout) as { port: number; pid: number; steps: string[] });
      expect(new Set(outcomes.map(({ pid }) => pid)).size).toBe(1);
      expect(outcomes.map(({ steps }) => steps.join(' ')).toSorted()).toEqual([
        ...Array<string>(7).fill(''),
        'create start database',
      ]);
    } finally {
      await project.remove();
    }
  });

  test('the server survives the process that started it', async () => {
    const project = await makeProject();
    try {
      const { stdout } = await upInProcess(project).ended;
      const { pid } = JSON.parse(stdout) as { pid: number };
      expect((await project.up()).server.pid).toBe(pid);
    } finally {
      await project.remove();
    }
  });
});

test.runIf(process.getuid?.() === 0)('an ordinary user runs it without any help', async () => {
  const project = await makeProject();
  try {
    const { chown } = await import('node:fs/promises');
    const nobody = { uid: 65_534, gid: 65_534 };
    for (const path of [project.folder, project.environment.projectFolder]) await chown(path, nobody.uid, nobody.gid);
    const environment = { ...project.environment, uid: nobody.uid };
    const { stdout, stderr } = await upInProcess({ ...project, environment }, { account: nobody }).ended;
    const { pid } = JSON.parse(stdout || stderr) as { pid: number };
    expect((await stat(`/proc/${pid}`)).uid).toBe(nobody.uid);
    expect(await modeOf(join(project.folder, 'state'))).toBe('700');
  } finally {
    await project.remove();
  }
});

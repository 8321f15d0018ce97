import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serverAccount } from '../../../src/ops/process/account.ts';
import { devDown } from '../../../src/ops/dev/down.ts';
import { inspectEmbedded } from '../../../src/ops/dev/inspect-embedded.ts';
import { serverProcesses } from '../../../src/ops/process/process.ts';
import { devUp } from '../../../src/ops/dev/up.ts';
import { ask, makeProject, upInProcess, type TestProject } from '../../support/dev-project.ts';
import { withServer } from '../../support/server.ts';

let project: TestProject;

/** A project of its own for each test of the group, or one for all of them: making a data folder is what takes time. */
function freshProject(each: 'each' | 'all'): void {
  (each === 'each' ? beforeEach : beforeAll)(async () => {
    project = await makeProject();
  });
  (each === 'each' ? afterEach : afterAll)(() => project.remove());
}

const ids = ({ steps }: { steps: readonly { id: string }[] }): readonly string[] => steps.map(({ id }) => id);
const down = (): Promise<unknown> => devDown(project.environment, project.project, { major: 18, purge: false }, project.control);

async function listenOn(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

describe('a server that was killed', () => {
  freshProject('all');

  test('the postmaster alone: up ends the rest and starts again with the data', async () => {
    const { server } = await project.up();
    await ask(server, 'create table kept as select 42 as id', 'learning_lab');
    process.kill(server.pid, 'SIGKILL');
    const again = await project.up();
    expect(again.server.pid).not.toBe(server.pid);
    expect(await ask(again.server, 'select id from kept', 'learning_lab')).toBe(42);
  });

  test('the postmaster alone, with a session that computes on: it is ended, not waited for', async () => {
    const { server } = await project.up();
    const busy = new pg.Client({ ...server, user: 'postgres', database: 'postgres' });
    busy.on('error', () => {});
    await busy.connect();
    const query = busy.query('select count(*) from generate_series(1, 100000000000)').catch((thrown: Error) => thrown);
    await sleep(200);
    process.kill(server.pid, 'SIGKILL');
    await sleep(500);
    expect(await inspectEmbedded(project.state())).toMatchObject({ kind: 'silent' });
    const again = await project.up();
    expect(ids(again)).toEqual(['clear', 'start']);
    expect(await query).toBeInstanceOf(Error);
    expect(await serverProcesses(server.dataFolder)).not.toContain(server.pid);
  });

  test('everything: it counts as crashed, not as running, and down has nothing to end', async () => {
    const { server } = await project.up();
    for (const pid of await serverProcesses(server.dataFolder)) process.kill(pid, 'SIGKILL');
    await expect.poll(() => inspectEmbedded(project.state())).toEqual({ kind: 'stopped', crashed: true });
    await down();
    expect(ids(await project.up())).toEqual(['start']);
  });

  test.runIf(process.getuid?.() === 0)(
    'its process id belongs to another process of its user now: that one is left alone',
    async () => {
      const { server } = await project.up();
      const file = join(server.dataFolder, 'postmaster.pid');
      const lines = (await readFile(file, 'utf8')).split('\n');
      for (const pid of await serverProcesses(server.dataFolder)) process.kill(pid, 'SIGKILL');
      const account = await serverAccount(0);
      const stranger: ChildProcess = spawn('sleep', ['60'], { uid: account!.uid, gid: account!.gid, stdio: 'ignore' });
      try {
        await writeFile(file, [String(stranger.pid), ...lines.slice(1)].join('\n'));
        expect(await inspectEmbedded(project.state())).toEqual({ kind: 'stopped', crashed: true });
        await down();
        const again = await project.up();
        expect(await ask(again.server, 'select 1')).toBe(1);
        expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
      } finally {
        stranger.kill();
      }
    },
  );
});

describe('a dbctl that was killed', () => {
  freshProject('each');

  async function nextUpWorks(): Promise<void> {
    const { server } = await project.up();
    expect(await ask(server, 'select current_database()', 'learning_lab')).toBe('learning_lab');
    const left = await readdir(project.state().folder);
    expect(left.filter((name) => name.startsWith('making-'))).toEqual([]);
    const locks = await readdir(join(project.state().root, 'dev'));
    expect(locks.filter((name) => name.endsWith('.lock'))).toEqual([]);
  }

  test.each(['begin creating', 'end creating', 'begin starting', 'end starting'])(
    'SIGKILL at "%s": the next up gets a server that works',
    async (at) => {
      const first = await upInProcess(project, { killAt: at }).ended;
      expect(first).toMatchObject({ status: null, stdout: '' });
      await nextUpWorks();
    },
  );

  test.each([20, 400])('SIGKILL %i ms into initdb: the orphan does not get in the way', async (ms) => {
    const first = upInProcess(project);
    await expect
      .poll(() => readdir(project.state().folder).then(String, () => ''), { interval: 5, timeout: 10_000 })
      .toContain('making-');
    await sleep(ms);
    first.kill();
    await first.ended;
    await nextUpWorks();
  });

  test('half a data folder under the real name is never taken for a server', async () => {
    const state = project.state();
    await mkdir(state.data, { recursive: true });
    await writeFile(join(state.data, 'postgresql.conf'), '');
    expect(await inspectEmbedded(state)).toEqual({ kind: 'absent' });
    await expect(project.up()).rejects.toMatchObject({
      code: 'server.failed',
      message: `${state.data} is there and is no PostgreSQL data folder: it has no PG_VERSION`,
      hint: 'When nothing in it is needed, remove it with dbctl dev down --purge.',
    });
    expect((await stat(join(state.data, 'postgresql.conf'))).size).toBe(0);
    await devDown(project.environment, project.project, { major: 18, purge: true }, project.control);
    await nextUpWorks();
  });

  test('eight waiters for a dead lock: one takes it over, and one server comes of it', async () => {
    const first = upInProcess(project);
    const { lock } = project.state();
    await expect
      .poll(() => readFile(lock, 'utf8').catch(() => ''), { interval: 5, timeout: 10_000 })
      .toContain(`"pid":${first.pid}`);
    first.kill();
    await first.ended;
    const all = await Promise.all(Array.from({ length: 8 }, () => upInProcess(project).ended));
    const outcomes = all.map(({ stdout, stderr }) => JSON.parse(stdout || stderr) as { pid: number; steps: string[] });
    expect(new Set(outcomes.map(({ pid }) => pid)).size).toBe(1);
    expect(outcomes.filter(({ steps }) => steps.includes('create'))).toHaveLength(1);
  });
});

describe('a port that somebody else has', () => {
  freshProject('all');

  test('at the next start: another port, in the password file too', async () => {
    const { server } = await project.up();
    await down();
    const thief = await listenOn(server.port);
    try {
      const again = await project.up();
      expect(again.server.port).not.toBe(server.port);
      expect(again.server.systemIdentifier).toBe(server.systemIdentifier);
      expect(await readFile(project.state().passfile, 'utf8')).toContain(`127.0.0.1:${again.server.port}:`);
    } finally {
      thief.close();
    }
  });

  test('another PostgreSQL server, where there is no socket to tell them apart: it gets no password and is not taken for ours', async () => {
    const name = 'a-state-folder-whose-path-is-so-long-that-no-socket-fits-into-it-because-103-bytes-is-all';
    const long = await makeProject('learning-lab', name);
    try {
      expect(long.state().socket).toBeUndefined();
      const { server } = await long.up();
      for (const auth of ['scram-sha-256', 'trust', 'password']) {
        for (const pid of await serverProcesses(server.dataFolder)) process.kill(pid, 'SIGKILL');
        await expect.poll(() => serverProcesses(server.dataFolder)).toEqual([]);
        const { port } = JSON.parse(await readFile(long.state().record, 'utf8')) as { port: number };
        await withServer({ port, auth, settings: { log_connections: 'on' } }, async (other) => {
          expect(await inspectEmbedded(long.state())).toEqual({ kind: 'stopped', crashed: true });
          const again = await long.up();
          expect(again.server.port).not.toBe(port);
          expect(again.server.systemIdentifier).toBe(server.systemIdentifier);
          // `trust` lets in whoever asks, before a password could be sent; our side then hangs up (require_auth).
          if (auth !== 'trust') expect(await readFile(other.log, 'utf8')).not.toContain('connection authorized');
        });
      }
    } finally {
      await long.remove();
    }
  });
});

describe('a lost key', () => {
  freshProject('all');

  test('without its password file the running server gets a new password and keeps its data', async () => {
    const { server } = await project.up();
    await ask(server, 'create table kept (id int)', 'learning_lab');
    await rm(project.state().passfile);
    expect(await inspectEmbedded(project.state())).toEqual({ kind: 'locked-out' });
    const again = await project.up();
    expect(ids(again)).toEqual(['password', 'start']);
    expect(again.server.password).not.toBe(server.password);
    await expect(ask({ ...again.server, password: server.password }, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect(await ask(again.server, "select to_regclass('kept')::text", 'learning_lab')).toBe('kept');
  });

  test('without its password file the stopped server as well', async () => {
    await project.up();
    await down();
    await rm(project.state().passfile);
    const again = await project.up();
    expect(await ask(again.server, 'select 1')).toBe(1);
  });

  test('after somebody changed the password', async () => {
    const { server } = await project.up();
    await ask(server, "alter role postgres password 'another'");
    const again = await project.up();
    expect(await ask(again.server, 'select 1')).toBe(1);
  });

  test('a server.json that cannot be read is no obstacle', async () => {
    const { server } = await project.up();
    for (const content of ['', '{', 'null', '{"engine":"embedded"}', '[]']) {
      await writeFile(project.state().record, content);
      expect((await project.up()).server).toMatchObject({ pid: server.pid, port: server.port });
    }
  });

  test('neither is a server.json that names another port', async () => {
    const { server } = await project.up();
    const { record } = project.state();
    await writeFile(record, (await readFile(record, 'utf8')).replace(String(server.port), '1'));
    expect((await project.up()).server).toMatchObject({ pid: server.pid, port: server.port });
    expect(await readFile(record, 'utf8')).toContain(`"port": ${server.port}`);
  });
});

describe('Ctrl-C', () => {
  freshProject('each');

  test.each([50, 500, 800, 1000])('%i ms after the start: nothing goes on behind one’s back', async (ms) => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), ms);
    const up = devUp(project.environment, project.project, { major: 18 }, { ...project.control, signal: stop.signal });
    const outcome = await up.then(
      () => 'up' as const,
      () => 'stopped' as const,
    );
    const { kind } = await inspectEmbedded(project.state());
    expect(outcome === 'up' ? ['running'] : ['absent', 'stopped', 'running']).toContain(kind);
    const left = await readdir(project.state().folder).catch(() => []);
    expect(left.filter((name) => name.startsWith('making-'))).toEqual([]);
    expect(await ask((await project.up()).server, 'select 1')).toBe(1);
  });
});

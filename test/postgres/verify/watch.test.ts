import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { platform } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { verifyProject, type VerifyProject } from './project.ts';

const program = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));
let server: TestServer;
let project: VerifyProject;
beforeAll(async () => {
  await ensureBuilt();
  server = await startServer({ settings: { log_disconnections: 'on' } });
  project = await verifyProject(() => server.url());
  await project.config('groups: all');
}, 120_000);
afterAll(async () => {
  await project.remove();
  await server.stop();
});

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
});

/** A watch that is read line by line. */
function start(...args: string[]) {
  const started = spawn(
    process.execPath,
    [program, 'verify', '--only', 'log-disconnections', '--fail-on', 'info', '--watch', '1s', ...args],
    {
      cwd: project.folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], DATABASE_URL: server.url() },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  child = started;
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  const wakeAll = () => {
    for (const wake of waiting.splice(0)) wake();
  };
  createInterface({ input: started.stdout })
    .on('line', (line) => lines.push(line) > 0 && wakeAll())
    .on('close', wakeAll);
  return {
    lines,
    async until(pattern: RegExp, times = 1): Promise<string> {
      for (;;) {
        const found = lines.filter((line) => pattern.test(line))[times - 1];
        if (found !== undefined) return found;
        if (started.stdout.closed) throw new Error(`ended without ${String(pattern)}: ${lines.join('\n')}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    close: () => started.stdout.destroy(),
    async ended() {
      let stderr = '';
      started.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
      const [status] = (await once(started, 'close', { signal: AbortSignal.timeout(15_000) })) as [number | null];
      return { status, stderr };
    },
    async end(): Promise<number | null> {
      started.kill('SIGINT');
      const [status] = (await once(started, 'close')) as [number | null];
      return status;
    },
  };
}

const set = (value: string) =>
  onServer(server.url(), `alter system set log_disconnections = ${value}`, 'select pg_catalog.pg_reload_conf()');

describe('verify --watch', () => {
  it('tells a setting that is changed and changed back, and a server that goes and comes, once each', async () => {
    const watch = start('--format', 'ndjson');
    expect(JSON.parse(await watch.until(/first-look/))).toMatchObject({
      type: 'event',
      event: { change: 'first-look', ok: true },
    });
    await set('off');
    expect(JSON.parse(await watch.until(/"new"/))).toMatchObject({
      type: 'event',
      event: { change: 'new', id: 'log-disconnections', object: 'log_disconnections', status: 'fail' },
    });
    await set('on');
    await watch.until(/"gone"/);
    await server.halt();
    expect(JSON.parse(await watch.until(/server-away/))).toMatchObject({ event: { code: 'db.unreachable' } });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await server.start();
    await watch.until(/server-back/);
    await set('off');
    await watch.until(/"new"/, 2);
    expect(await watch.end()).toBe(1);

    const parsed = watch.lines.map((line) => JSON.parse(line) as { type: string; event?: { change: string }; report?: object });
    const changes = parsed.flatMap(({ event }) => (event === undefined ? [] : [event.change]));
    expect(changes).toEqual(['first-look', 'new', 'gone', 'server-away', 'server-back', 'new']);
    expect(parsed.find(({ type }) => type === 'report')?.report).toMatchObject({
      command: 'verify',
      ok: false,
      exitCode: 1,
      summary: { fail: 1, watch: { worse: 2, other: 1, timesAway: 1, away: false } },
    });
  }, 60_000);

  it('ends by itself at the first write nobody reads', async () => {
    await set('on');
    const watch = start('--format', 'ndjson');
    await watch.until(/first-look/);
    watch.close();
    await set('off');
    expect(await watch.ended()).toEqual({ status: 1, stderr: '' });
  }, 30_000);

  it.runIf(platform() === 'linux')(
    'ends by itself once nobody reads its pipe, with nothing to say',
    async () => {
      await set('on');
      const watch = `"${process.execPath}" "${program}" verify --only log-disconnections --fail-on info --watch 1h`;
      const shell = spawn('bash', ['-c', `${watch} | head -1; echo "status \${PIPESTATUS[0]}"`], {
        cwd: project.folder,
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], DATABASE_URL: server.url() },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = shell;
      const said = { stdout: '', stderr: '' };
      for (const stream of ['stdout', 'stderr'] as const)
        shell[stream].on('data', (text: Buffer) => (said[stream] += String(text)));
      await once(shell, 'close', { signal: AbortSignal.timeout(15_000) });
      expect(said).toEqual({ stdout: expect.stringMatching(/first look: [^\n]*\nstatus 0\n$/), stderr: '' });
    },
    30_000,
  );

  it('ends with the last look in words, and as verify would while the server is away', async () => {
    await set('on');
    const watch = start();
    await watch.until(/first look: 0 fail, 0 unknown, 0 waived, 0 skipped, 1 pass; the answer is yes/);
    expect(await watch.end()).toBe(0);
    expect(watch.lines.join('\n')).toMatch(/: 1 look, 0 for the worse, 0 other\s+changes; the server was away 0 times\./);

    const away = start();
    await away.until(/first look/);
    await server.kill();
    await away.until(/the server is away: /);
    expect(await away.end()).toBe(3);
    expect(away.lines.join('\n')).toMatch(
      /UNKNOWN high {6}server {2}postgres\n {4}could not look since \d{4}-[^ ]+: the server is away[^]*code: db.unreachable \(exit 3\)/,
    );
    await server.start();
  }, 60_000);

  it('fails at once where there is no server, and refuses intervals and options that make no sense', async () => {
    const nowhere = 'postgresql://nobody@127.0.0.1:1/none';
    expect(await project.report(['--watch', '1s'], nowhere)).toMatchObject({ status: 3, error: { code: 'db.unreachable' } });
    const refused = async (...args: string[]) => (await project.report(args)).error?.message;
    expect(await refused('--watch', '10')).toMatch(/^--watch: expected a duration such as 500ms/);
    expect(await refused('--watch', '200ms')).toBe('--watch: 1s is the shortest interval');
    expect(await refused('--watch', '1s', '--save', 'a')).toBe('--save and --watch do not go together');
  });
});

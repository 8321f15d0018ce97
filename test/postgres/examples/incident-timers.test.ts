import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MANIFEST, SEAL, manifestText, sealOf, type LogicalManifest } from '../../../src/ops/backup/manifest.ts';
import { openSigner } from '../../../src/ops/signing/signer.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** The example as it stands, but for the folder of the backups: its schema on PostgreSQL 17, and the very commands of its units and its crontab. */
const example = fileURLToPath(new URL('../../../examples/incident-timers', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'dbctl-incident-timers-'));
const [project, repository] = [join(place, 'etc'), join(place, 'backups')];
const read = (path: string) => readFileSync(join(example, path), 'utf8');
let server: TestServer;
let url = '';

beforeAll(async () => {
  [server] = await Promise.all([startServer({ major: 17 }), clientTools(17)]);
  await onServer(server.url(), 'create database incident_timers');
  await onServer(
    server.url('incident_timers'),
    read('schema.sql'),
    `create role dbctl_backup login password 'hunter2'; grant pg_read_all_data to dbctl_backup`,
    `insert into users (email, password_hash) select n || '@example.com', 'x' from generate_series(1, 200) n`,
    `insert into incident_timers (user_id, title, started_at, stopped_at) select id, 'outage', now() - interval '1 hour', now() from users`,
    `insert into phrases (body) select 'phrase number ' || n from generate_series(1, 500) n`,
    `insert into _sqlx_migrations values (1, 'first', now(), true, '\\x00', 12)`,
  );
  const address = new URL(server.url('incident_timers'));
  [address.username, address.password] = ['dbctl_backup', 'hunter2'];
  url = address.href;
  mkdirSync(project);
  writeFileSync(join(project, 'dbctl.yaml'), read('dbctl.yaml').replace('/var/backups/incident-timers', repository));
  writeFileSync(join(project, 'backup.env'), `DATABASE_URL=${url}\n`, { mode: 0o600 });
  expect((await runCli(['ledger', 'key', 'backup.key', '--name', 'incident-timers-backup'], { cwd: project })).status).toBe(0);
}, 240_000);
afterAll(async () => {
  await server.stop();
  rmSync(place, { recursive: true, force: true });
});

const commandsOf = (unit: string) =>
  [...read(`systemd/${unit}.service`).matchAll(/^ExecStart=\/usr\/bin\/env dbctl (.+)$/gm)].map(([, line = '']) =>
    line.split(' '),
  );
const backups = () => readdirSync(repository).filter((name) => !name.startsWith('.'));
async function runUnit(unit: string): Promise<void> {
  const commands = commandsOf(unit);
  expect(commands.length).toBeGreaterThan(1);
  for (const command of commands) {
    const { status, stdout, stderr } = await runCli(command, {
      cwd: project,
      env: { DATABASE_URL: url, PATH: process.env['PATH'] },
      timeoutMs: 120_000,
    });
    expect(status, `${command.join(' ')}\n${stdout}${stderr}`).toBe(0);
  }
}

describe('the units', () => {
  it('back up with a role that may only read, and the weekly one restores and compares', async () => {
    // Status is not well before the first drill: a backup nobody has restored is a hope.
    const [create = []] = commandsOf('incident-timers-backup');
    expect(
      (await runCli(create, { cwd: project, env: { DATABASE_URL: url, PATH: process.env['PATH'] }, timeoutMs: 120_000 })).status,
    ).toBe(0);
    await runUnit('incident-timers-drill');
    await runUnit('incident-timers-backup');
    expect(readdirSync(join(repository, '.drills')).length).toBeGreaterThan(0);
  }, 240_000);

  it('keep seven days: of backups of ten days, each of the last seven has one', async () => {
    const signer = await openSigner(
      { name: 'incident-timers-backup', key: { kind: 'file', file: 'backup.key' }, publicKeys: [] },
      { variables: {}, folder: project },
    );
    const [newest = ''] = backups().toSorted().toReversed();
    const manifest = JSON.parse(readFileSync(join(repository, newest, MANIFEST), 'utf8')) as LogicalManifest;
    for (const other of backups()) if (other !== newest) rmSync(join(repository, other), { recursive: true });
    for (let days = 1; days < 10; days += 1) {
      const at = new Date(Date.parse(manifest.snapshotAt) - days * 86_400_000).toISOString();
      const id = `incident_timers-${at.replaceAll(/[-:.]/g, '')}-0000`;
      const older: LogicalManifest = { ...manifest, id, snapshotAt: at, previous: null };
      cpSync(join(repository, newest), join(repository, id), { recursive: true });
      writeFileSync(join(repository, id, MANIFEST), manifestText(older));
      writeFileSync(join(repository, id, SEAL), await sealOf(older, signer));
    }
    expect(backups()).toHaveLength(10);
    await runUnit('incident-timers-backup');
    const today = new Date(manifest.snapshotAt).toISOString().slice(0, 10).replaceAll('-', '');
    const days = new Set(backups().map((id) => /-(\d{8})T/.exec(id)?.[1]));
    expect(days.size).toBe(7);
    expect(days).toContain(today);
  }, 120_000);

  it.skipIf(!existsSync('/usr/bin/systemd-analyze'))('are units systemd takes, at times it knows', () => {
    for (const name of readdirSync(join(example, 'systemd'))) {
      const { stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', join(example, 'systemd', name)], {
        encoding: 'utf8',
      });
      expect([name, status, stderr.split('\n').filter((line) => line.includes(name))]).toEqual([name, 0, []]);
      const calendar = /^OnCalendar=(.+)$/m.exec(read(`systemd/${name}`))?.[1];
      if (calendar !== undefined) expect(spawnSync('systemd-analyze', ['calendar', calendar]).status, name).toBe(0);
    }
  });
});

describe('the crontab', () => {
  it('runs as cron runs it, and says nothing where all is well', () => {
    const bin = join(place, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'dbctl'), `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin', 'dbctl.js')}' "$@"\n`);
    chmodSync(join(bin, 'dbctl'), 0o755);
    const lines = read('crontab')
      .split('\n')
      .flatMap((line) => /^(?:[\d*]+ +){5}\S+ +(.+)$/.exec(line)?.[1] ?? []);
    expect(lines).toHaveLength(2);
    const run = (line: string) =>
      spawnSync('/bin/sh', ['-c', line.replace('/etc/incident-timers', project)], {
        encoding: 'utf8',
        env: { PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`, HOME: process.env['HOME'] ?? place },
        timeout: 120_000,
      });
    for (const line of lines) {
      const { status, stdout, stderr } = run(line);
      expect([status, stdout, stderr]).toEqual([0, '', '']);
    }
    // What is not well is mailed whole, with the exit status.
    writeFileSync(join(project, 'backup.env'), `DATABASE_URL=${url.replace('hunter2', 'wrong')}\n`);
    const failed = run(lines[0] ?? '');
    expect(failed.status).toBe(3);
    expect(failed.stdout).toContain('db.denied');
  }, 240_000);
});

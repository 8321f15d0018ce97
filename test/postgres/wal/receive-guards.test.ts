import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import type { ReceiveRequest } from '../../../src/ops/wal/receive-request.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import type { TestServer } from '../../support/server.ts';
import { ask, dropSlot, receive, startWalServer, storedSegments, writeSegments } from './support.ts';

const SEGMENT = 16 << 20;
let server: TestServer;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-receive-'));
const repositoryOf = (name: string) => folderRepository(name, join(folder, name));
const slots = () => ask(server, `select string_agg(slot_name, ' ' order by slot_name) from pg_replication_slots`);

beforeAll(async () => {
  server = await startWalServer({ wal_level: 'logical', max_slot_wal_keep_size: '96MB' });
  await writeSegments(server.url(), 1);
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('receiving is refused', () => {
  const refused = async (request: Partial<ReceiveRequest>, repository = repositoryOf('refused')): Promise<string> => {
    const receiver = receive(server, repository, { until: 'now', ...request });
    return receiver.ended.then(
      () => 'nothing was refused',
      (thrown: Error) => thrown.message,
    );
  };

  it('over a slot that is not there, and none is made', async () => {
    expect(await refused({ slot: 'absent' })).toBe('the server has no replication slot absent');
    expect(await slots()).toBe('');
  });

  it('over a logical slot', async () => {
    await onServer(server.url(), `select pg_create_logical_replication_slot('decoder', 'pgoutput')`);
    expect(await refused({ slot: 'decoder' })).toBe('slot decoder is logical, and the log is received over a physical one');
    await onServer(server.url(), `select pg_drop_replication_slot('decoder')`);
  });

  it('over one more slot where another holds too much', async () => {
    await onServer(server.url(), `select pg_create_physical_replication_slot('forgotten', true)`);
    await writeSegments(server.url(), 3);
    expect(await refused({ slot: 'one_more', createSlot: true, maxSlotBytes: SEGMENT })).toMatch(
      /^slot one_more was not made: slot forgotten \(nobody uses it\) holds \d+ MB of the log on the server, more than the 16 MB of --max-slot-wal$/,
    );
    expect(await slots()).toBe('forgotten');
  });

  it('over a slot that lost its log, and goes on without one only over the gap that is accepted', async () => {
    const repository = repositoryOf('lost');
    await receive(server, repository, { slot: 'mine', createSlot: true, until: 'now' }).ended;
    await writeSegments(server.url(), 2);
    await receive(server, repository, { slot: 'mine', until: 'now' }).ended;
    await writeSegments(server.url(), 9);
    await onServer(server.url(), 'checkpoint');
    expect(await refused({ slot: 'mine' }, repository)).toBe('slot mine has lost its log (wal_removed)');
    expect(await refused({}, repository)).toMatch(/^the server no longer has [0-9A-F]{24}, with which the archive goes on$/);
    for (const slot of ['mine', 'forgotten']) await dropSlot(server, slot);
    const before = (await storedSegments(repository)).length;
    const over = { slot: 'mine', createSlot: true, acceptGap: true } as const;
    await receive(server, repository, { ...over, until: 'now' }).ended;
    await writeSegments(server.url(), 2);
    await receive(server, repository, { ...over, until: 'now' }).ended;
    expect((await storedSegments(repository)).length).toBeGreaterThanOrEqual(before + 2);
    await dropSlot(server, 'mine');
  });

  it('into the archive of another server, which stays as it was', async () => {
    const repository = repositoryOf('foreign');
    mkdirSync(join(repository.folder, '.wal'), { recursive: true });
    writeFileSync(join(repository.folder, '.wal', 'system'), '42 16777216\n');
    expect(await refused({ slot: 'foreign', createSlot: true }, repository)).toMatch(
      /^the archive in foreign is of server 42, and this is \d+$/,
    );
    expect(await slots()).toBe('');
  });

  it('into an archive another receiver writes to', async () => {
    const repository = repositoryOf('twice');
    const first = receive(server, repository);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await refused({}, repository)).toMatch(/^process \d+ already receives the log into twice$/);
    await first.stop();
  });
});

describe('at the terminal', () => {
  const project = join(folder, 'project');
  const dbctl = (...args: readonly string[]) =>
    runCli(['wal', 'receive', ...args], { cwd: project, env: { DATABASE_URL: server.url() } });
  beforeAll(() => {
    mkdirSync(project);
    writeFileSync(
      join(project, 'dbctl.yaml'),
      'version: 1\nproject: wal\nbackup: { repositories: [{ name: here, type: folder, path: backups }] }\n',
    );
  });

  it.each<[readonly string[], string]>([
    [['--slot', 'Upper'], 'expected a slot name of lower-case letters, digits and _'],
    [['--until', '12'], 'expected an LSN such as 0/18000120, not "12"'],
    [['--create-slot'], '--create-slot goes with --slot NAME'],
    [['--drop-slot'], '--drop-slot goes with --slot NAME'],
    [['--slot', 'a', '--create-slot', '--drop-slot'], '--create-slot and --drop-slot exclude each other'],
    [['--once', '--until', '0/1'], '--once and --until exclude each other'],
    [['--max-slot-wal', '10 apples'], 'expected a size such as 512MB or 10GB, not "10 apples"'],
    [['--reconnect', '5'], 'a number alone has no unit, write 5s'],
    [['--repository', 'nowhere'], 'there is no repository nowhere'],
  ])('%j is refused as a mistake', async (args, said) => {
    const { status, stdout } = await dbctl(...args, '--format', 'json');
    expect((JSON.parse(stdout) as Report).error?.message).toContain(said);
    expect(status).toBe(2);
  });

  it('shows first what it would do, makes a slot, receives, and drops it again', async () => {
    const planned = await dbctl('--slot', 'service', '--create-slot', '--dry-run');
    expect(planned.stdout).toContain('over slot service, which would be made');
    expect(await slots()).toBe('');
    expect((await dbctl('--slot', 'service', '--create-slot', '--once')).status).toBe(0);
    expect(await slots()).toBe('service');
    await writeSegments(server.url(), 2);
    const { status, stdout } = await dbctl('--slot', 'service', '--once', '--format', 'json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout) as Report).toMatchObject({ ok: true, summary: { why: 'reached', segments: 2, reconnects: 0 } });
    expect((await dbctl('--slot', 'service', '--drop-slot', '--dry-run')).stdout).toContain('would be dropped');
    expect(await slots()).toBe('service');
    expect((await dbctl('--slot', 'service', '--drop-slot', '--yes')).status).toBe(0);
    expect(await slots()).toBe('');
  }, 60_000);
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lsnText } from '../../../src/core/lsn.ts';
import { readRecords } from '../../../src/ops/wal/records.ts';
import { parseWalName } from '../../../src/ops/wal/segment.ts';
import { requireProgram, type ToolPlaces } from '../../../src/ops/tools/find.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** Every record of real segments, against what pg_waldump says of them. */
let server: TestServer;
let tools: ToolPlaces;
let spool: string;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-records-'));
const segments = () =>
  readdirSync(spool)
    .filter((name) => parseWalName(name)?.kind === 'segment')
    .toSorted();

beforeAll(async () => {
  [server, tools] = await Promise.all([
    startServer({
      settings: {
        wal_level: 'logical',
        max_wal_senders: '4',
        max_prepared_transactions: '4',
        archive_mode: 'on',
        archive_command: 'cp "%p" "$PWD/../spool/%f"',
      },
      prepare: async (made) => void (await made.giveFolder('spool')),
    }),
    clientTools(),
  ]);
  spool = join(server.folder, 'spool');
  await onServer(server.url(), 'create table t (id int primary key, note text)', 'create table wide (b bytea)');
  for (let round = 0; round < 5; round += 1) {
    await onServer(
      server.url(),
      `insert into t select n, repeat('x', 300) from generate_series(${round * 40_000}, ${round * 40_000 + 39_999}) n`,
      // Records longer than a page, so that many begin on one and end on another.
      `insert into wide select decode(repeat('ab', 7000 + n), 'hex') from generate_series(1, 50) n`,
      `begin; insert into t values (${-1 - round}, 'prepared'); prepare transaction 'p${round}'`,
      `${round % 2 === 0 ? 'commit' : 'rollback'} prepared 'p${round}'`,
      `begin; insert into t values (${-100 - round}, 'gone'); rollback`,
      `begin; savepoint a; insert into t values (${-200 - round}, 'sub'); release a; commit`,
      `select pg_create_restore_point('point ${round}')`,
      'select pg_switch_wal()',
    );
  }
  for (let waited = 0; segments().length < 6 && waited < 200; waited += 1) await new Promise((go) => setTimeout(go, 100));
}, 120_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What pg_waldump says of the segment: the position of its last record, and every mark. */
async function said(name: string): Promise<{ last: string | undefined; marks: string[] }> {
  const { path } = await requireProgram('pg_waldump', tools, 18);
  const { stdout } = spawnSync(path, [join(spool, name)], { encoding: 'utf8', maxBuffer: 1 << 28, env: { TZ: 'UTC' } });
  const lines = stdout.split('\n').filter((line) => line.startsWith('rmgr: '));
  const lsn = (line: string) => /lsn: ([0-9A-F/]+)/.exec(line)?.[1];
  const marks = lines.flatMap((line) => {
    const xact =
      /rmgr: Transaction .* desc: (COMMIT|ABORT)(?:_PREPARED)? (?:\d+: )?.*?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)/.exec(line);
    if (xact !== null) return [`${lsn(line)} ${xact[1]?.toLowerCase()} ${xact[2]}`];
    const point = /RESTORE_POINT (.*)$/.exec(line);
    return point === null ? [] : [`${lsn(line)} restore point ${point[1]}`];
  });
  return { last: lines.map(lsn).at(-1), marks };
}

it('finds every commit, abort and restore point where pg_waldump finds it, with its time', async () => {
  let count = 0;
  for (const name of segments()) {
    const read = readRecords(readFileSync(join(spool, name)));
    const expected = await said(name);
    const marks = (read?.marks ?? []).map(({ lsn, kind, time, name: point }) =>
      kind === 'restore point'
        ? `${lsnText(lsn)} ${kind} ${point}`
        : `${lsnText(lsn)} ${kind} ${new Date(Number(time / 1000n)).toISOString().slice(0, 19).replace('T', ' ')}.${String(time % 1_000_000n).padStart(6, '0')}`,
    );
    const plain = expected.marks.map((mark) => {
      const [lsn, ...rest] = mark.split(' ');
      return [lsnText(BigInt(`0x${lsn?.split('/')[0]}`) * 0x1_0000_0000n + BigInt(`0x${lsn?.split('/')[1]}`)), ...rest].join(' ');
    });
    expect(marks, name).toEqual(plain);
    count += marks.length;
  }
  expect(count).toBeGreaterThan(40);
}, 60_000);

it('knows the last record that is whole in a segment', async () => {
  for (const name of segments()) {
    const { last } = (await said(name)) ?? {};
    const found = readRecords(readFileSync(join(spool, name)))?.last;
    const [high = '0', low = '0'] = (last ?? '').split('/');
    const theirs = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
    // pg_waldump reads on into the next segment, so its last one may be the one that goes on there.
    expect(found !== null && found !== undefined && theirs - found < 8192n * 4n && found <= theirs, name).toBe(true);
  }
}, 60_000);

it('ends at what is no record, and says nothing of what is no segment', () => {
  const all = segments().map((name) => readFileSync(join(spool, name)));
  const bytes = all.find((one) => (readRecords(one)?.marks.length ?? 0) > 5) ?? Buffer.alloc(0);
  const whole = readRecords(bytes);
  expect(readRecords(Buffer.alloc(1 << 20))).toBeUndefined();
  const half = Buffer.from(bytes);
  half.fill(0, Number((whole?.marks[3]?.lsn ?? 0n) % 0x100_0000n));
  const read = readRecords(half);
  expect(read?.marks).toHaveLength(3);
  expect(whole?.marks.slice(0, read?.marks.length)).toEqual(read?.marks);
  // Bytes of somebody else in the middle: lengths lead anywhere, and reading ends without harm.
  for (let seed = 1; seed < 200; seed += 1) {
    const noise = Buffer.from(bytes);
    noise.writeUInt32LE((seed * 2_654_435_761) % 0xffff_ffff, 40 + ((seed * 7919) % (noise.length - 100)));
    expect(() => readRecords(noise)).not.toThrow();
  }
});

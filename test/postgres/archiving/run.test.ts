// Rules that archive, as the timers of the archiver and of the verifier run them.
import { copyFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADVISORY_LOCKS, DBCTL_LOCKS } from '../../../src/db/advisory-lock.ts';
import { OLD_ROWS, startArchiving, until, type ArchivingProject, type ArchivingWorld } from '../../support/archiving.ts';
import { CRASH_POINTS, hashOf } from '../../support/archiving-crashes.ts';
import type { CliReport } from '../../support/cli-report.ts';
import { sqlBlocks } from '../runbooks/sql-blocks.ts';

let world: ArchivingWorld;
beforeAll(async () => {
  world = await startArchiving();
}, 120_000);
afterAll(() => world.stop());

const parts = ({ items }: CliReport): (readonly [string, string])[] => {
  const done = (items[0]?.['partitions'] ?? []) as { readonly partition: string; readonly did: string }[];
  return done.map(({ partition, did }) => [partition, did]);
};
const messages = (report: CliReport) =>
  report.items.filter(({ id }) => id === 'partition').map(({ object, message }) => [object, message]);
const run = (lab: ArchivingProject) => lab.dbctl('archiver', 'retention', 'run', '--yes');
const record = (lab: ArchivingProject) => lab.dbctl('checker', 'retention', 'verify', '--record');
const [JANUARY, FEBRUARY] = ['app.log_2024_01', 'app.log_2024_02'];

describe('partitions', () => {
  let lab: ArchivingProject;
  beforeAll(async () => {
    lab = await world.project('plain', { format: 'csv.gz', place: 'folder', rule: ', retain: 7 years', environment: 'dev' });
  });

  it('are planned by what is next for them', async () => {
    const plan = await lab.dbctl('archiver', 'retention', 'plan');
    expect([plan.ok, plan.items[0]]).toMatchObject([
      true,
      { message: '2 partitions are to go', keeps: '13 months by at', rows: 2 * OLD_ROWS, younger: 1 },
    ]);
    expect(plan.items.slice(1, 3)).toMatchObject([
      {
        object: JANUARY,
        step: 'copy',
        rows: OLD_ROWS,
        coldBytes: null,
        message: 'the next run copies it: it is old enough',
        fenced: false,
      },
      { object: FEBRUARY, step: 'copy' },
    ]);
    expect(plan.items[1]?.['hotBytes']).toBeGreaterThan(100_000);
    expect(plan.items.at(-1)?.message).toBe(
      'the run says in the database that rows of app.log are kept for 13 months: nobody has said it yet',
    );
  });

  it('are copied, and stay until somebody else has read the copy back', async () => {
    const first = await run(lab);
    expect([first.ok, first.items[0]?.message, first.items[0]?.['deleted']]).toEqual([true, '2 partitions copied', 0]);
    expect(await lab.rows(`select keep::text, basis, set_by from dbctl.archive_keep`)).toEqual([
      { keep: '1 year 1 mon', basis: 'the law', set_by: 'lab_archiver' },
    ]);
    const [kept] = await lab.rows<{ years: number }>(
      `select round(extract(epoch from max(retain_until) - now()) / 86400 / 365.25)::int as years from dbctl.archive_segment`,
    );
    expect(kept?.years).toBe(7);
    const second = await run(lab);
    expect([second.ok, second.items[0]?.message]).toEqual([true, '2 partitions waiting to be read back']);
    const status = await lab.dbctl('checker', 'retention', 'status');
    expect(status.items[0]?.fix).toBe('dbctl retention verify --record');
    expect(status.items[0]?.message).toMatch(
      /^the oldest is .* older than 13 months; 2 partitions wait for dbctl retention verify --record$/,
    );
    expect((await lab.hot()).rows).toBe(2 * OLD_ROWS + 10);
  });

  it('are not verified by who exported them, nor by who is no verifier', async () => {
    const own = await lab.dbctl('archiver', 'retention', 'verify', '--record');
    expect([own.status, own.error?.message]).toEqual([
      5,
      'lab_archiver exported all 2 copies that wait, and what one exported oneself one cannot verify',
    ]);
    const plan = await lab.dbctl('checker', 'retention', 'plan');
    expect([plan.ok, plan.items[0]?.message]).toEqual([
      false,
      'lab_checker may not call fence_partition, keep_rows, record_segment, remove_partition: it is no archiver of this database',
    ]);
  });

  it('go when that is recorded, and everything is counted', async () => {
    const before = await lab.hot();
    const [one] = (await lab.dbctl('checker', 'retention', 'verify', '--record', '--dry-run')).items;
    const first = await lab.dbctl('checker', 'retention', 'verify', '--record', one?.id ?? '');
    expect([first.ok, first.summary]).toMatchObject([true, { waiting: 1, recorded: 1, login: 'lab_checker' }]);
    expect((await record(lab)).items).toMatchObject([
      { object: FEBRUARY, rows: OLD_ROWS, message: 'every row as in the database: recorded' },
    ]);
    expect(
      messages(await lab.dbctl('archiver', 'retention', 'plan')).map(([, message]) =>
        message?.replace(/copied to \S+/, 'copied'),
      ),
    ).toEqual(['copied and read back: the next run removes it', 'copied and read back: the next run removes it']);
    const gone = await run(lab);
    expect([gone.ok, gone.items[0]]).toMatchObject([true, { message: '2 partitions removed', deleted: 2 * OLD_ROWS, left: 0 }]);
    expect((await lab.hot()).rows).toBe(before.rows - 2 * OLD_ROWS);
    expect((await lab.dbctl('archiver', 'retention', 'verify')).summary).toMatchObject({ archives: 2, bad: 0 });
    expect((await run(lab)).items[0]?.message).toBe('no partition is old enough');
    expect((await record(lab)).summary).toMatchObject({ waiting: 0, recorded: 0 });
    const [last] = await lab.rows<{ summary: { rules: object[] } }>(
      `select summary from dbctl.run where outcome = 'done' and summary ->> 'rows' = '${2 * OLD_ROWS}'`,
    );
    expect(last?.summary.rules).toMatchObject([
      { then: 'archive', basis: 'the law', partitions: [{ did: 'removed' }, { did: 'removed' }] },
    ]);
  });
});

it('the SQL of the runbook is understood', async () => {
  const lab = await world.project('runbook', { format: 'csv.gz', place: 'folder' });
  const blocks = sqlBlocks('runbooks/archive-failed-in-the-middle.md');
  expect(blocks).toHaveLength(3);
  for (const { sql } of blocks) await lab.rows(sql);
});

it.each<[string, readonly string[], number, string]>([
  ['a comparison as well', ['verify', '--record', '--compare'], 2, '--record and --compare do not go together'],
  ['a copy there is not', ['verify', '--record', 'nothing'], 5, 'nothing is no copy that waits to be read back'],
])('says what is wrong with %s', async (_what, args, status, message) => {
  const lab = await world.project(`bad-${args.join('-')}`, { format: 'csv.gz', place: 'folder' });
  const report = await lab.dbctl('checker', 'retention', ...args);
  expect([report.status, report.error?.message]).toEqual([status, message]);
});

it('a copy that could not be looked at is nobody told to take away', async () => {
  const lab = await world.project('unlooked', { format: 'csv.gz', place: 'folder' });
  await run(lab);
  const yaml = join(lab.folder, 'dbctl.yaml');
  const sound = readFileSync(yaml, 'utf8');
  writeFileSync(yaml, sound.replace('name: cold', 'name: warm'));
  const { status, items } = await record(lab);
  expect([status, items[0]]).toMatchObject([
    1,
    {
      message: expect.stringMatching(/^it is in destination cold, which dbctl\.yaml does not name: /) as string,
      fix: 'Add it to archive.destinations again.',
    },
  ]);
  writeFileSync(yaml, sound);
  rmSync(rowsOf(lab, '2024_01'));
  expect((await record(lab)).items[0]?.fix).toMatch(/take it out of the destination/);
});

it('production takes it with a word only, and two runs at once are one', async () => {
  const lab = await world.project('prod', { format: 'csv.gz', place: 'folder', environment: 'prod' });
  expect((await run(lab)).error?.code).toBe('refused');
  const other = await lab.another();
  await other.query('select pg_advisory_lock($1, $2)', [DBCTL_LOCKS, ADVISORY_LOCKS.retention]);
  const second = await lab.dbctl('archiver', 'retention', 'run', '--yes', '--on-protected');
  expect([second.status, second.error?.code]).toEqual([5, 'lock.held']);
});

/** The file of rows of a copy in the folder. */
const rowsOf = (lab: ArchivingProject, month: string): string =>
  join(lab.cold, readdirSync(lab.cold).find((name) => name.includes(month)) ?? 'none', 'rows.csv.gz');

const DAMAGES: readonly (readonly [what: string, act: (path: string, lab: ArchivingProject) => void])[] = [
  [
    'has another byte',
    (path) => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    },
  ],
  ['ends early', (path) => truncateSync(path, 1_000)],
  ['is missing', (path) => rmSync(path)],
  ['is that of another archive', (path, lab) => copyFileSync(rowsOf(lab, '2024_02'), path)],
];

describe('a copy that is damaged', () => {
  let lab: ArchivingProject;
  beforeAll(async () => {
    lab = await world.project('damaged', { format: 'csv.gz', place: 'folder' });
    expect((await run(lab)).ok).toBe(true);
    // So that only January waits.
    const february = (await lab.dbctl('checker', 'retention', 'verify', '--record', '--dry-run')).items.find(
      ({ object }) => object === FEBRUARY,
    );
    await lab.dbctl('checker', 'retention', 'verify', '--record', february?.id ?? '');
    await lab.dbctl('superuser', 'retention', 'hold', 'app.log', '--partition', FEBRUARY, '--reason', 'stays for this test');
  });

  const whileDamaged = async (act: (path: string, lab: ArchivingProject) => void, use: () => Promise<void>): Promise<void> => {
    const path = rowsOf(lab, '2024_01');
    const sound = readFileSync(path);
    act(path, lab);
    try {
      await use();
    } finally {
      writeFileSync(path, sound);
    }
  };

  it.each(DAMAGES)('before it is read back is not recorded where it %s', async (_what, act) => {
    await whileDamaged(act, async () => {
      const refused = await record(lab);
      expect([refused.status, refused.summary, refused.items[0]?.status]).toMatchObject([1, { recorded: 0, bad: 1 }, 'fail']);
    });
    expect(
      await lab.rows(
        `select from dbctl.archive_event e join dbctl.archive_segment s using (segment) where partition_name = '${JANUARY}'`,
      ),
    ).toEqual([]);
  });

  it('after it was recorded keeps the rows', async () => {
    expect((await record(lab)).summary).toMatchObject({ recorded: 1 });
    const before = await hashOf(lab);
    // Of the first only a look at every byte knows.
    for (const [what, act] of [DAMAGES[0], DAMAGES[2]].flatMap((one) => (one === undefined ? [] : [one])))
      await whileDamaged(act, async () => {
        const refused = await run(lab);
        expect([what, refused.status, parts(refused)]).toEqual([
          what,
          1,
          [
            [JANUARY, 'failed'],
            [FEBRUARY, 'stays'],
          ],
        ]);
        expect(refused.items[0]?.message).toMatch(
          /^failed: app\.log_2024_01: its copy \S+ is damaged: .*; the rows stay in the database$/,
        );
      });
    expect(await hashOf(lab)).toEqual(before);
  });

  it('and one that is gone is made again, and has to be read back again', async () => {
    rmSync(join(rowsOf(lab, '2024_01'), '..'), { recursive: true });
    const again = await run(lab);
    expect([again.ok, parts(again)]).toEqual([
      true,
      [
        [JANUARY, 'copied'],
        [FEBRUARY, 'stays'],
      ],
    ]);
    expect(parts(await run(lab))).toEqual([
      [JANUARY, 'waits'],
      [FEBRUARY, 'stays'],
    ]);
    expect((await record(lab)).summary).toMatchObject({ waiting: 1, recorded: 1 });
    expect(parts(await run(lab))).toEqual([
      [JANUARY, 'removed'],
      [FEBRUARY, 'stays'],
    ]);
    const [counted] = await lab.rows(
      `select count(*)::int as segments, count(*) filter (where segment like '%.2')::int as again from dbctl.archive_segment where partition_name = '${JANUARY}'`,
    );
    expect(counted).toEqual({ segments: 2, again: 1 });
  });
});

describe('what keeps a partition', () => {
  it('a hold that comes in the middle of the run wins', async () => {
    const lab = await world.project('held', { format: 'csv.gz', place: 'folder' });
    await run(lab);
    await record(lab);
    const reader = await lab.another();
    await reader.query(`begin; select from app.log_2024_01`);
    const running = run(lab);
    await until('the removal waits', async () => {
      const [row] = await lab.rows<{ there: boolean }>(
        `select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%remove_partition%' and datname = current_database()) as there`,
      );
      return row?.there === true;
    });
    await lab.dbctl('superuser', 'retention', 'hold', 'app.log', '--partition', JANUARY, '--reason', 'a letter of the court');
    await reader.query('rollback');
    const ended = await running;
    expect([ended.ok, parts(ended)]).toEqual([
      true,
      [
        [JANUARY, 'stays'],
        [FEBRUARY, 'removed'],
      ],
    ]);
    expect((await lab.hot()).rows).toBe(OLD_ROWS + 10);
    expect(messages(await lab.dbctl('archiver', 'retention', 'plan'))).toEqual([
      [JANUARY, 'stays: legal hold 1 is on rows of it'],
    ]);
    const status = await lab.dbctl('archiver', 'retention', 'status');
    expect(status.items[0]).toMatchObject({ status: 'pass', message: 'nothing to do', held: OLD_ROWS });
  });

  it('what was promised by hand is longer than the rule', async () => {
    const lab = await world.project('promised', { format: 'csv.gz', place: 'folder' });
    await lab.rows(`select dbctl.keep_rows('app.log', '10 years', 'a contract')`);
    const ended = await run(lab);
    expect([ended.ok, parts(ended)]).toEqual([
      true,
      [
        [JANUARY, 'stays'],
        [FEBRUARY, 'stays'],
      ],
    ]);
    const plan = await lab.dbctl('archiver', 'retention', 'plan');
    expect(messages(plan)[0]?.[1]).toMatch(/^stays: its rows were promised 10 years, by at, and its newest is of 2024-01-21/);
    expect(plan.items.at(-1)).toMatchObject({
      id: 'keep',
      message: 'the database promises rows of app.log 10 years, which a file does not lower',
    });
  });

  it('its windows of the ledger are not sealed, and afterwards the ledger stays green', async () => {
    const lab = await world.project('sealed', {
      format: 'parquet',
      place: 'folder',
      more: `ledger: { signer: { name: lab, key: { file: ../key.pem } }, sinks: [{ name: notes, type: folder, path: notes }] }`,
    });
    const seal = () => lab.dbctl('superuser', 'ledger', 'checkpoint');
    expect((await seal()).ok).toBe(true);
    await lab.rows(`insert into app.log (at, actor) values ('2024-01-15Z', 'late')`);
    expect(messages(await lab.dbctl('archiver', 'retention', 'plan'))).toEqual([
      [JANUARY, 'stays: the ledger has not sealed all of its rows'],
      [FEBRUARY, 'the next run copies it: it is old enough'],
    ]);
    expect((await seal()).ok).toBe(true);
    for (const step of [run, record, run]) expect((await step(lab)).ok).toBe(true);
    expect((await lab.hot()).rows).toBe(10);
    const verified = await lab.dbctl('superuser', 'ledger', 'verify');
    expect([verified.ok, verified.error]).toEqual([true, null]);
  });
});

it('Ctrl-C ends it between two steps, and the record says so', async () => {
  const lab = await world.project('stopped', { format: 'csv.gz', place: 'folder' });
  const trap = await CRASH_POINTS.find(({ name }) => name === '2 behind the fence')?.trap(lab);
  const child = lab.start('archiver', 'retention', 'run', '--yes');
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await trap?.seen();
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  await trap?.free();
  expect(
    await lab.rows(
      `select outcome, summary -> 'rules' -> 0 ->> 'state' as state from dbctl.run order by started_at desc limit 1`,
    ),
  ).toEqual([{ outcome: 'stopped', state: 'stopped' }]);
  expect((await run(lab)).items[0]?.message).toBe('2 partitions copied');
});

describe('a destination', () => {
  it('that refuses leaves a fence, and the next run finishes', async () => {
    const lab = await world.project('refusing', { format: 'csv.gz', place: 's3' });
    if (lab.s3 === null) throw new Error('there is no bucket');
    lab.s3.fault = ({ method, key }) =>
      method === 'PUT' && key.includes('rows.') ? { kind: 'status', status: 403, code: 'AccessDenied' } : undefined;
    const failed = await run(lab);
    expect([failed.status, parts(failed)]).toEqual([1, [[JANUARY, 'failed']]]);
    expect(messages(await lab.dbctl('archiver', 'retention', 'plan'))[0]).toEqual([
      JANUARY,
      'the next run copies it: it is fenced, and no copy of it was recorded',
    ]);
    lab.s3.fault = () => undefined;
    for (const step of [run, record, run]) expect((await step(lab)).ok).toBe(true);
    expect((await lab.hot()).rows).toBe(10);
  });
});

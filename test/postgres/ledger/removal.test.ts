import { beforeAll, describe, expect, it } from 'vitest';
import { installGuards } from '../../../src/ops/immutability/install.ts';
import { complaints, ledgerBench } from './support.ts';

/** A partition leaves by right: the ledger says so, and stays green. */
const bench = ledgerBench();

const SEGMENT = 'log-old-1';

beforeAll(async () => {
  await bench.rows('create role archiver login');
  await bench.rows('create role checker login');
  await bench.session((session) =>
    installGuards(session, {
      owner: 'dbctl_protected',
      runbook: 'runbooks/immutability-violation.md',
      partitionCreators: [],
      unlockers: [],
      archivers: ['archiver'],
      archiveVerifiers: ['checker'],
      tables: [{ schema: 'public', name: 'log', generated: [], accept: [], probe: null }],
    }),
  );
  await bench.rows(`insert into public.log (what, at) select 'old ' || n, '2020-01-01' from generate_series(1, 100) n`);
  await bench.rows(`insert into public.log (what, at) values ('new', '2026-06-01')`);
  await bench.rows(`select dbctl.keep_rows('public.log', '13 months', 'a rule of this test')`);
});

const as = async (role: string, sql: string): Promise<string> => {
  try {
    await bench.rows(`set session authorization ${role}`);
    await bench.rows(sql);
    return 'done';
  } catch (thrown) {
    return (thrown as Error).message;
  } finally {
    await bench.rows('reset session authorization');
  }
};

async function copy(segment: string): Promise<void> {
  const [found] = await bench.rows<{ oid: number; rows: number; hash: string }>(
    `select 'public.log_old'::regclass::oid as oid, h.rows::int as rows, h.hash from dbctl.rows_hash('public.log_old', 'record') h`,
  );
  const [manifest, rows, hash] = ['a'.repeat(64), found?.rows, found?.hash];
  const given = { segment, relation: found?.oid, rows, rows_hash: hash, hashed_by: 'record', cold_bytes: 1, format: 'csv.gz' };
  const text = JSON.stringify({ ...given, uri: `file:///cold/${segment}`, manifest_sha256: manifest });
  expect(await as('archiver', `select dbctl.record_segment('${text}')`)).toBe('done');
  expect(await as('checker', `select dbctl.verify_segment('${segment}', ${rows}, '${hash}', '${manifest}', '{}')`)).toBe('done');
}

const remove = (segment: string) => as('archiver', `select dbctl.remove_partition('${segment}')`);

describe('a partition that was copied and read back', () => {
  it('stays while rows of it are not sealed', async () => {
    await bench.checkpoint();
    await bench.rows(`insert into public.log (what, at) values ('late', '2021-01-01')`);
    expect(await as('archiver', `select dbctl.fence_partition('public.log_old', 'to be archived')`)).toBe('done');
    await copy(SEGMENT);
    expect(await remove(SEGMENT)).toBe(`the partition of segment ${SEGMENT} stays: the ledger has sealed 100 of its 101 rows`);
  });

  it('stays while what was sealed is published nowhere', async () => {
    await bench.checkpoint({ sinks: [] });
    expect(await remove(SEGMENT)).toBe(
      `the partition of segment ${SEGMENT} stays: not every window of it is published outside the database`,
    );
  });

  it('leaves when it is, and the ledger is green before, and says archived after', async () => {
    await bench.checkpoint();
    expect(complaints(await bench.verify())).toEqual([]);
    expect(await remove(SEGMENT)).toBe('done');
    expect(complaints(await bench.verify())).toEqual([`archived public.log_old: archived: file:///cold/${SEGMENT}`]);
    await bench.rows(`insert into public.log (what, at) values ('next', '2026-06-02')`);
    expect(await bench.checkpoint()).toMatchObject({ rows: 1 });
    expect(complaints(await bench.verify())).toEqual([`archived public.log_old: archived: file:///cold/${SEGMENT}`]);
  });
});

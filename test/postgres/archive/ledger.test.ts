// Roots of the ledger are computed anew from what the archive holds.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { withSession } from '../../../src/db/session.ts';
import { exportRelation } from '../../../src/ops/archive/export.ts';
import type { ArchiveFormat } from '../../../src/ops/archive/format.ts';
import { restoreArchive } from '../../../src/ops/archive/restore.ts';
import { compareWithTable } from '../../../src/ops/archive/verify.ts';
import { parseWindows, WINDOWS, windowsText } from '../../../src/ops/archive/windows.ts';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import { ledgerBench } from '../ledger/support.ts';
import { READING } from './support.ts';

const bench = ledgerBench();

const session = <T>(use: Parameters<typeof withSession<T>>[2]) =>
  withSession(bench.server.target(), { access: 'write', statementTimeoutMs: 0, bulk: true }, use);

const archived = (format: ArchiveFormat, name: string) => {
  const destination = folderRepository(name, join(bench.folder, name));
  return session(async (one) => ({
    destination,
    ...(await exportRelation(one, {
      destination,
      relation: 'public.log_new',
      format,
      parquetWriter: 'built-in',
      xidColumn: 'recorded_xid',
      signer: bench.signer(),
      publicKeys: [bench.signer().verifierKey],
      project: 'test',
      environment: 'dev',
      operator: 'test@here',
      dbctl: '0',
      machine: 'here',
      retainDays: 30,
      lockWaitMs: 1_000,
      clock: () => new Date('2026-11-21T00:00:00Z'),
      progress: silentProgress,
      signal: READING.signal,
    })),
  }));
};

it('an archive holds every window of its partition, by root', async () => {
  const late =
    "insert into log (at, what, context) select '2026-06-01'::timestamptz + n * interval '1 second', 'w' || n, jsonb_build_object('n', n) from generate_series(1, $1) n";
  await bench.rows("insert into log (at, what) values ('2025-06-01', 'in the other partition')");
  for (const count of [1, 300, 7]) {
    await bench.rows(late, [count]);
    await bench.checkpoint();
  }
  await bench.rows('alter table log add column extra text');
  await bench.rows(late, [20]);
  await bench.checkpoint();
  await bench.rows(late, [5]);
  for (const format of ['csv.gz', 'parquet'] as const) {
    const { manifest, destination } = await archived(format, `sealed-${format}`);
    expect(manifest.ledger).toMatchObject({ table: 'public.log', windows: 4, rows: 328, epoch: 1 });
    expect(Object.keys(manifest.ledger?.columns ?? {})).toEqual(['1', '2']);
    expect(manifest).toMatchObject({
      rows: 333,
      order: ['recorded_xid', 'id', 'at'],
      retainUntil: '2026-12-21T00:00:00.000Z',
      relation: { partitionOf: 'public.log', bounds: "FOR VALUES FROM ('2026-01-01 00:00:00+00') TO (MAXVALUE)" },
      time: { column: 'at', least: '2026-06-01 00:00:01+00', greatest: '2026-06-01 00:05:00+00' },
    });
    const windows = readFileSync(join(destination.folder, manifest.id, WINDOWS), 'utf8');
    expect(windowsText(parseWindows(windows))).toBe(windows);
    await session((one) => restoreArchive(one, destination, manifest, `public.back_${format.slice(0, 3)}`, READING));
  }
});

it('rows a superuser changed after they were sealed are no archive', async () => {
  await bench.rows("update log_new set what = 'forged' where what = 'w300'");
  await expect(archived('csv.gz', 'forged')).rejects.toMatchObject({
    code: 'archive.failed',
    message: expect.stringMatching(
      /: the rows of window \d+ \(transactions \d+ to \d+\) are not those the ledger sealed$/,
    ) as string,
  });
  await bench.rows("update log_new set what = 'w300' where what = 'forged'");
  await archived('csv.gz', 'mended');
  await bench.rows("delete from log_new where what = 'w299'");
  await expect(archived('csv.gz', 'deleted')).rejects.toMatchObject({ code: 'archive.failed' });
});

it('windows of another list are found', async () => {
  const { manifest, destination } = await (async () => {
    await bench.rows(
      "insert into log (at, what, recorded_xid) select at, 'w299', recorded_xid from log_new where what = 'w298' limit 0",
    );
    const found = await session((one) => one.rows<{ count: string }>('select count(*)::text as count from log_old'));
    expect(found[0]?.count).toBe('1');
    const old = folderRepository('old', join(bench.folder, 'old'));
    return { destination: old, ...(await archivedOld(old)) };
  })();
  const path = join(destination.folder, manifest.id, WINDOWS);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/[0-9a-f]{64}/, '0'.repeat(64)));
  await expect(session((one) => compareWithTable(one, destination, manifest, READING))).rejects.toMatchObject({
    message: expect.stringMatching(/are not those the ledger sealed$/) as string,
  });
});

const archivedOld = (destination: ReturnType<typeof folderRepository>) =>
  session((one) =>
    exportRelation(one, {
      destination,
      relation: 'public.log_old',
      format: 'csv.gz',
      parquetWriter: 'built-in',
      xidColumn: 'recorded_xid',
      signer: bench.signer(),
      publicKeys: [bench.signer().verifierKey],
      project: 'test',
      environment: 'dev',
      operator: 'test@here',
      dbctl: '0',
      machine: 'here',
      retainDays: null,
      lockWaitMs: 1_000,
      clock: () => new Date(),
      progress: silentProgress,
      signal: READING.signal,
    }),
  );

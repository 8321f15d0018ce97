import { describe, expect, it } from 'vitest';
import { missingFor, type BaseBackupFacts } from '../../../src/ops/backup/physical-preflight.ts';
import { combinedDifferences, parseServerManifest, type ServerFile } from '../../../src/ops/backup/server-manifest.ts';
import { summaryGap } from '../../../src/ops/backup/wal-summaries.ts';

const file = (path: string, checksum = 'CRC32C 1'): ServerFile => ({ path, bytes: 8192, checksum });

describe('what pg_combinebackup made, against what the last backup says is there', () => {
  const last = [
    file('backup_label', 'CRC32C a'),
    file('PG_VERSION'),
    file('base/5/INCREMENTAL.1259'),
    file('pg_tblspc/16385/PG_18_202506291/16384/INCREMENTAL.16395'),
    file('pg_wal/archive_status/000000010000000000000007.done'),
    file('tablespace_map'),
  ];
  const whole = [
    file('backup_label', 'CRC32C b'),
    file('PG_VERSION'),
    file('base/5/1259', 'CRC32C 2'),
    file('pg_tblspc/16385/PG_18_202506291/16384/16395', 'CRC32C 2'),
  ];

  it.each<[string, ServerFile[], string[]]>([
    ['all of it', whole, []],
    ['no tablespace', whole.slice(0, 3), ['pg_tblspc/16385/PG_18_202506291/16384/16395 is missing']],
    ['another file', whole.with(1, file('PG_VERSION', 'CRC32C 3')), ['PG_VERSION has other bytes']],
    ['a file too many', [...whole, file('base/5/2')], ['base/5/2 is in none of them']],
    [
      'the changes instead of the file',
      whole.with(2, file('base/5/INCREMENTAL.1259')),
      ['base/5/1259 is missing', 'base/5/INCREMENTAL.1259 is in none of them'],
    ],
  ])('%s', (_name, combined, differences) => {
    expect(combinedDifferences(last, combined)).toEqual(differences);
  });
});

describe('summaries of the log', () => {
  const of = (startLsn: string, endLsn: string) => ({ startLsn, endLsn });

  it.each<[string, { startLsn: string; endLsn: string }[], string | null]>([
    ['none yet: the server waits for them', [], null],
    ['from before the backup on', [of('0/1000000', '0/3000000'), of('0/3000000', '0/4000000')], null],
    ['in another order', [of('0/3000000', '0/4000000'), of('0/1000000', '0/3000000')], null],
    ['across 4 GB', [of('0/1000000', 'FF/FFFFFFFF'), of('FF/FFFFFFFF', '100/28')], null],
    ['begun too late', [of('0/3000000', '0/4000000')], '0/2000028'],
    ['with a hole', [of('0/1000000', '0/3000000'), of('0/3500000', '0/4000000')], '0/3000000'],
    ['all from before', [of('0/1000000', '0/2000000')], null],
  ])('%s', (_name, summaries, gap) => {
    expect(summaryGap(summaries, '0/2000028')).toBe(gap);
  });
});

describe('what is missing for a base backup', () => {
  const facts: BaseBackupFacts = {
    user: 'backup',
    mayReplicate: true,
    clientAddress: '10.0.0.7',
    serverVersion: 180_002,
    walLevel: 'replica',
    maxWalSenders: 10,
    walSenders: 0,
    summarizeWal: 'on',
    noHbaLine: false,
  };

  it.each<[Partial<BaseBackupFacts>, boolean, string[]]>([
    [{}, true, []],
    [{ summarizeWal: 'off' }, false, []],
    [{ summarizeWal: 'off' }, true, ['refused summarize_wal is off']],
    [{ serverVersion: 160_004, summarizeWal: null }, true, ['db.version incremental backups need PostgreSQL 17']],
    [{ walLevel: 'minimal', maxWalSenders: 0 }, false, ['refused wal_level is minimal', 'refused max_wal_senders is 0']],
    [{ walSenders: 10 }, false, ['refused all 10 places of max_wal_senders are taken']],
    [
      { mayReplicate: false, noHbaLine: true },
      false,
      ['db.denied backup lacks the attribute REPLICATION', 'db.denied pg_hba.conf has no line for replication'],
    ],
  ])('%o, incremental %s', (changes, incremental, expected) => {
    expect(missingFor({ ...facts, ...changes }, incremental).map(({ code, what }) => `${code} ${what}`)).toEqual(expected);
  });
});

describe('the manifest of the server', () => {
  it('has its facts before and after the files', () => {
    const first = '{ "PostgreSQL-Backup-Manifest-Version": 2,\n"System-Identifier": 7574912345,\n"Files": [\n';
    const last =
      '],\n"WAL-Ranges": [\n{ "Timeline": 2, "Start-LSN": "0/5000000", "End-LSN": "0/5000120" },\n{ "Timeline": 1, "Start-LSN": "0/4000028", "End-LSN": "0/5000000" }\n],\n"Manifest-Checksum": "x"}\n';
    expect(parseServerManifest(first, last)).toEqual({
      systemIdentifier: '7574912345',
      startLsn: '0/4000028',
      endLsn: '0/5000120',
      timeline: 2,
    });
  });

  it('without WAL is none', () => {
    expect(() => parseServerManifest('{', '}')).toThrow(`the server's manifest of the backup names no WAL`);
  });
});

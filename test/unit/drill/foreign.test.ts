import { describe, expect, it } from 'vitest';
import { shownBackup } from '../../../src/ops/drill/foreign/barman.ts';
import { newestOf } from '../../../src/ops/drill/foreign/pgbackrest.ts';
import { lastWords, requirePlainWord } from '../../../src/ops/drill/foreign/tool.ts';

const stanza = (changes: object = {}) =>
  `[${JSON.stringify({
    name: 'main',
    status: { code: 0, message: 'ok' },
    db: [
      { id: 1, 'repo-key': 1, 'system-id': 'OLD', version: '16' },
      { id: 2, 'repo-key': 1, 'system-id': 'NEW', version: '18' },
    ],
    archive: [
      { database: { id: 1, 'repo-key': 1 }, max: '0000000100000000000000AA' },
      { database: { id: 2, 'repo-key': 1 }, max: '00000002000000000000000B' },
    ],
    backup: ['A', 'B'].map((label) => ({
      label,
      error: false,
      database: { id: 2, 'repo-key': 1 },
      timestamp: { stop: 1_795_258_766 },
      info: { size: 23 },
    })),
    ...changes,
  })}]`
    .replace('"OLD"', '7710577682685467400')
    .replace('"NEW"', '18446744073709551615');

describe('what pgBackRest says of a stanza', () => {
  it('is read to the last digit of the system identifier, for the cluster of the newest backup', () => {
    expect(newestOf('main', stanza())).toEqual({
      id: 'B',
      takenAt: new Date('2026-11-21T10:59:26Z'),
      sizeBytes: 23,
      major: 18,
      systemIdentifier: '18446744073709551615',
      lastSegment: '00000002000000000000000B',
      tablespaces: [],
    });
  });

  it.each([
    ['no stanza of that name', '[]', 'pgbackrest has no backup of main: no such stanza'],
    [
      'none',
      stanza({ backup: [], status: { code: 2, message: 'no valid backups' } }),
      'pgbackrest has no backup of main: no valid backups',
    ],
    [
      'one with broken pages',
      stanza().replaceAll('"error":false', '"error":true'),
      'pgbackrest found pages with wrong checksums while it made B',
    ],
  ])('is an error where there is %s', (_name, json, said) => {
    expect(() => newestOf('main', json)).toThrow(said);
  });
});

describe('what Barman says of a backup', () => {
  const shown = (changes: object = {}) =>
    JSON.stringify({
      main: {
        backup_id: '20261121T110057',
        status: 'DONE',
        postgresql_version: 180_002,
        base_backup_information: { end_time: '2026-11-21 11:01:01.626473+00:00', end_time_timestamp: '1795258861' },
        ...changes,
      },
    });
  it('is read, however much its version says', () => {
    const least = { id: '20261121T110057', major: 18, systemIdentifier: null, lastSegment: null, sizeBytes: 0, tablespaces: [] };
    expect(shownBackup('main', shown())).toEqual({ ...least, takenAt: new Date('2026-11-21T11:01:01Z') });
    const more = { system_id: '77', cluster_size_bytes: 5, tablespaces: [{ name: 'far', oid: 16_385, location: '/far' }] };
    expect(shownBackup('main', shown(more))).toMatchObject({
      systemIdentifier: '77',
      sizeBytes: 5,
      tablespaces: [{ name: 'far', oid: '16385' }],
    });
  });
  it.each([
    ['FAILED', shown({ status: 'FAILED' })],
    ['WAITING_FOR_WALS', shown({ status: 'WAITING_FOR_WALS' })],
    ['not there', '{}'],
  ])('is an error where it is %s', (state, json) => {
    expect(() => shownBackup('main', json)).toThrow(`barman has no whole backup of main: the newest is ${state}`);
  });
});

describe('words for a server and a shell', () => {
  it.each(['/usr/bin/x y', "/it's", '/a;b', '/a$b', '/a%b', '/a"b', '/a\nb', ''])('%j is refused', (word) => {
    expect(() => requirePlainWord(word)).toThrow('has characters a server cannot be told');
  });
  it('what a tool said last that matters is told', () => {
    const ended = { status: 55, stdout: '', stderr: '2026 P00   WARN: x\n2026 P00  ERROR: [055]: no such file\n   HINT: y\n' };
    expect(lastWords(ended)).toBe('ERROR: [055]: no such file');
    expect(lastWords({ status: 9, stdout: '', stderr: '' })).toBe('exit 9');
  });
});

import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../src/ops/backup/manifest.ts';
import type { KnownBackup } from '../../../src/ops/backup/verify.ts';
import { newestBackup, type NewestWish } from '../../../src/ops/restore/newest.ts';

/** `lab of prod on 1`, one a day, the oldest first; without a database the files of a server. */
const known = (...texts: readonly string[]): KnownBackup[] =>
  texts.map((text, day) => {
    const [, database = '', environment = '', server] = /^(\w*) ?of (\w+)(?: on (\d))?$/.exec(text) ?? [];
    const id = `${database || 'cluster'}-${day}`;
    const manifest = {
      id,
      type: database === '' ? 'physical' : 'logical',
      environment,
      snapshotAt: `2026-11-${String(day + 1).padStart(2, '0')}T03:00:00Z`,
      source: { database: database || 'cluster', systemIdentifier: server ?? null },
    };
    return { id, state: 'sealed', manifest: manifest as Manifest };
  });
const dump = { type: 'logical', database: 'lab', of: undefined, environment: 'dev' } as const;
const files = { ...dump, type: 'physical', database: null } as const;

describe('the newest backup, where none is named', () => {
  it.each<[string, readonly string[], NewestWish, string | null]>([
    ['the only source, whatever the environment it is restored into', ['lab of prod', 'lab of prod'], dump, 'lab-1'],
    ['the only database, whatever its name', ['shop of prod'], dump, 'shop-0'],
    ['of several databases, the one of that name', ['shop of prod', 'lab of prod', 'shop of prod'], dump, 'lab-1'],
    ['of several environments, its own', ['lab of dev', 'lab of prod'], dump, 'lab-0'],
    ['of several environments, the one that is said', ['lab of prod', 'lab of dev'], { ...dump, of: 'prod' }, 'lab-0'],
    ['of several environments, the only one with that database', ['lab of prod', 'shop of dev'], dump, 'lab-0'],
    ['of the files of servers, its own', ['of dev', 'of prod', 'lab of dev'], files, 'cluster-0'],
    ['of either type, within the environment', ['lab of dev', 'of dev', 'lab of prod'], { ...files, type: null }, 'cluster-1'],
    ['a server that took the place of another one', ['lab of dev on 1', 'lab of dev on 1', 'lab of dev on 2'], dump, 'lab-2'],
    ['one that does not say its server', ['lab of dev on 1', 'lab of dev', 'lab of dev on 1'], dump, 'lab-2'],
    ['nothing, of that type', ['lab of dev'], files, null],
    ['nothing', [], dump, null],
  ])('is %s', (_name, backups, wish, id) => {
    expect(newestBackup('nightly', known(...backups), wish)?.id ?? null).toBe(id);
  });

  it.each<[string, readonly string[], NewestWish, string]>([
    [
      'environments, none of them its own',
      ['lab of prod', 'lab of staging', 'lab of prod'],
      dump,
      'nightly has backups of prod (newest: lab-2), staging (newest: lab-1), and none of dev',
    ],
    [
      'an environment nobody has',
      ['lab of prod'],
      { ...dump, of: 'prd' },
      'nightly has backups of prod (newest: lab-0), and none of prd',
    ],
    [
      'files of servers of several environments',
      ['of prod', 'of staging'],
      files,
      'nightly has backups of prod (newest: cluster-0), staging (newest: cluster-1), and none of dev',
    ],
    ['databases, none of that name', ['shop of prod', 'hr of prod'], dump, 'nightly has backups of hr, shop, and none of lab'],
    [
      'two servers side by side',
      ['lab of dev on 1', 'lab of dev on 2', 'lab of dev on 1'],
      dump,
      'nightly has backups of 2 servers under one name: server 1 (newest: lab-2), server 2 (newest: lab-1)',
    ],
  ])('is refused where it could be any of several: %s', (_name, backups, wish, message) => {
    expect(() => newestBackup('nightly', known(...backups), wish)).toThrow(expect.objectContaining({ code: 'refused', message }));
  });
});

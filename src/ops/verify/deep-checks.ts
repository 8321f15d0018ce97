import type { Check } from './check.ts';

/** What `--deep` adds. Their queries are many, one a relation, so that they are no files. */
export type DeepId = 'deep-index' | 'deep-table' | 'deep-bloat';

const COMMON = {
  file: 'verify --deep',
  group: 'deep',
  scope: 'database',
  since: null,
  until: null,
  needs: [],
  params: [],
  fix: '{statement:sql}',
  fixManaged: null,
  query: '',
  text: '',
} as const satisfies Partial<Check>;

export const DEEP_CHECKS: Readonly<Record<DeepId, Check>> = {
  'deep-index': {
    ...COMMON,
    id: 'deep-index',
    title: 'Every index has the rows of its table, in order',
    severity: 'critical',
    why:
      'An index that is out of order, or lacks rows, makes queries leave rows out and lets duplicates in, and no error says so. ' +
      'Disks, file systems and a sort order that came with another release of the system do that.',
    refs: ['https://www.postgresql.org/docs/current/amcheck.html'],
  },
  'deep-table': {
    ...COMMON,
    id: 'deep-table',
    title: 'Every table can be read, row by row',
    severity: 'critical',
    why: 'A damaged page is found when somebody reads it: in a year, when the backups that had it whole are gone.',
    refs: ['https://www.postgresql.org/docs/current/amcheck.html'],
  },
  'deep-bloat': {
    ...COMMON,
    id: 'deep-bloat',
    title: 'No large table is mostly empty space, as measured',
    severity: 'low',
    why: 'Space of rows that died is in memory and in every scan. Tables count where 40 % and 100 MB of them are free.',
    refs: ['https://www.postgresql.org/docs/current/pgstattuple.html'],
  },
};

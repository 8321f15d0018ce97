import type { AccessReview } from '../../../src/ops/evidence/review.ts';

export const NONE = { state: 'seen', rows: [], more: 0 } as const;

/** A review of a database in which nothing happened, collected by nobody's request. */
export const review = (changes: Partial<AccessReview> = {}): AccessReview => ({
  format: 'dbctl-access-review/1',
  id: '000001-20261121T120000Z-prod',
  number: 1,
  at: '2026-11-21T12:00:00.000Z',
  previous: null,
  environment: 'prod',
  protected: true,
  operator: 'ann@here',
  dbctl: '0.1.0',
  reviewers: [],
  minutes: null,
  answer: 'as declared',
  server: { host: 'db', port: 5432, database: 'lab', version: '18.2', systemIdentifier: '7', user: 'verify' },
  period: { since: '2026-08-23T12:00:00.000Z', until: '2026-11-21T12:00:00.000Z', why: 'as it was asked for' },
  nextReview: '2027-02-19',
  unseen: [],
  findings: { ...NONE, counting: 0, failOn: 'medium', counts: [] },
  plan: { gives: NONE, takes: NONE, left: 0 },
  roles: [],
  exceptions: [],
  loans: NONE,
  unlocks: NONE,
  permits: { state: 'not there', rows: [], more: 0 },
  refused: { state: 'not seen', rows: [], more: 0 },
  runs: NONE,
  logins: { countedSince: null, rows: [] },
  declaration: {
    file: 'roles.yaml',
    sha256: 'f'.repeat(64),
    git: null,
    whyNot: 'git rev-parse: fatal: not a git repository',
  },
  changes: null,
  ...changes,
});

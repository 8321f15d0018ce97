import { describe, expect, test } from 'vitest';
import { item } from '../../../src/core/report.ts';
import type { Report, Status } from '../../../src/core/report.ts';
import { counts, duration, outcomeWords, runOutcome } from '../../../src/render/outcome.ts';
import { report } from './reports.ts';

const items = (...statuses: Status[]) => statuses.map((status) => item({ id: status, object: 'o', message: 'm', status }));
const broken = { code: 'db.denied', message: 'no', hint: null } as const;

describe('counts', () => {
  test.each<[string, Partial<Report>, string]>([
    ['nothing', {}, 'nothing to report'],
    ['items', { items: items('pass', 'pass', 'fail', 'unknown') }, '1 failed, 1 unknown, 2 passed'],
    ['a summary that knows more', { items: items('fail'), summary: { fail: 1, pass: 41 } }, '1 failed, 41 passed'],
    ['a summary that knows less', { items: items('unknown', 'pass'), summary: { pass: 2 } }, '1 unknown, 2 passed'],
    ['own words', { items: items('pass'), summary: { applied: 1, rowsArchived: 0 } }, '1 applied, 0 rows archived'],
    ['own words beside a failure', { items: items('pass', 'fail'), summary: { applied: 1 } }, '1 failed, 1 applied'],
    ['own words beside the statuses', { summary: { pass: 3, checks: 4 } }, '3 passed, 4 checks'],
    ['a text of several lines', { summary: { unused: 2, proposed: 'web_app:\n  grants: []\n' } }, '2 unused'],
    ['texts', { summary: { version: '18.2\u001b', none: null, nested: [1] } }, 'version 18.2\\x1b'],
  ])('of %s', (_, fields, text) => {
    expect(counts(report(fields))).toBe(text);
  });
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [59_949, '59.9 s'],
  [59_951, '1 min 0 s'],
  [125_000, '2 min 5 s'],
])('%i milliseconds are %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

describe('the run as a whole', () => {
  test.each<[string, Partial<Report>, string | undefined, string]>([
    ['an error', { ok: false, error: broken, items: items('fail') }, 'broken', 'stopped'],
    ['a no that no item explains', { ok: false, items: items('pass', 'waived') }, 'no', 'not ok'],
    ['a no that an item explains', { ok: false, items: items('fail') }, undefined, 'not ok'],
    ['nothing at all', {}, 'passed', 'ok'],
    ['what passes', { items: items('pass') }, undefined, 'ok'],
    ['what could not be seen', { items: items('pass', 'unknown') }, undefined, 'not everything could be seen'],
  ])('%s', (_, fields, kind, words) => {
    expect(runOutcome(report(fields))?.kind).toBe(kind);
    expect(outcomeWords(report(fields))).toBe(words);
  });
});

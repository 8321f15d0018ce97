import { describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { fingerprint } from '../../../src/core/fingerprint.ts';
import { parseReport } from '../../../src/ops/verify/saved-report.ts';

const ITEM = {
  id: 'a',
  object: 'x',
  status: 'fail',
  severity: 'high',
  message: 'm',
  fix: null,
  fingerprint: fingerprint('a', 'x'),
};
const report = (changes: object = {}): string =>
  JSON.stringify({
    schema: 'dbctl.report/1',
    command: 'verify',
    startedAt: '2026-11-20T10:00:00.000Z',
    error: null,
    items: [ITEM],
    ...changes,
  });

describe('a saved report', () => {
  it('gives back items, project and the moment', () => {
    expect(parseReport('a.json', report({ summary: { about: { project: 'shop' } } }))).toMatchObject({
      file: 'a.json',
      startedAt: '2026-11-20T10:00:00.000Z',
      project: 'shop',
      items: [{ id: 'a', object: 'x', status: 'fail', severity: 'high' }],
    });
  });

  it('takes for failing what an earlier baseline let pass', () => {
    const { items } = parseReport('a.json', report({ items: [{ ...ITEM, status: 'waived', baseline: 'known' }] }));
    expect(items[0]?.status).toBe('fail');
  });

  it.each<[string, string]>([
    ['', 'a.json is no whole JSON document'],
    [report().slice(0, -1), 'a.json is no whole JSON document'],
    ['null', 'a.json is no report of dbctl: its schema is not dbctl.report/1'],
    ['[]', 'a.json is no report of dbctl: its schema is not dbctl.report/1'],
    ['{"runs": []}', 'a.json is no report of dbctl: its schema is not dbctl.report/1'],
    [report({ schema: 'dbctl.report/2' }), 'a.json is no report of dbctl: its schema is not dbctl.report/1'],
    [report({ command: 'roles audit' }), 'a.json is a report of dbctl roles audit, not of dbctl verify'],
    [
      report({ error: { code: 'db.unreachable' } }),
      'a.json is the report of a run that failed (db.unreachable): nothing was checked',
    ],
    [report({ error: undefined }), 'a.json is the report of a run that failed (no error code): nothing was checked'],
    [report({ items: undefined }), 'a.json has no items'],
    [report({ items: [ITEM, null] }), 'a.json has no whole item 2: id, object or message is missing'],
    [report({ items: [{ ...ITEM, object: 3 }] }), 'a.json has no whole item 1: id, object or message is missing'],
    [
      report({ items: [{ ...ITEM, status: 'good' }] }),
      'a.json has no whole item 1: a has no status or severity that dbctl knows',
    ],
    [
      report({ items: [{ ...ITEM, fingerprint: undefined }] }),
      'a.json has no whole item 1: a has no fingerprint, as in a list of checks or a report of an older dbctl',
    ],
  ])('refuses %s', (text, message) => {
    let thrown: unknown;
    try {
      parseReport('a.json', text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(DbctlError);
    expect(thrown).toMatchObject({ code: 'config.invalid', message });
  });
});

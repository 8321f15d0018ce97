import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../src/core/fingerprint.ts';
import type { Circumstances } from '../../../src/ops/verify/items.ts';
import { judge, type Bar } from '../../../src/ops/verify/judge.ts';
import type { Finding, Outcome } from '../../../src/ops/verify/outcome.ts';
import { checkNamed, NOW, waiverFor } from './support.ts';

const BAR: Bar = { failOn: 'medium', required: [], strict: false };
const HERE: Circumstances = { environment: 'prod', database: 'shop', waivers: [], now: NOW };
const pass = (id: string): Outcome => ({ kind: 'pass', check: checkNamed(id) });
const skipped = (id: string): Outcome => ({ kind: 'skipped', check: checkNamed(id), reason: 'applies since PostgreSQL 18' });
const unknown = (id: string): Outcome => ({ kind: 'unknown', check: checkNamed(id), reason: 'no right', fix: 'grant it;' });
const found = (id: string, ...findings: Partial<Finding>[]): Outcome => ({
  kind: 'found',
  check: checkNamed(id),
  findings: findings.map((finding) => ({ object: 'role app', detail: 'app may do anything', data: { role: 'app' }, ...finding })),
});
const verdict = (outcomes: readonly Outcome[], here: Partial<Circumstances> = {}, bar: Partial<Bar> = {}) =>
  judge(outcomes, { ...HERE, ...here }, { ...BAR, ...bar });

describe('a verdict', () => {
  it('is yes when everything passes', () => {
    expect(verdict([pass('b'), pass('a')])).toMatchObject({
      ok: true,
      items: [
        { id: 'a', object: 'cluster', status: 'pass', message: 'a is as wanted' },
        { id: 'b', object: 'cluster', status: 'pass' },
      ],
      summary: { checks: 2, pass: 2, fail: 0, unknown: 0, waived: 0, skipped: 0, gate: { failOn: 'medium', failing: 0 } },
      notes: [],
    });
  });

  it('is no for a finding, which carries what its check says and its own names in the fix', () => {
    const { ok, items, notes } = verdict([found('a', {})]);
    expect(ok).toBe(false);
    expect(items).toEqual([
      {
        id: 'a',
        object: 'role app',
        status: 'fail',
        severity: 'high',
        message: 'app may do anything',
        fix: 'alter role "app" nologin;',
        detail: { role: 'app' },
        title: 'a is as wanted',
        group: 'time',
        fingerprint: fingerprint('a', 'role app'),
        why: 'Because.',
        refs: ['https://www.postgresql.org/'],
      },
    ]);
    expect(notes).toEqual(['The answer is no: 1 finding at or above medium.']);
  });

  it('takes a row that accuses nothing for what it says: unknown or skipped, and never waived', () => {
    const silent = found('a', { object: 'x', data: { status: 'unknown' } }, { object: 'y', data: { status: 'skipped' } });
    const { ok, items } = verdict([silent], { waivers: [waiverFor('a')] });
    expect(ok).toBe(true);
    expect(items.map(({ object, status, message }) => [object, status, message])).toEqual([
      ['x', 'unknown', 'could not look: app may do anything'],
      ['y', 'skipped', 'app may do anything'],
    ]);
    expect(verdict([silent], {}, { required: ['a'] }).notes).toContain('The answer is no: 1 required check could not look.');
    expect(verdict([found('a', { data: { status: 'pass' } })]).items).toMatchObject([{ status: 'fail' }]);
  });

  it('lets a row bring its own severity, and no other word', () => {
    const { items } = verdict([
      found('a', { object: 'x', data: { severity: 'low' } }, { object: 'y', data: { severity: 'terrible' } }),
    ]);
    expect(items.map(({ object, severity }) => [object, severity])).toEqual([
      ['y', 'high'],
      ['x', 'low'],
    ]);
  });

  it.each<[Bar['failOn'], boolean]>([
    ['critical', true],
    ['high', false],
    ['info', false],
  ])('with --fail-on %s on a high finding is %s', (failOn, ok) => {
    expect(verdict([found('a', {})], {}, { failOn }).ok).toBe(ok);
  });

  it('is yes with unknown checks, and says that they are no pass', () => {
    const { ok, items, notes } = verdict([unknown('a'), pass('b')]);
    expect(ok).toBe(true);
    expect(items[0]).toMatchObject({ status: 'unknown', message: 'could not look: no right', fix: 'grant it;' });
    expect(notes).toEqual(['1 check could not look, which is no pass: what is under "fix" would show it.']);
  });

  it('is no when a required check could not look', () => {
    expect(verdict([unknown('a'), unknown('b')], {}, { required: ['a'] })).toMatchObject({
      ok: false,
      notes: [
        '2 checks could not look, which is no pass: what is under "fix" would show it.',
        'The answer is no: 1 required check could not look.',
      ],
    });
    expect(verdict([pass('a'), skipped('b')], {}, { required: ['a', 'b'] }).ok).toBe(true);
  });

  it.each([[[unknown('a')]], [[skipped('a')]]])('is no under --strict for what was not looked at', (outcomes) => {
    expect(verdict(outcomes).ok).toBe(true);
    expect(verdict(outcomes, {}, { strict: true }).ok).toBe(false);
  });

  it('names the database for a check of its scope', () => {
    expect(verdict([{ kind: 'pass', check: checkNamed('a', { scope: 'database' }) }]).items[0]?.object).toBe('shop');
  });

  it('sorts the worst first', () => {
    const outcomes = [
      pass('z'),
      skipped('y'),
      unknown('x'),
      found('b', { object: '2' }, { object: '1' }, { object: '3', data: { severity: 'critical' } }),
      found('a', {}),
    ];
    expect(verdict(outcomes).items.map(({ id, object }) => `${id} ${object}`)).toEqual([
      'b 3',
      'a role app',
      'b 1',
      'b 2',
      'x cluster',
      'y cluster',
      'z cluster',
    ]);
  });
});

describe('a waiver', () => {
  it('takes a finding out of the answer and leaves it in the report', () => {
    const { ok, items, summary } = verdict([found('a', {})], { waivers: [waiverFor('a')] });
    expect(ok).toBe(true);
    expect(summary).toMatchObject({ fail: 0, waived: 1 });
    expect(items).toEqual([
      expect.objectContaining({
        status: 'waived',
        message: 'app may do anything (accepted by ops until 2026-12-21: the update is planned for the window of December)',
        waiver: {
          state: 'covers',
          reason: 'the update is planned for the window of December',
          owner: 'ops',
          expires: '2026-12-21',
          approvedBy: null,
        },
      }),
    ]);
  });

  it('that has expired makes the answer no, however small the finding is', () => {
    const waivers = [waiverFor('a', { expires: '2026-11-20' })];
    const small = [found('a', { data: { severity: 'info' } })];
    expect(verdict(small, {}, { failOn: 'high' }).ok).toBe(true);
    const { ok, notes, summary } = verdict(small, { waivers }, { failOn: 'high' });
    expect(ok).toBe(false);
    expect(notes).toEqual(['The answer is no: 1 finding whose waiver has expired.']);
    expect(summary).toMatchObject({ gate: { failing: 0, expiredWaivers: 1 } });
  });

  it('that covers nothing makes the answer no under --strict-waivers, and only when its check looked', () => {
    const waivers = [waiverFor('a')];
    expect(verdict([pass('a')], { waivers }).ok).toBe(true);
    const strict = verdict([pass('a')], { waivers }, { strictWaivers: true });
    expect(strict.ok).toBe(false);
    expect(strict.notes).toEqual(['The answer is no: 1 waiver that covers nothing, which counts under --strict-waivers.']);
    for (const blind of [[unknown('a')], [skipped('a')], [pass('b')]])
      expect(verdict(blind, { waivers }, { strictWaivers: true }).ok).toBe(true);
    expect(verdict([pass('a')], { waivers: [waiverFor('a', { environment: 'dev' })] }, { strictWaivers: true }).ok).toBe(true);
  });

  it('counts through its last day, and no longer', () => {
    const waivers = [waiverFor('a', { expires: '2026-11-21' })];
    expect(verdict([found('a', {})], { waivers, now: new Date('2026-11-21T23:59:59Z') }).ok).toBe(true);
    const after = verdict([found('a', {})], { waivers, now: new Date('2026-11-22T00:00:00Z') });
    expect(after.ok).toBe(false);
    expect(after.items).toEqual([
      expect.objectContaining({
        status: 'fail',
        message: 'app may do anything (the waiver of ops expired on 2026-11-21)',
        waiver: expect.objectContaining({ owner: 'ops' }),
      }),
    ]);
  });

  it('does not cover a row that is critical of its own, unless approved', () => {
    const outcomes = [found('a', { data: { severity: 'critical' } })];
    expect(verdict(outcomes, { waivers: [waiverFor('a')] })).toMatchObject({
      ok: false,
      items: [
        {
          status: 'fail',
          message: 'app may do anything (the waiver of ops does not count: a critical finding needs approved_by)',
        },
      ],
    });
    expect(verdict(outcomes, { waivers: [waiverFor('a', { approvedBy: 'cto' })] }).ok).toBe(true);
  });

  it('is for the objects it names', () => {
    const { items } = verdict([found('a', { object: 'x' }, { object: 'y' })], { waivers: [waiverFor('a', { object: 'x' })] });
    expect(items.map(({ object, status }) => [object, status])).toEqual([
      ['y', 'fail'],
      ['x', 'waived'],
    ]);
  });

  it('that runs longer wins over one that is over', () => {
    const waivers = [waiverFor('a', { expires: '2026-01-01', owner: 'former' }), waiverFor('a')];
    expect(verdict([found('a', {})], { waivers }).ok).toBe(true);
  });

  it('that matches nothing is a low finding', () => {
    const { ok, items } = verdict([pass('a')], { waivers: [waiverFor('a', { object: 'role x' })] });
    expect(ok).toBe(true);
    expect(items[0]).toMatchObject({
      id: 'waiver-unused',
      object: 'a:role x',
      status: 'fail',
      severity: 'low',
      message: 'the waiver of ops for a matches nothing: it would hide the next finding before anybody sees it',
      fix: 'remove the entry at dbctl.waivers.yaml:3',
      detail: { file: 'dbctl.waivers.yaml', line: 3 },
    });
  });

  it.each<[string, Outcome[], Partial<Circumstances>]>([
    ['its check could not look', [unknown('a')], {}],
    ['its check was skipped', [skipped('a')], {}],
    ['its check was not asked', [pass('b')], {}],
    ['it is for another environment', [pass('a')], { environment: 'dev' }],
  ])('is not called unused when %s', (_, outcomes, here) => {
    const { items } = verdict(outcomes, { waivers: [waiverFor('a', { environment: 'prod' })], ...here });
    expect(items.filter(({ group }) => group === 'waivers')).toEqual([]);
  });

  it.each([
    ['2026-11-21', 'ends today'],
    ['2026-11-22', 'ends in 1 day'],
    ['2026-12-05', 'ends in 14 days'],
    ['2026-12-06', null],
    ['2026-11-20', null],
  ])('that ends on %s: notice %s', (expires, words) => {
    const notices = verdict([found('a', {})], { waivers: [waiverFor('a', { expires })] }).items.filter(
      ({ id }) => id === 'waiver-expiring',
    );
    if (words === null) expect(notices).toEqual([]);
    else
      expect(notices).toEqual([
        expect.objectContaining({
          severity: 'info',
          message: `the waiver of ops for a ${words}: from the day after the finding counts`,
        }),
      ]);
  });
});

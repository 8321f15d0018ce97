import { describe, expect, it } from 'vitest';
import { reviewAnswer } from '../../../src/commands/evidence-answer.ts';
import { item, type Item } from '../../../src/core/report.ts';
import { render } from '../../../src/render/index.ts';
import { report } from '../render/reports.ts';
import { review } from './support.ts';

const target = { env: 'prod', host: 'db', port: 5432, database: 'lab', serverVersion: '18.2', systemIdentifier: '7' };
const stored = (number = 3) => ({
  report: review({ number }),
  path: '/evidence/access-reviews/000003.json',
  head: 'a'.repeat(64),
});
const finding = (object: string): Item =>
  item({ id: 'grant-excess', object, status: 'fail', severity: 'medium', message: 'it may, and roles.yaml does not say so' });

describe('what a person reads of a review', () => {
  it.each([60, 100])('fits %i columns', async (width) => {
    const findings = { ...review().findings, counting: 1 };
    const facts = review({ answer: 'differs', findings, unseen: [{ what: 'runs of dbctl', why: 'closed', fix: null }] });
    const answer = reviewAnswer({
      facts,
      items: [finding('app: a'), { ...finding('app: b'), severity: 'info' }],
      stored: stored(),
      strict: false,
      target,
    });
    const shown = await render('human', report({ ...answer, target }), {
      color: false,
      width,
      toolVersion: '0',
      ...(answer.view === undefined ? {} : { view: answer.view }),
    });
    for (const line of shown.split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
    expect(shown).toContain('Access review of prod: differs');
    expect(shown).toMatch(/refused by guards +not seen/);
    expect(shown).toMatch(/let through guards +not kept in this database/);
    expect(shown).toContain('Nobody has reviewed it');
    expect(shown).toContain('grant-excess  app: a');
    expect(shown).not.toContain('app: b');
  });

  it('is no list of hundreds of findings, which are in the record', () => {
    const items = Array.from({ length: 60 }, (_, n) => finding(`app: ${n}`));
    const findings = { ...review().findings, counting: 60 };
    const { view, items: all } = reviewAnswer({ facts: review({ findings }), items, stored: null, strict: false, target });
    expect(view?.hidden).toEqual(['fail', 'waived']);
    expect(view?.notes).toContain('Nothing was stored.');
    expect(view?.notes).toContain('All 60 findings are in the record, one by one, and here: dbctl roles audit --full');
    expect(all).toHaveLength(60);
  });
});

describe('the exit status', () => {
  it.each([
    ['as declared', false, true],
    ['as declared, as far as was seen', false, true],
    ['as declared, as far as was seen', true, false],
    ['differs', false, false],
  ] as const)('of %s, strict %s', (answer, strict, ok) => {
    expect(reviewAnswer({ facts: review({ answer }), items: [], stored: null, strict, target }).ok).toBe(ok);
  });
});

import { describe, expect, it } from 'vitest';
import { item, STATUSES } from '../../../src/core/report.ts';
import { render } from '../../../src/render/index.ts';
import { expected, readJunit, readMarkdown, readTap } from './readers.ts';
import { EXAMPLES, NASTY, report } from './reports.ts';

const options = { color: false, width: 80, toolVersion: '0.1.0' };
/** Every status, with a name and a message made to break a format. */
const nasty = STATUSES.flatMap((status) =>
  Object.values(NASTY).map((text) => item({ id: 'a', object: text, status, message: text, severity: 'high', fix: text })),
);
const reports = [
  ...Object.entries(EXAMPLES).map(([name, { report: one }]) => [name, one] as const),
  ['nasty', report({ ok: false, exitCode: 1, items: nasty })] as const,
];
const withItems = reports.filter(
  ([, { items, error, ok }]) => error === null && items.length > 0 && (ok || items.some(({ status }) => status === 'fail')),
);

describe('other programs read', () => {
  it('enough reports', () => expect(withItems.length).toBeGreaterThan(3));

  it.each(reports)('junit as valid by its schema: %s', async (_, one) => {
    readJunit(await render('junit', one, options));
  });

  it.each(withItems)('junit with every item at its end: %s', async (_, one) => {
    const { fail, unknown, waived, skipped, pass } = expected(one);
    expect(readJunit(await render('junit', one, options))).toEqual({
      failed: fail,
      errors: unknown,
      skipped: waived + skipped,
      passed: pass,
    });
  });

  it.each(reports)('tap without an error of its own: %s', async (_, one) => {
    readTap(await render('tap', one, options));
  });

  it.each(withItems)('tap with every item at its end: %s', async (_, one) => {
    const { fail, unknown, waived, skipped, pass } = expected(one);
    expect(readTap(await render('tap', one, options))).toEqual({ failed: fail + unknown, todo: waived, skipped, passed: pass });
  });

  it.each(withItems)('a row of Markdown for every item, and every fix as code: %s', async (_, one) => {
    const { rows, code } = readMarkdown(await render('markdown', one, options));
    expect(rows).toHaveLength(one.items.length);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([5]));
    expect(code).toHaveLength(one.items.filter(({ fix, status }) => fix !== null && status !== 'pass').length);
  });

  it('nothing that is wrong', () => {
    expect(() => readJunit('<testsuites name="a" tests="1" failures="0" errors="0"/>')).toThrow(/testsuite/);
    expect(() => readJunit('<a')).toThrow();
    expect(() => readTap('TAP version 14\n1..2\nok 1 - one\n')).toThrow();
    expect(() => readTap('TAP version 14\n1..1\nok 1 - one\nnonsense\n')).toThrow();
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../../src/core/errors.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { SEVERITIES, STATUSES } from '../../../src/core/report.ts';
import type { Item, ReportError, View } from '../../../src/core/report.ts';
import { FORMATS } from '../../../src/render/index.ts';
import { EXAMPLES, NASTY, prod, report } from './reports.ts';
import type { Example } from './reports.ts';
import { expectWellFormed, validateReport, validateSarif } from './wellformed.ts';

const options = { color: false, width: 80, toolVersion: '0.1.0' };

/** Any UTF-16 at all, unpaired surrogates included, and often one of the strings made to break a format. */
const text = fc.oneof(
  fc.constantFrom<string>(...Object.values(NASTY), '', ' ', '::error::x', '##vso[task.complete]', '```', '~~~', '{', '\\', '#'),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom('`', '|', '#', '\\', '%', ':', '<', '>', '&', '\n', '\r', ' ', '[', ']', '(', '{', '}', '"', 'a'), {
      maxLength: 30,
    })
    .map((characters) => characters.join('')),
);
const detail = fc.oneof(
  fc.constant(null),
  text,
  fc.record({ file: text, line: fc.integer({ min: -1, max: 9 }), column: fc.integer({ min: 0, max: 9 }) }),
  fc.dictionary(text, fc.oneof(text, fc.integer()), { maxKeys: 3, noNullPrototype: true }),
);
const items: fc.Arbitrary<Item[]> = fc.array(
  fc.record({
    id: text,
    object: text,
    status: fc.constantFrom(...STATUSES),
    severity: fc.constantFrom(...SEVERITIES),
    message: text,
    fix: fc.option(text),
    detail,
    state: text,
  }),
  { maxLength: 5 },
);
const error = fc.record<ReportError>(
  {
    code: fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[])),
    message: text,
    hint: fc.option(text),
    sqlstate: fc.constantFrom('42P01', '57014'),
    detail: text,
    position: fc.record({ file: text, line: fc.integer({ min: 1 }), column: fc.integer({ min: 1, max: 60 }), text }),
  },
  { requiredKeys: ['code', 'message', 'hint'] },
);
const columns = fc.array(
  fc.record({ field: fc.constantFrom('id', 'object', 'status', 'message', 'detail', 'state', 'none'), title: text }),
  { minLength: 1, maxLength: 7 },
);
const view = fc.record<View>(
  { title: text, notes: fc.array(text, { maxLength: 2 }), columns, hidden: fc.subarray(['pass', 'skipped', 'fail'] as const) },
  { requiredKeys: [] },
);
const summary = fc.dictionary(text, fc.oneof(text, fc.nat(9)), { maxKeys: 2, noNullPrototype: true });

const examples: fc.Arbitrary<Example> = fc
  .record({ items, error: fc.option(error), yes: fc.boolean(), env: text, database: text, summary, view })
  .map(({ view, env, database, yes, error, items, summary }) => {
    const ok = yes && error === null;
    return { view, report: report({ items, summary, error, ok, exitCode: ok ? 0 : 1, target: { ...prod, env, database } }) };
  });

describe.each(FORMATS)('%s', (format) => {
  test.each(Object.entries(EXAMPLES))('is well formed for the report "%s"', async (_, example) => {
    await expectWellFormed(format, example, options);
  });

  test('is well formed whatever names and messages contain', async () => {
    await fc.assert(
      fc.asyncProperty(examples, (example) => expectWellFormed(format, example, options)),
      { numRuns: 300 },
    );
  });
});

test('human keeps to the width where nothing is there to be pasted', async () => {
  const withoutFixes = examples.map(({ view, report }) => ({
    view,
    report: { ...report, items: report.items.map((item) => ({ ...item, fix: null })) },
  }));
  await fc.assert(
    fc.asyncProperty(withoutFixes, fc.integer({ min: 40, max: 120 }), fc.boolean(), (example, width, unicode) =>
      expectWellFormed('human', example, { ...options, width, unicode }),
    ),
    { numRuns: 500 },
  );
});

test('a SARIF document that is wrong is found to be wrong', () => {
  expect(validateSarif()({ version: '2.1.0', runs: [{ results: [{ message: {} }] }] })).toBe(false);
});

describe('the schema of the report', () => {
  const good = report({ items: [...EXAMPLES.passing.report.items] });

  test('takes a report', () => {
    expect(validateReport(good)).toBe(true);
  });

  test.each<[string, object]>([
    ['another version', { schema: 'dbctl.report/2' }],
    ['a key of its own', { view: {} }],
    ['local time', { startedAt: '2026-03-01T03:04:05+01:00' }],
    ['no time', { startedAt: 'yesterday' }],
    ['yes with an exit status of no', { exitCode: 1 }],
    ['yes with an error', { error: { code: 'internal', message: 'm', hint: null } }],
    ['an error of no known code', { ok: false, error: { code: 'oops', message: 'm', hint: null } }],
    ['an error without a hint', { ok: false, error: { code: 'internal', message: 'm' } }],
    ['a target without a port', { target: { env: 'dev' } }],
    ['an item of no known status', { items: [{ ...good.items[0], status: 'ok' }] }],
    ['an item without a fix', { items: [{ ...good.items[0], fix: undefined }] }],
  ])('refuses %s', (_, change) => {
    expect(validateReport(JSON.parse(JSON.stringify({ ...good, ...change })))).toBe(false);
  });
});

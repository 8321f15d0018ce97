import { describe, expect, test } from 'vitest';
import { item } from '../../../src/core/report.ts';
import type { Item, Severity, Status } from '../../../src/core/report.ts';
import { render } from '../../../src/render/index.ts';
import type { Format } from '../../../src/render/index.ts';
import { compareCodePoints, sortItems } from '../../../src/render/sort.ts';
import { report } from './reports.ts';

const options = { color: false, width: 80, toolVersion: '0.1.0' };

function entry(id: string, status: Status, severity: Severity = 'info', object = 'o'): Item {
  return item({ id, object, message: `message of ${id}`, status, severity });
}

const mixed = [
  entry('pass', 'pass', 'critical'),
  entry('fail-low', 'fail', 'low'),
  entry('waived', 'waived'),
  entry('unknown', 'unknown', 'critical'),
  entry('skipped', 'skipped'),
  entry('fail-critical-b', 'fail', 'critical'),
  entry('fail-critical-a', 'fail', 'critical', 'z'),
  entry('fail-critical-a', 'fail', 'critical', 'a'),
];

test('worst first: status, severity, id, object', () => {
  expect(sortItems(mixed).map(({ id, object }) => `${id} ${object}`)).toEqual([
    'fail-critical-a a',
    'fail-critical-a z',
    'fail-critical-b o',
    'fail-low o',
    'unknown o',
    'waived o',
    'skipped o',
    'pass o',
  ]);
});

test('sorting leaves the report as it was', () => {
  const before = [...mixed];
  sortItems(mixed);
  expect(mixed).toEqual(before);
});

test('code points decide, not UTF-16 units and not a locale', () => {
  expect(['\u{10000}', '\uffff', 'ä', 'z', 'Z'].toSorted(compareCodePoints)).toEqual(['Z', 'z', 'ä', '\uffff', '\u{10000}']);
});

describe('the order of items', () => {
  const versions = report({
    ok: false,
    exitCode: 1,
    items: [entry('001', 'pass'), entry('002', 'fail', 'high'), entry('003', 'unknown')],
  });
  const orderIn = async (format: Format, view = {}) => {
    const text = await render(format, versions, { ...options, view });
    return [...new Set(text.match(/\b00[123]\b/g))].join(' ');
  };

  test.each<Format>(['json', 'ndjson', 'tap', 'junit'])('%s keeps the command’s own', async (format) => {
    expect(await orderIn(format)).toBe('001 002 003');
  });

  test.each<Format>(['human', 'markdown'])('%s puts the worst first', async (format) => {
    expect(await orderIn(format)).toBe('002 003 001');
  });

  test.each<Format>(['human', 'markdown'])('%s keeps the command’s own in a table', async (format) => {
    expect(await orderIn(format, { columns: [{ field: 'id', title: 'version' }] })).toBe('001 002 003');
  });

  test('github puts the worst first, as it shows ten of a kind', async () => {
    expect(await orderIn('github')).toBe('002 003');
  });
});

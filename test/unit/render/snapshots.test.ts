import { describe, expect, test } from 'vitest';
import { FORMATS, render } from '../../../src/render/index.ts';
import type { RenderOptions } from '../../../src/render/index.ts';
import { EXAMPLES } from './reports.ts';

const plain: RenderOptions = { color: false, width: 100, toolVersion: '0.1.0' };

describe.each(Object.entries(EXAMPLES))('the report "%s"', (name, { report, view }) => {
  test.each(FORMATS)('as %s', async (format) => {
    const text = await render(format, report, { ...plain, view });
    await expect(text).toMatchFileSnapshot(`__snapshots__/${name}.${format}.txt`);
  });

  test('as human on a narrow terminal without Unicode', async () => {
    const text = await render('human', report, { ...plain, view, width: 48, unicode: false });
    await expect(text).toMatchFileSnapshot(`__snapshots__/${name}.human-narrow.txt`);
  });
});

test('as human in colour', async () => {
  const text = await render('human', EXAMPLES.findings.report, { ...plain, view: EXAMPLES.findings.view, color: true });
  await expect(text.replaceAll('\u001b', '<ESC>')).toMatchFileSnapshot('__snapshots__/findings.human-color.txt');
});

test('the same report gives the same text, whatever was rendered before', async () => {
  const { report, view } = EXAMPLES.nasty;
  for (const format of FORMATS) {
    expect(await render(format, report, { ...plain, view })).toBe(await render(format, report, { ...plain, view }));
  }
});

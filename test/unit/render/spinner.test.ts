import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { spinnerProgress } from '../../../src/render/progress.ts';

/** What a step wrote to the terminal, without colours and movements. */
function terminal(): { output: PassThrough; shown: () => string } {
  const output = new PassThrough();
  let text = '';
  output.setEncoding('utf8').on('data', (more: string) => (text += more));
  return { output, shown: () => text.replaceAll(/\u001b\[\d*[a-zA-Z]/g, '') };
}

test('a step leaves its line, with what it did and how long it took', () => {
  const { output, shown } = terminal();
  let now = 0;
  const progress = spinnerProgress(output, () => now);
  const step = progress.step('copy');
  now = 65_000;
  step.done('3 tables');
  progress.step('compare').failed();
  expect(shown()).toBe('│\n\r◇  copy: 3 tables [1m 5s]\n│\n\r▲  compare [0s]\n');
});

test('the terminal keeps Ctrl-C: nothing listens to its keys while a step runs', () => {
  const listeners = () => ['keypress', 'data', 'readable'].map((event) => process.stdin.listenerCount(event));
  const before = listeners();
  const step = spinnerProgress(terminal().output, () => 0).step('lent');
  const during = listeners();
  step.done();
  expect(during).toEqual(before);
});

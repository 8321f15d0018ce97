import { expect, it } from 'vitest';
import { dueText } from '../../../src/commands/retention-kinds/due.ts';

it.each([
  [0, 'row', 'nothing is old enough'],
  [1, 'row', '1 row is old enough'],
  [2, 'row', '2 rows are old enough'],
  [0, 'partition', 'no partition is to go'],
  [1, 'partition', '1 partition is to go'],
  [12, 'partition', '12 partitions are to go'],
] as const)('%i %s: %s', (count, what, text) => {
  expect(dueText(count, what)).toBe(text);
});

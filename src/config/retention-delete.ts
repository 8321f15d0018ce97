import { identifier } from './forms.ts';
import { maxTime, thenWord, WHAT, WHY } from './retention-rule.ts';
import { duration, section, text, wholeNumber } from './values.ts';

/** Rows that are removed, in batches. */
export const deleteRule = section({
  ...WHAT,
  by: identifier().describe(
    'Column the age is counted from: timestamptz, timestamp (read as UTC) or date. Without a moment in it (null, infinity) a row stays.',
  ),
  where: text('SQL condition', /\S/, 'an SQL condition on one row')
    .optional()
    .describe("Which rows of that age go, as an SQL condition on one row, such as state = 'done'; default: all."),
  then: thenWord('delete', 'What happens to them: they are removed, batch by batch.'),
  batch: wholeNumber(1, 100_000).prefault(1000).describe('Rows of one transaction.'),
  pause: duration().prefault('100ms').describe('Wait between two transactions.'),
  max_time: maxTime('10min'),
  ...WHY,
});

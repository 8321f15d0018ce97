import { checkWord, identifier } from './forms.ts';
import { age, maxTime, thenWord, WHAT, WHY } from './retention-rule.ts';
import { choice, section, strangers } from './values.ts';

/** Partitions of an append-only table that leave it once somebody else has read their copy back. */
export const archiveRule = section({
  ...WHAT,
  by: identifier()
    .optional()
    .describe(
      'Column the age is counted from: timestamptz, timestamp (read as UTC) or date; default: the one the table is partitioned by, which counts in any case.',
    ),
  then: thenWord(
    'archive',
    'What happens to partitions all rows of which are that old: copied, read back by somebody else, removed.',
  ),
  destination: checkWord('the name of a destination such as cold')
    .optional()
    .describe('One of archive.destinations (default: the first).'),
  as: choice(['csv.gz', 'parquet']).optional().describe('Format of the copies (default: archive.format).'),
  retain: age()
    .optional()
    .describe(
      'How long a copy is meant to be kept, from when it is made: 7 years; stands in its manifest (default: archive.retain_days).',
    ),
  max_time: maxTime(0),
  ...WHY,
}).register(strangers, {
  where: 'a partition leaves whole or not at all',
  batch: 'a partition leaves whole, in one transaction',
  pause: 'a partition leaves whole, in one transaction',
});

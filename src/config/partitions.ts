import { qualifiedName } from './forms.ts';
import { choice, listOfDistinct, section, wholeNumber } from './values.ts';

/** How long the rows of one partition came, in the calendar of UTC; a week begins on Monday (ISO 8601). */
export const PERIODS = ['day', 'week', 'month', 'year'] as const;
export type Period = (typeof PERIODS)[number];

const upkeep = section({
  table: qualifiedName().describe('A table partitioned by range of one column: timestamptz, timestamp (read as UTC) or date.'),
  every: choice(PERIODS).prefault('month').describe('How long the rows of one partition came, in UTC; a week begins on Monday.'),
  ahead: wholeNumber(1, 400)
    .prefault(3)
    .describe('So many partitions after that of today are made beforehand: as many as runs may fail without anybody looking.'),
});

/** Tables whose next partitions dbctl makes. */
export const partitions = listOfDistinct(upkeep, 'table', 'a list of tables');

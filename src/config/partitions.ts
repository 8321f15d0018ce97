import * as z from 'zod';
import { qualifiedName } from './forms.ts';
import { choice, kinds, section, wholeNumber } from './values.ts';

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
export const partitions = z
  .array(upkeep, { error: 'expected a list of tables' })
  .check((payload) => {
    payload.value.forEach(({ table }, index) => {
      if (payload.value.findIndex((other) => other.table === table) === index) return;
      const message = `${JSON.stringify(table)} is listed twice`;
      payload.issues.push({ code: 'custom', input: table, path: [index, 'table'], message });
    });
  })
  .register(kinds, { name: 'list of mappings', reads: 'list' });

import * as z from 'zod';
import { checkWord, identifier, qualifiedName } from './forms.ts';
import { partitions } from './partitions.ts';
import { AGE_EXPECTED, AGE_PATTERN, ageAdvice, ruleName } from './retention-text.ts';
import { choice, duration, kinds, section, text, wholeNumber } from './values.ts';

const age = () => text('age', AGE_PATTERN, AGE_EXPECTED, ageAdvice);

const BYTES = { kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const;

/** `64MB` in the file, 67,108,864 once loaded: the units of PostgreSQL, in powers of 1024. */
function size() {
  const error = 'expected a size such as 64MB, from 1kB to 9999GB';
  const schema = z
    .string({ error })
    .regex(/^[1-9]\d{0,3}(?:kB|MB|GB)$/, { error })
    .transform((value) => Number.parseInt(value, 10) * BYTES[value.replace(/^\d+/, '') as keyof typeof BYTES]);
  return schema.register(kinds, { name: 'size', reads: 'text' });
}

const rule = section({
  name: checkWord('a name such as expired-sessions')
    .optional()
    .describe('Name of the rule; default: the table, its words joined by dashes.'),
  table: qualifiedName().describe('The table, with its schema; partitions go with it.'),
  keep: age().describe('How long a row stays: 24 hours, 30 days, 13 months. The server does the arithmetic, in UTC.'),
  by: identifier().describe(
    'Column the age is counted from: timestamptz, timestamp (read as UTC) or date. Without a moment in it (null, infinity) a row stays.',
  ),
  where: text('SQL condition', /\S/, 'an SQL condition on one row')
    .optional()
    .describe("Which rows of that age go, as an SQL condition on one row, such as state = 'done'; default: all."),
  then: choice(['delete']).describe('What happens to them: delete.'),
  batch: wholeNumber(1, 100_000).prefault(1000).describe('Rows of one transaction.'),
  pause: duration().prefault('100ms').describe('Wait between two transactions.'),
  max_time: duration()
    .prefault('10min')
    .describe('Longest a run works on this rule; what is left waits for the next; 0 is no limit.'),
  max_lag: size().prefault('64MB').describe('Write-ahead log that a standby may be behind; a run waits above it.'),
  basis: text('text', /^[^\0]{3,2000}$/u, 'the law, contract or decision behind the rule, in 3 to 2000 characters').describe(
    'Why rows of this age go: the law, the contract or the decision, for whoever asks later.',
  ),
});

const rules = z
  .array(rule, { error: 'expected a list of rules' })
  .check((payload) => {
    payload.value.forEach((one, index) => {
      const first = payload.value.findIndex((other) => ruleName(other) === ruleName(one));
      if (first === index) return;
      const message = `rule ${ruleName(one)} is there twice: give one of them another name`;
      payload.issues.push({ code: 'custom', input: one, path: [index, one.name === undefined ? 'table' : 'name'], message });
    });
  })
  .register(kinds, { name: 'list of mappings', reads: 'list' });

export const retention = section({
  partitions: partitions
    .prefault([])
    .describe('Tables whose next partitions are made beforehand, and whose default partitions are watched.'),
  rules: rules.prefault([]).describe('What is removed when it is old enough; they run in this order.'),
  grace: age()
    .prefault('1 day')
    .describe('How far a rule may be behind before `retention status` says no: the age of the oldest row beyond its keep.'),
});

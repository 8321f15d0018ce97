import * as z from 'zod';
import { checkWord, qualifiedName } from './forms.ts';
import { AGE_EXPECTED, AGE_PATTERN, ageAdvice, RULE_KINDS, type RuleKind } from './retention-text.ts';
import { duration, kinds, text } from './values.ts';

/** `13 months`. */
export const age = () => text('age', AGE_PATTERN, AGE_EXPECTED, ageAdvice);

const BYTES = { kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const;

/** `64MB` in the file, 67,108,864 once loaded: the units of PostgreSQL, in powers of 1024. */
export function size() {
  const error = 'expected a size such as 64MB, from 1kB to 9999GB';
  const schema = z
    .string({ error })
    .regex(/^[1-9]\d{0,3}(?:kB|MB|GB)$/, { error })
    .transform((value) => Number.parseInt(value, 10) * BYTES[value.replace(/^\d+/, '') as keyof typeof BYTES]);
  return schema.register(kinds, { name: 'size', reads: 'text' });
}

export const THEN_EXPECTED = `expected one of ${RULE_KINDS.join(', ')}`;

/**
 * What a rule does with rows that are old enough: the word by which kinds of rules are told apart. Not called `then`: a module that exports that is
 * taken for a promise, and never imported.
 */
export function thenWord<const Word extends RuleKind>(word: Word, meaning: string) {
  const schema = z.literal(word, { error: THEN_EXPECTED });
  kinds.add(schema, { name: `\`${word}\``, reads: 'text', words: RULE_KINDS });
  return schema.describe(meaning);
}

/** Keys every kind of rule has, in the order they are read. */
export const WHAT = {
  name: checkWord('a name such as expired-sessions')
    .optional()
    .describe('Name of the rule; default: the table, its words joined by dashes.'),
  table: qualifiedName().describe('The table, with its schema; partitions go with it.'),
  keep: age().describe('How long a row stays: 24 hours, 30 days, 13 months. The server does the arithmetic, in UTC.'),
};

export const WHY = {
  max_lag: size().prefault('64MB').describe('Write-ahead log that a standby may be behind; a run waits above it.'),
  basis: text('text', /^[^\0]{3,2000}$/u, 'the law, contract or decision behind the rule, in 3 to 2000 characters').describe(
    'Why rows of this age go: the law, the contract or the decision, for whoever asks later.',
  ),
};

export const maxTime = (otherwise: string | 0) =>
  duration().prefault(otherwise).describe('Longest a run works on this rule; what is left waits for the next; 0 is no limit.');

import * as z from 'zod';
import { checkWord, identifier } from './forms.ts';
import { duration, kinds, section, text } from './values.ts';

/** `expect: 42` is a number to YAML, and 1.0 would become 1 before anybody compares it. */
const quoted = (value: unknown): string | undefined =>
  typeof value === 'number' || typeof value === 'boolean' ? `write "${String(value)}": it is compared as text` : undefined;

const assertion = section({
  name: checkWord('a name such as balances-add-up').describe('Name of the assertion in reports.'),
  sql: text('SQL', /\S/, 'a query').describe(
    'One query that returns one row of one column; it runs in a transaction that may only read. Names without schema are looked up as in any session.',
  ),
  database: identifier().optional().describe('Database of a backup of a whole server that is asked; default: that of the drill.'),
  expect: text('text', /^[\s\S]*$/, 'a text', quoted).describe('The value it has to return, as psql would show it.'),
});

const named = <Schema extends z.ZodType<{ name: string }>>(entry: Schema, expected: string) =>
  z
    .array(entry, { error: `expected ${expected}` })
    .check((payload) => {
      payload.value.forEach(({ name }, index) => {
        if (payload.value.findIndex((one) => one.name === name) === index) return;
        const message = `${JSON.stringify(name)} is listed twice`;
        payload.issues.push({ code: 'custom', input: name, path: [index, 'name'], message });
      });
    })
    .register(kinds, { name: 'list of mappings', reads: 'list' });

/** What a drill asks of a restored backup besides that it is as it was. */
export const drill = section({
  database: identifier()
    .optional()
    .describe(
      'Database of a backup of a whole server in which guards, ledger, checks and assertions are looked for; default: dev.database.',
    ),
  rto: duration().optional().describe('Longest a recovery may take, from the beginning to a database that was looked at.'),
  rpo: duration().optional().describe('Oldest the data may be that a recovery brings back.'),
  assertion_timeout: duration().prefault('60s').describe('Longest an assertion may run; 0 is no limit.'),
  assertions: named(assertion, 'a list of assertions')
    .prefault([])
    .describe('Queries on the restored database and what they have to return.'),
});

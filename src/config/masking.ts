import * as z from 'zod';
import { choice, kinds, listOf, section, text } from './values.ts';

/** Whatever people name a column, but for the dot that parts the three. */
const NAME = '[^.\\s\\0](?:[^.\\r\\n\\0]{0,61}[^.\\s\\0])?';

const rule = section({
  column: text(
    'schema.table.column',
    new RegExp(`^${NAME}\\.${NAME}\\.${NAME}$`, 'u'),
    'a column with its table and schema such as app.customers.email',
  ).describe('The column; of a partitioned table it counts for every partition.'),
  as: choice(['keep', 'nothing', 'constant', 'hash', 'email', 'number']).describe(
    'What a developer sees: keep: the value itself · nothing: null · constant: `value` · hash: 32 hex digits, the same for the same value within one dump · email: an address at example.org, in the same way · number: 1, 2, 3, ….',
  ),
  value: text('text', /^[^\0\r\n]{0,1000}$/, 'a text of one line')
    .optional()
    .describe('With constant: what stands there instead.'),
}).refine((value) => (value.as === 'constant') === (value.value !== undefined), {
  error: 'says constant without value, or value without constant: write {column: app.orders.note, as: constant, value: none}',
  params: { absent: ['value'] },
  when: ({ value }) => typeof value === 'object' && value !== null,
});

/** What developers get to see of production. */
export const masking = section({
  columns: z
    .array(rule, { error: 'expected a list of mappings' })
    .check((payload) => {
      payload.value.forEach(({ column }, index) => {
        if (payload.value.findIndex((one) => one.column === column) === index) return;
        const message = `${JSON.stringify(column)} is listed twice`;
        payload.issues.push({ code: 'custom', input: column, path: [index, 'column'], message });
      });
    })
    .register(kinds, { name: 'list of mappings', reads: 'list' })
    .prefault([])
    .describe('Every column that can hold text has to be here, masked or kept: a new one is a refusal, not a leak.'),
  without_rows: listOf(
    text('schema.table', new RegExp(`^${NAME}\\.${NAME}$`, 'u'), 'a table with its schema such as app.secrets'),
    'a list of tables',
  )
    .prefault([])
    .describe('Tables that come empty.'),
});

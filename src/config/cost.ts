import type * as z from 'zod';
import { checkWord, identifier, qualifiedName } from './forms.ts';
import { kinds, listOf, listOfDistinct, section, text, wholeNumber } from './values.ts';

/** Text, since 0.1 in binary is not a tenth. */
const decimal = () =>
  text('price', /^(?:0|[1-9]\d{0,8})(?:\.\d{1,12})?$/, 'a price as text, with up to 12 decimal places, such as "0.0125"');

const DAY = /^[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;

const from = () =>
  text('day', DAY, 'a day such as 2026-01-01').describe(
    'First day of the price, from its beginning in UTC; it holds until the next one.',
  );

/** Prices, each from a day on: what a month cost is reckoned with the prices of that month. */
function prices<Entry extends z.ZodType<Readonly<{ from: string }>>>(entry: Entry) {
  return listOfDistinct(entry, 'from', 'a list of prices')
    .check((payload) => {
      payload.value.forEach(({ from: day }, index) => {
        const before = payload.value[index - 1]?.from;
        const problem = (message: string) => payload.issues.push({ code: 'custom', input: day, path: [index, 'from'], message });
        if (DAY.test(day) && !isDay(day)) problem(`there is no day ${day}`);
        if (before !== undefined && day < before) problem(`${day} stands after ${before}: the oldest price first`);
      });
    })
    .register(kinds, { name: 'list of mappings', reads: 'list' });
}

/** 30 February is the second of March to Date.UTC. */
function isDay(day: string): boolean {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, date)).getUTCDate() === date;
}

const hot = prices(
  section({
    from: from(),
    gib_month: decimal().describe('What a GiB costs that lies in the database for a month.'),
  }),
);

const cold = listOfDistinct(
  section({
    destination: checkWord('the name of a destination such as cold').describe(
      'Which of archive.destinations; one that was given up, too.',
    ),
    class: text('text', /^[^\0\r\n]{1,100}$/u, 'the name of a storage class')
      .optional()
      .describe('What the storage class is called where it is bought; for reports.'),
    minimum_days: wholeNumber(0, 36_500).prefault(0).describe('For so many days a file is paid for, however soon it goes.'),
    prices: prices(
      section({
        from: from(),
        gib_month: decimal().describe('What a GiB costs that lies there for a month.'),
        thousand_puts: decimal().describe('What a thousand requests cost that store something; "0" where they cost nothing.'),
        restored_gib: decimal().describe('What it costs to fetch a GiB from there; "0" where it costs nothing.'),
      }),
    ),
  }),
  'destination',
  'a list of destinations',
);

const by = listOfDistinct(
  section({
    name: checkWord('a name such as lab').describe('What --by calls it.'),
    value: text('SQL expression', /\S/, 'an SQL expression on one row').describe(
      'An SQL expression on one row, with the columns by their own names, such as compute_tier.',
    ),
  }),
  'name',
  'a list of mappings',
);

const sessions = section({
  table: qualifiedName().describe('The table, with its schema.'),
  at: identifier().describe('Column of type timestamptz: when a session ended.'),
  amount: identifier().describe('Column of type numeric: what it cost.'),
  currency: identifier().describe('Column of type text: in which currency.'),
  status: identifier().optional().describe('Column of type text that says when a cost could not be worked out.'),
  alarms: listOf(text('text', /^[^\0]{1,100}$/u, 'a text'), 'a list of texts')
    .prefault([])
    .describe('What stands in the column of status then.'),
  by: by.prefault([]).describe('What costs are told apart by.'),
})
  .refine((value) => value.alarms.length === 0 || value.status !== undefined, {
    error: 'says alarms without status: name the column they stand in',
    params: { absent: ['status'] },
    when: ({ value }) => typeof value === 'object' && value !== null && Array.isArray((value as { alarms?: unknown }).alarms),
  })
  // One value: columns of one table make no sense in an overlay that names another.
  .register(kinds, { name: 'mapping', reads: 'list' });

/** What storage costs, and which table says what sessions cost. No price is built in: they are yours. */
export const cost = section({
  currency: text('currency', /^[A-Z]{3}$/, 'a currency of ISO 4217 such as EUR')
    .optional()
    .describe('Currency of the prices, as ISO 4217 has it.'),
  hot: hot
    .prefault([])
    .describe(
      'Prices of what lies in the database, [{from: 2026-01-01, gib_month: "0.20"}]; with replicas and backups if you count them.',
    ),
  cold: cold
    .prefault([])
    .describe(
      'Prices of archives: for each destination its class, minimum_days, and prices with from, gib_month, thousand_puts and restored_gib.',
    ),
  sessions: sessions
    .optional()
    .describe('Which table knows what each session cost: table, at, amount, currency, status, alarms, and by.'),
});

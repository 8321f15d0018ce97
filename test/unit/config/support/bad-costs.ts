import { HEAD, type BadFile } from './bad-file.ts';

const PRICES = '{from: 2026-01-01, gib_month: "1", thousand_puts: "0", restored_gib: "0"}';
const SESSIONS = 'table: a.b, at: c, amount: d, currency: e';
const bad = (name: string, cost: string, problems: string | readonly string[], more: Partial<BadFile> = {}): BadFile => ({
  name: `costs: ${name}`,
  yaml: `${HEAD}cost: {${cost}}\n`,
  problems: typeof problems === 'string' ? [problems] : problems,
  ...more,
});
const BEYOND = { beyondSchema: true } as const;
const PRICE = 'expected a price as text, with up to 12 decimal places, such as "0.0125"';

/** Prices, and which table knows what sessions cost. */
export const BAD_COSTS: readonly BadFile[] = [
  bad('a price that is a number', 'currency: EUR, hot: [{from: 2026-01-01, gib_month: 0.10}]', [
    `dbctl.yaml:3:59: cost.hot[0].gib_month: ${PRICE}, found the number 0.10: write it in quotes, "0.10"`,
  ]),
  bad('a price with a comma', 'currency: EUR, hot: [{from: 2026-01-01, gib_month: "0,10"}]', [
    `dbctl.yaml:3:59: cost.hot[0].gib_month: ${PRICE}, found the text "0,10"`,
  ]),
  bad('a price below nothing', 'currency: EUR, hot: [{from: 2026-01-01, gib_month: "-1"}]', [
    `dbctl.yaml:3:59: cost.hot[0].gib_month: ${PRICE}, found the text "-1"`,
  ]),
  bad('a price that is no number', 'currency: EUR, hot: [{from: 2026-01-01, gib_month: "NaN"}]', [
    `dbctl.yaml:3:59: cost.hot[0].gib_month: ${PRICE}, found the text "NaN"`,
  ]),
  bad('a price of 1e-3', 'currency: EUR, hot: [{from: 2026-01-01, gib_month: "1e-3"}]', [
    `dbctl.yaml:3:59: cost.hot[0].gib_month: ${PRICE}, found the text "1e-3"`,
  ]),
  bad('a price without a day', 'currency: EUR, hot: [{gib_month: "1"}]', [
    'dbctl.yaml:3:29: cost.hot[0].from: missing, expected a day such as 2026-01-01',
  ]),
  bad('a month instead of a day', 'currency: EUR, hot: [{from: 2026-01, gib_month: "1"}]', [
    'dbctl.yaml:3:36: cost.hot[0].from: expected a day such as 2026-01-01, found the text "2026-01"',
  ]),
  bad(
    'a day that is none',
    'currency: EUR, hot: [{from: 2026-02-30, gib_month: "1"}]',
    'dbctl.yaml:3:36: cost.hot[0].from: there is no day 2026-02-30',
    BEYOND,
  ),
  bad(
    'prices in another order',
    'currency: EUR, hot: [{from: 2026-02-01, gib_month: "1"}, {from: 2026-01-01, gib_month: "2"}]',
    'dbctl.yaml:3:72: cost.hot[1].from: 2026-01-01 stands after 2026-02-01: the oldest price first',
    BEYOND,
  ),
  bad(
    'two prices of one day',
    'currency: EUR, hot: [{from: 2026-02-01, gib_month: "1"}, {from: 2026-02-01, gib_month: "2"}]',
    'dbctl.yaml:3:72: cost.hot[1].from: "2026-02-01" is listed twice',
    BEYOND,
  ),
  bad(
    'prices without a currency',
    'hot: [{from: 2026-01-01, gib_month: "1"}]',
    'dbctl.yaml:3:8: cost.hot: prices without a currency: write cost: {currency: EUR}',
    BEYOND,
  ),
  bad('a currency by its sign', 'currency: €', [
    'dbctl.yaml:3:18: cost.currency: expected a currency of ISO 4217 such as EUR, found the text "€"',
  ]),
  bad('a destination without prices', 'currency: EUR, cold: [{destination: cold}]', [
    'dbctl.yaml:3:30: cost.cold[0].prices: missing, expected a list of prices',
  ]),
  bad(
    'a destination twice',
    `currency: EUR, cold: [{destination: a, prices: [${PRICES}]}, {destination: a, prices: []}]`,
    'dbctl.yaml:3:147: cost.cold[1].destination: "a" is listed twice',
    BEYOND,
  ),
  bad(
    'the price of a put left out',
    `currency: EUR, cold: [{destination: a, prices: [${PRICES.replace('thousand_puts: "0", ', '')}]}]`,
    [`dbctl.yaml:3:56: cost.cold[0].prices[0].thousand_puts: missing, ${PRICE}`],
  ),
  bad(
    'a misspelt key of a price',
    `currency: EUR, cold: [{destination: a, prices: [${PRICES.replace('thousand_puts', 'thousand_put')}]}]`,
    ['dbctl.yaml:3:91: cost.cold[0].prices[0].thousand_put: unknown key, did you mean thousand_puts'],
  ),
  bad('minimum days below nothing', `currency: EUR, cold: [{destination: a, minimum_days: -1, prices: [${PRICES}]}]`, [
    'dbctl.yaml:3:61: cost.cold[0].minimum_days: expected a whole number from 0 to 36500, found the number -1',
  ]),
  bad('sessions without a currency', `sessions: {${SESSIONS.replace(', currency: e', '')}}`, [
    'dbctl.yaml:3:8: cost.sessions.currency: missing, expected a name as PostgreSQL takes it, up to 63 letters, digits and _',
  ]),
  bad(
    'alarms without a status',
    `sessions: {${SESSIONS}, alarms: [RATE_MISSING]}`,
    'dbctl.yaml:3:8: cost.sessions: says alarms without status: name the column they stand in',
    BEYOND,
  ),
  bad(
    'two groups of one name',
    `sessions: {${SESSIONS}, by: [{name: a, value: b}, {name: a, value: c}]}`,
    'dbctl.yaml:3:95: cost.sessions.by[1].name: "a" is listed twice',
    BEYOND,
  ),
];

import type { Metric } from '../../core/report.ts';
import { decimalText, sumOf, type Amount } from './amount.ts';
import type { ArchiveRun } from './archive-runs.ts';
import type { SessionCosts, WithoutCost } from './sessions.ts';
import type { TableCost } from './table-costs.ts';

/** Collectors keep floats; what programs reckon with is the decimal text of the JSON report. */
const sample = (amount: Amount): number => Number(decimalText(amount, 9));

/** Metrics by table. What is not known has no sample, which is what an alarm on absence is for. */
export function storageMetrics(tables: readonly TableCost[], currency: string | null): Metric[] {
  const gauge = (name: string, help: string, value: (one: TableCost) => number | null, labels = {}): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: tables.flatMap((one) => {
      const known = value(one);
      return known === null ? [] : [{ labels: { table: one.table, ...labels }, value: known }];
    }),
  });
  const money = { currency: currency ?? '' };
  const number = (value: bigint | null): number | null => (value === null ? null : Number(value));
  const amount = (value: Amount | null): number | null => (value === null ? null : sample(value));
  return [
    gauge('dbctl_cost_hot_bytes', 'What the table takes in the database, with indexes and partitions.', ({ hotBytes }) =>
      number(hotBytes),
    ),
    gauge('dbctl_cost_cold_bytes', 'What the archives of the table take.', ({ coldBytes }) => number(coldBytes)),
    gauge('dbctl_cost_growth_bytes', 'What the rows of one month take, on average of past months.', ({ growth }) =>
      number(growth?.bytes ?? null),
    ),
    gauge(
      'dbctl_cost_hot_monthly',
      'What the table costs in the database for a month, in units of the currency.',
      ({ hotCost }) => amount(hotCost),
      money,
    ),
    gauge(
      'dbctl_cost_cold_monthly',
      'What the archives of the table cost for a month, in units of the currency.',
      ({ coldCost }) => amount(coldCost),
      money,
    ),
  ];
}

/** Metrics by table, of what its archives saved. */
export function archiveMetrics(runs: readonly ArchiveRun[], currency: string | null): Metric[] {
  const tables = [...new Set(runs.map(({ copy }) => copy.table))].toSorted();
  const gauge = (name: string, help: string, value: (one: ArchiveRun) => Amount | null): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: tables.flatMap((table) => {
      const values = runs.filter(({ copy }) => copy.table === table).map(value);
      const known = values.filter((one) => one !== null);
      return known.length < values.length ? [] : [{ labels: { table, currency: currency ?? '' }, value: sample(sumOf(known)) }];
    }),
  });
  return [
    gauge(
      'dbctl_cost_archive_saving_monthly',
      'What the archives of the table save for a month now, in units of the currency.',
      ({ savingNow }) => savingNow,
    ),
    gauge(
      'dbctl_cost_archive_saved',
      'What they have saved so far, their own cost taken off, in units of the currency.',
      ({ savedSoFar }) => savedSoFar,
    ),
    gauge(
      'dbctl_cost_archive_restore',
      'What fetching all of them would cost today, in units of the currency.',
      ({ restore }) => restore,
    ),
  ];
}

/** Of this month so far and of the last, and how many have no cost. */
export function sessionMetrics(
  costs: readonly SessionCosts[],
  without: readonly WithoutCost[],
  { thisMonth, lastMonth, by }: { readonly thisMonth: string; readonly lastMonth: string; readonly by: string | null },
): Metric[] {
  // Labels have no dashes.
  const label = by?.replaceAll('-', '_') ?? null;
  const gauge = (name: string, help: string, month: string): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: costs.flatMap(({ month: of, group, currency, amount }) =>
      of !== month || amount === null || currency === null
        ? []
        : [{ labels: { currency, ...(label === null ? {} : { [label]: group ?? '' }) }, value: Number(amount) }],
    ),
  });
  return [
    gauge(
      'dbctl_cost_sessions_this_month',
      'What the sessions cost that ended this month so far, in units of the currency.',
      thisMonth,
    ),
    gauge('dbctl_cost_sessions_last_month', 'What the sessions cost that ended last month, in units of the currency.', lastMonth),
    {
      name: 'dbctl_cost_sessions_without_cost',
      help: 'Sessions whose cost could not be worked out, by the reason.',
      type: 'gauge',
      samples: without.map(({ status, sessions }) => ({ labels: { status }, value: sessions })),
    },
  ];
}

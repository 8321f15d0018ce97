import { bytesText } from '../core/bytes.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item, type View } from '../core/report.ts';
import type { Amount } from '../ops/cost/amount.ts';
import type { ArchivedCopy } from '../ops/cost/archives.ts';
import type { ColdHolding, TableCost } from '../ops/cost/table-costs.ts';
import type { Context } from './context.ts';
import { archivesItem, COST_SESSION, dayText, gapItem, MONTHS, serverNow } from './cost-context.ts';

export const spec: CommandSpec = {
  name: 'cost storage',
  summary: 'what each table costs a month, in the database and in archives, and how it grows',
  description:
    'Sizes are pg_total_relation_size: rows, indexes and what is stored out of line, partitions added up. Archives are the copies that dbctl ' +
    'recorded when partitions left the database. Costs are of a month at the prices in force today (cost.hot and cost.cold of dbctl.yaml). ' +
    'Growth is measured on partitions by time: what the rows of the past full months take, or took before they were archived; ' +
    'without such partitions it is unknown. In a year: the monthly cost then, where it goes on so and nothing leaves. ' +
    'Exit 1 when a price is missing, or something could not be seen. Needs no right on the tables; membership in dbctl_auditor for archives.',
  effect: 'reads',
  targets: true,
  options: [
    MONTHS('how many full months growth is measured on', 3),
    { flags: '--partitions', description: 'each partition by itself' },
    { flags: '--all', description: 'every table on screen (default: the 25 largest; other formats always have all)' },
  ],
  examples: [
    ['dbctl cost storage --env prod', 'where does the money go?'],
    ['dbctl cost storage --env prod --partitions --all', 'which months are the large ones?'],
    ['dbctl cost storage --env prod --out prometheus=/var/lib/node_exporter/dbctl_cost.prom', 'for the textfile collector'],
  ],
};

const MOST_SHOWN = 25;

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { config } = await context.config();
  const [
    { readTables },
    { readArchives },
    { readBlobs },
    { storagePrices },
    { costOfTables, totalOf },
    { gapsOf },
    { storageMetrics },
    { exactText, moneyText },
  ] = await Promise.all([
    import('../ops/cost/tables.ts'),
    import('../ops/cost/archives.ts'),
    import('../ops/cost/blobs.ts'),
    import('../ops/cost/prices.ts'),
    import('../ops/cost/table-costs.ts'),
    import('../ops/cost/gaps.ts'),
    import('../ops/cost/metrics.ts'),
    import('../ops/cost/money.ts'),
  ]);
  const prices = storagePrices(config);
  const wish = { prices, months: (options['months'] as number | undefined) ?? 3, apart: options['partitions'] === true };
  return context.withDatabase(COST_SESSION, async (session) => {
    const now = await serverNow(session);
    const archives = await readArchives(session);
    const copies = archives.state === 'read' ? archives.copies : archives.state === 'none' ? [] : null;
    const blobs = await readBlobs(session);
    const holdings = copies === null || blobs === null ? null : [...holdingsOf(copies, wish.apart), ...blobs];
    const tables = costOfTables(await readTables(session), copies, holdings, { ...wish, now });
    const shown = { currency: prices.currency, exactText, moneyText };
    const rows = tables.map((one) => tableItem(one, shown));
    const troubles = [...archivesItem(archives, session.user, blobs), ...gapsOf(prices, holdings ?? [], now).map(gapItem)];
    const [hot, cold] = [totalOf(tables.map(({ hotCost }) => hotCost)), totalOf(tables.map(({ coldCost }) => coldCost))];
    const items = [...rows, ...troubles];
    return {
      ok: items.every(({ status }) => status === 'pass'),
      items,
      summary: {
        tables: tables.length,
        currency: prices.currency,
        hotBytes: Number(sumOfBytes(tables.map(({ hotBytes }) => hotBytes))),
        coldBytes: Number(sumOfBytes(tables.map(({ coldBytes }) => coldBytes))),
        hotCost: hot.unknown > 0 ? null : exactText(hot.known),
        coldCost: cold.unknown > 0 ? null : exactText(cold.known),
        unknown: items.filter(({ status }) => status === 'unknown').length,
        pricesOf: dayText(now),
      },
      target: context.target(session),
      view: {
        title: titleOf(prices.currency, now),
        overview: {
          columns: wish.apart ? PARTITION_COLUMNS : COLUMNS,
          rows: options['all'] === true ? rows : rows.slice(0, MOST_SHOWN),
        },
        hidden: ['pass'],
        notes: notesOf(tables, options['all'] === true ? tables.length : MOST_SHOWN, {
          hot: hot.unknown > 0 ? null : hot.known,
          cold: cold.unknown > 0 ? null : cold.known,
          money: moneyText,
        }),
        metrics: storageMetrics(tables, prices.currency),
      },
    };
  });
}

const COLUMNS: NonNullable<View['columns']> = [
  { field: 'object', title: 'table' },
  { field: 'hot', title: 'hot', align: 'right' },
  { field: 'hotMonth', title: 'a month', align: 'right' },
  { field: 'cold', title: 'archived', align: 'right' },
  { field: 'coldMonth', title: 'a month', align: 'right' },
  { field: 'grows', title: 'grows', align: 'right' },
];
const PARTITION_COLUMNS = COLUMNS.slice(0, 5);

/** What came back has no bytes of its own. */
const holdingsOf = (copies: readonly ArchivedCopy[], apart: boolean): ColdHolding[] =>
  copies
    .filter(({ returnOf }) => returnOf === null)
    .map(({ table, partition, destination, coldBytes: bytes }) => ({ table: apart ? partition : table, destination, bytes }));

const titleOf = (currency: string | null, now: number): string =>
  currency === null
    ? 'Costs are unknown: dbctl.yaml has no prices. Growth is of a month.'
    : `Costs of a month in ${currency}, at the prices of ${dayText(now)}; growth is of a month, too.`;

interface Shown {
  readonly currency: string | null;
  readonly exactText: (amount: Amount) => string;
  readonly moneyText: (amount: Amount | null) => string;
}

function tableItem(one: TableCost, { currency, exactText, moneyText }: Shown): Item {
  const { table, hotBytes, coldBytes, growth, hotCost, coldCost, costInAYear } = one;
  const exact = (amount: Amount | null): string | null => (amount === null ? null : exactText(amount));
  const locked = hotBytes === null;
  return item({
    id: locked ? 'locked' : 'table',
    object: table,
    status: locked ? 'unknown' : 'pass',
    severity: locked ? 'low' : 'info',
    message: locked ? 'somebody holds it locked: its size is not known' : `${bytesText(Number(hotBytes))} in the database`,
    fix: locked ? WHO_LOCKS : null,
    hot: hotBytes === null ? 'unknown' : bytesText(Number(hotBytes)),
    hotMonth: moneyText(hotCost),
    cold: coldBytes === null ? 'unknown' : coldBytes === 0n ? '' : bytesText(Number(coldBytes)),
    coldMonth: coldBytes === 0n ? '' : moneyText(coldCost),
    grows: growth === null ? (one.byTime ? 'unknown' : '') : bytesText(Number(growth.bytes)),
    partitions: one.partitions,
    hotBytes: hotBytes === null ? null : Number(hotBytes),
    indexBytes: one.indexBytes === null ? null : Number(one.indexBytes),
    rows: one.rows,
    deadRows: one.deadRows,
    copies: one.copies,
    blobs: one.blobs,
    coldBytes: coldBytes === null ? null : Number(coldBytes),
    currency,
    hotCost: exact(hotCost),
    coldCost: exact(coldCost),
    growthBytes: growth === null ? null : Number(growth.bytes),
    growthMonths: growth?.months ?? null,
    costInAYear: exact(costInAYear),
  });
}

const WHO_LOCKS =
  'select l.relation::regclass, a.pid, a.query from pg_locks l join pg_stat_activity a using (pid) ' +
  "where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.granted;";

const sumOfBytes = (sizes: readonly (bigint | null)[]): bigint => sizes.reduce<bigint>((sum, one) => sum + (one ?? 0n), 0n);

interface Totals {
  readonly hot: Amount | null;
  readonly cold: Amount | null;
  readonly money: (amount: Amount | null) => string;
}

function notesOf(tables: readonly TableCost[], shown: number, { hot, cold, money }: Totals): string[] {
  const size = (sizes: readonly (bigint | null)[]): string => bytesText(Number(sumOfBytes(sizes)));
  const growing = tables.filter(({ growth, costInAYear }) => growth !== null && growth.bytes > 0n && costInAYear !== null);
  const rest = tables.length - shown;
  return [
    ...(rest > 0 ? [`And ${rest} smaller ${rest === 1 ? 'one' : 'ones'}: --all.`] : []),
    `All in the database: ${size(tables.map(({ hotBytes }) => hotBytes))}, ${costText(hot, money)}.`,
    ...(tables.some(({ coldBytes }) => coldBytes !== 0n)
      ? [`All archived: ${size(tables.map(({ coldBytes }) => coldBytes))}, ${costText(cold, money)}.`]
      : []),
    ...growing.map(
      ({ table, growth, costInAYear }) =>
        `${table}: ${money(costInAYear)} a month in a year, if it grows as in the past ${growth?.months === 1 ? 'month' : `${growth?.months} months`} and nothing leaves.`,
    ),
  ];
}

const costText = (amount: Amount | null, money: Totals['money']): string =>
  amount === null ? 'at a cost that is not known' : `${money(amount)} a month`;

import { bytesText } from '../core/bytes.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item, type View } from '../core/report.ts';
import type { Amount } from '../ops/cost/amount.ts';
import type { ArchiveRun } from '../ops/cost/archive-runs.ts';
import type { Context } from './context.ts';
import { archivesItem, COST_SESSION, dayText, gapItem, serverNow } from './cost-context.ts';

export const spec: CommandSpec = {
  name: 'cost archives',
  summary: 'what each archived partition saves, when it has paid for itself, and what a restore would cost',
  description:
    'For each copy that dbctl recorded: what the partition took in the database and takes in its destination, what storing it cost once, what it ' +
    'saves a month, after how many days that pays (the minimum of the storage class included), and what fetching it would cost today. These are ' +
    'reckoned at the prices of the day of the export; saved so far at the prices of each month since. A copy whose partition is still in ' +
    'the database saves nothing yet. Exit 1 when a price is missing, an archive costs more than the partition did, or copies cannot be ' +
    'seen. Needs membership in dbctl_auditor.',
  effect: 'reads',
  targets: true,
  options: [{ flags: '--table <table>', description: 'only copies of this table, with its schema', repeatable: true }],
  examples: [
    ['dbctl cost archives --env prod', 'did archiving pay?'],
    ['dbctl cost archives --env prod --table audit.audit_log --format json', 'exact amounts, for a spreadsheet'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { config } = await context.config();
  const [{ isOut, readArchives }, { storagePrices }, runs, { gapsOf }, { archiveMetrics }, { exactText, moneyText }] =
    await Promise.all([
      import('../ops/cost/archives.ts'),
      import('../ops/cost/prices.ts'),
      import('../ops/cost/archive-runs.ts'),
      import('../ops/cost/gaps.ts'),
      import('../ops/cost/metrics.ts'),
      import('../ops/cost/money.ts'),
    ]);
  const { sumOf } = await import('../ops/cost/amount.ts');
  const prices = storagePrices(config);
  const tables = options['table'] as readonly string[] | undefined;
  return context.withDatabase(COST_SESSION, async (session) => {
    const now = await serverNow(session);
    const archives = await readArchives(session);
    const all = archives.state === 'read' ? archives.copies : [];
    const copies = tables === undefined ? all : all.filter(({ table }) => tables.includes(table));
    const costs = runs.costOfArchives(copies, prices, now);
    const shown = { currency: prices.currency, exactText, moneyText, isDearer: runs.isDearer };
    const rows = costs.map((one) => runItem(one, shown));
    const held = copies.map(({ table, destination, coldBytes: bytes }) => ({ table, destination, bytes }));
    const gaps = copies.length === 0 ? [] : gapsOf(prices, held, now);
    const items = [...rows, ...archivesItem(archives, session.user), ...gaps.map(gapItem)];
    const saved = costs.every(({ savedSoFar }) => savedSoFar !== null)
      ? sumOf(costs.flatMap(({ savedSoFar }) => savedSoFar ?? []))
      : null;
    return {
      ok: items.every(({ status }) => status === 'pass'),
      items,
      summary: {
        copies: copies.length,
        removed: copies.filter(isOut).length,
        currency: prices.currency,
        hotBytes: Number(copies.reduce((sum, { hotBytes }) => sum + hotBytes, 0n)),
        coldBytes: Number(copies.reduce((sum, { coldBytes }) => sum + coldBytes, 0n)),
        savedSoFar: saved === null ? null : exactText(saved),
        pricesOf: dayText(now),
      },
      target: context.target(session),
      view: {
        title:
          copies.length === 0
            ? 'No copy of a partition is recorded in this database.'
            : `Amounts ${prices.currency === null ? 'are unknown' : `in ${prices.currency}`}; pays in: days until the archive has paid for itself.`,
        ...(rows.length === 0 ? {} : { overview: { columns: COLUMNS, rows } }),
        hidden: ['pass'],
        notes: copies.length === 0 ? [] : [`Saved so far, storing and keeping the archives taken off: ${moneyText(saved)}.`],
        metrics: archiveMetrics(costs, prices.currency),
      },
    };
  });
}

const COLUMNS: NonNullable<View['columns']> = [
  { field: 'object', title: 'partition' },
  { field: 'hot', title: 'before', align: 'right' },
  { field: 'cold', title: 'archived', align: 'right' },
  { field: 'saves', title: 'saves', align: 'right' },
  { field: 'pays', title: 'pays in', align: 'right' },
  { field: 'soFar', title: 'so far', align: 'right' },
];

interface Shown {
  readonly currency: string | null;
  readonly exactText: (amount: Amount) => string;
  readonly moneyText: (amount: Amount | null) => string;
  readonly isDearer: (one: ArchiveRun) => boolean;
}

function runItem(one: ArchiveRun, { currency, exactText, moneyText, isDearer }: Shown): Item {
  const { copy, cost, storage } = one;
  const exact = (amount: Amount | null): string | null => (amount === null ? null : exactText(amount));
  const dearer = isDearer(one);
  const moment = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  return item({
    id: dearer ? 'dearer' : 'archive',
    object: copy.partition,
    status: dearer ? 'fail' : cost === null ? 'unknown' : 'pass',
    severity: dearer ? 'medium' : cost === null ? 'low' : 'info',
    message: messageOf(one, dearer, moneyText),
    fix: dearer ? 'docs/cost.md: when archiving pays' : null,
    segment: copy.segment,
    table: copy.table,
    destination: copy.destination,
    storageClass: storage?.storageClass ?? null,
    minimumDays: storage?.minimumDays ?? null,
    exportedAt: moment(copy.exportedAt),
    removedAt: moment(copy.removedAt),
    returnedAt: moment(copy.returnedAt),
    returnOf: copy.returnOf,
    retainUntil: moment(copy.retainUntil),
    rows: copy.rows,
    hotBytes: Number(copy.hotBytes),
    coldBytes: Number(copy.coldBytes),
    currency,
    hotCost: exact(cost?.before ?? null),
    coldCost: exact(cost?.after ?? null),
    putCost: exact(cost?.put ?? null),
    saving: exact(cost?.saving ?? null),
    savingNow: exact(one.savingNow),
    breakEvenDays: cost === null || cost.breakEvenDays === null ? null : Number(cost.breakEvenDays),
    restoreCost: exact(one.restore),
    savedSoFar: exact(one.savedSoFar),
    hot: bytesText(Number(copy.hotBytes)),
    cold: bytesText(Number(copy.coldBytes)),
    saves: moneyText(cost?.saving ?? null),
    pays: paysText(one),
    soFar: moneyText(one.savedSoFar),
  });
}

function paysText({ cost }: ArchiveRun): string {
  if (cost === null) return 'unknown';
  return cost.breakEvenDays === null ? 'never' : `${cost.breakEvenDays} d`;
}

function messageOf({ copy, cost, restore }: ArchiveRun, dearer: boolean, money: Shown['moneyText']): string {
  if (cost === null)
    return `${bytesText(Number(copy.coldBytes))} in ${copy.destination ?? 'an unknown destination'}; no price of the day it was exported, ${dayText(copy.exportedAt)}`;
  const month = `${money(cost.after)} a month instead of ${money(cost.before)}`;
  if (dearer) return `the archive costs more than the partition did: ${month}`;
  if (copy.returnedAt !== null) return `${month}, until it was brought back on ${dayText(copy.returnedAt)}`;
  if (copy.returnOf !== null)
    return `it came back from ${copy.returnOf}; ${money(cost.saving)} a month are saved once it has left again`;
  return `${month}${copy.removedAt === null ? ', once the partition is removed' : ''}; storing it cost ${money(cost.put)}, fetching it would cost ${money(restore)}`;
}

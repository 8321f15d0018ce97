import type { Json } from '../../core/json.ts';
import type { Session } from '../../db/session.ts';
import type { Amount } from '../../ops/cost/amount.ts';
import type { Leaving, LeavingCost, Shrinkage } from '../../ops/cost/leaving.ts';
import type { Gap } from '../../ops/cost/gaps.ts';
import type { Remark } from '../../ops/retention/plan.ts';
import type { ArchiveRule } from '../../ops/retention/settings.ts';
import type { Context } from '../context.ts';
import { serverNow } from '../cost-context.ts';

/** What partitions of a rule cost before and after they leave, for its plan. */
export interface PlannedCosts {
  /** Fields of the item of a partition. */
  of(partition: string): Readonly<Record<string, Json>>;
  /** Fields of the line of the rule. */
  readonly row: Readonly<Record<string, Json>>;
  readonly remarks: readonly Remark[];
}

/** Reads what earlier copies of the table took, and reckons at the prices of today. What is not known is null, and said once. */
export async function planCosts(
  session: Session,
  rule: ArchiveRule,
  context: Context,
  leaving: readonly Leaving[],
): Promise<PlannedCosts> {
  const { config } = await context.config();
  const [{ readArchives }, { storagePrices }, { costOfLeaving, shrinkageOf, totalOfLeaving }, { gapsOf }, money] =
    await Promise.all([
      import('../../ops/cost/archives.ts'),
      import('../../ops/cost/prices.ts'),
      import('../../ops/cost/leaving.ts'),
      import('../../ops/cost/gaps.ts'),
      import('../../ops/cost/money.ts'),
    ]);
  const prices = storagePrices(config);
  const table = `${rule.schema}.${rule.table}`;
  const destination = rule.destination ?? config.archive.destinations[0]?.name ?? '';
  const now = await serverNow(session);
  const archives = await readArchives(session);
  const copies = archives.state === 'read' ? archives.copies : [];
  const shrinkage = shrinkageOf(copies, table, rule.format ?? config.archive.format);
  const costs = costOfLeaving(leaving, shrinkage, { prices, destination, now });
  const { before, cost } = totalOfLeaving(costs);
  const exact = (amount: Amount | null | undefined): string | null =>
    amount === null || amount === undefined ? null : money.exactText(amount);
  const gaps = gapsOf(prices, destination === '' ? [] : [{ table, destination, bytes: 0n }], now);
  const staying = before === null ? '' : `${money.moneyText(before)} ${prices.currency} a month before`;
  const message =
    cost === null
      ? [staying, unknownText(gaps, table)].filter((part) => part !== '').join('; ')
      : `${staying}, ${money.moneyText(cost.after)} after, ${money.moneyText(cost.put)} once for storing; ` +
        `${paysText(costs)}${estimateText(costs, shrinkage)}`;
  return {
    of: (partition) => fieldsOf(costs.find(({ name }) => name === partition)),
    row: {
      currency: prices.currency,
      costBefore: exact(before),
      costAfter: exact(cost?.after),
      costOnce: exact(cost?.put),
    },
    remarks:
      leaving.length === 0 ? [] : [{ id: 'cost', object: rule.name, severity: 'info', message, fix: gaps[0]?.fix ?? null }],
  };

  function fieldsOf(one: LeavingCost | undefined): Readonly<Record<string, Json>> {
    const days = one?.cost?.breakEvenDays ?? null;
    return {
      estimatedColdBytes: one?.estimated === true && one.coldBytes !== null ? Number(one.coldBytes) : null,
      costBefore: exact(one?.before),
      costAfter: exact(one?.cost?.after),
      costOnce: exact(one?.cost?.put),
      breakEvenDays: days === null ? null : Number(days),
    };
  }
}

function unknownText([gap]: readonly Gap[], table: string): string {
  if (gap !== undefined) return `what it costs is not known: ${gap.message.replace(/: the cost is not known$/, '')}`;
  return `what it costs after is not known: no earlier copy of ${table} shows how small it becomes`;
}

function paysText(costs: readonly LeavingCost[]): string {
  const days = costs.map(({ cost }) => cost?.breakEvenDays ?? null);
  const never = days.filter((one) => one === null).length;
  if (never === days.length) return 'it never pays';
  const known = days.filter((one) => one !== null).map(Number);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const pays = least === most ? `pays in ${least} ${least === 1 ? 'day' : 'days'}` : `pays in ${least} to ${most} days`;
  return never === 0 ? pays : `${pays}, of ${never} never`;
}

function estimateText(costs: readonly LeavingCost[], shrinkage: Shrinkage | null): string {
  if (shrinkage === null || !costs.some(({ estimated }) => estimated)) return '';
  const { ratio, copies } = shrinkage;
  const percent = Number((ratio.numerator * 1000n) / ratio.denominator) / 10;
  return ` (estimate: ${copies === 1 ? 'an earlier copy' : `${copies} earlier copies`} took ${percent} % of what the rows took in the database)`;
}

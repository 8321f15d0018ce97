import { item, type Item } from '../../core/report.ts';
import type { Session } from '../../db/session.ts';
import type { Remark } from '../../ops/retention/plan.ts';
import type { TableFacts } from '../../ops/retention/archiving/facts.ts';
import type { PartitionPlan } from '../../ops/retention/archiving/plan.ts';
import { tableText, type ArchiveRule } from '../../ops/retention/settings.ts';
import type { Context } from '../context.ts';
import { planCosts, type PlannedCosts } from './archive-cost.ts';
import type { BoundRule, PlannedRule, PlanWish, Sight } from './index.ts';
import { backlogFacts, rowFacts, unfitRow } from './row.ts';
import { dueText } from './due.ts';

/** `then: archive`: partitions leave once somebody else has read their copy back. */
export const bindArchive = (rule: ArchiveRule, context: Context): BoundRule => ({
  rule,
  words: `partitions of ${tableText(rule)} older than ${rule.keep} are copied${rule.destination === null ? '' : ` to ${rule.destination}`}, and removed where somebody else has read the copy back`,
  plan: (session, wish) => plan(session, rule, wish, context),
  run: async (session, control) => {
    const [{ runArchiveRule }, { archiveTools }] = await Promise.all([
      import('../../ops/retention/archiving/run.ts'),
      import('../retention-archive-tools.ts'),
    ]);
    return runArchiveRule(session, rule, control, await archiveTools(rule, context));
  },
  look: (session) => look(session, rule, context),
});

async function plan(session: Session, rule: ArchiveRule, { exact }: PlanWish, context: Context): Promise<PlannedRule> {
  const [{ inspectTable, isUnfitTable }, { backlogOf, planTable }] = await Promise.all([
    import('../../ops/retention/archiving/inspect.ts'),
    import('../../ops/retention/archiving/plan.ts'),
  ]);
  const { config } = await context.config();
  const table = await inspectTable(session, rule, { xidColumn: config.ledger.xid_column, exact });
  if (isUnfitTable(table))
    return { row: unfitRow(rule, rule.by, table.problem, table.grants), parts: [], remarks: [], going: null, backlog: null };
  const plans = planTable(table);
  const backlog = backlogOf(plans, exact ? 'exact' : 'estimate');
  const going = plans.filter(({ step }) => step !== 'stay');
  const newest =
    going
      .flatMap(({ facts }) => facts.newest ?? [])
      .toSorted()
      .at(-1) ?? table.cutOff;
  const costs = await planCosts(session, rule, context, going.map(leavingOf));
  const { planText } = await import('../../ops/retention/archiving/plan.ts');
  return {
    row: item({
      ...rowFacts(rule, rule.by ?? table.keyColumn),
      message: dueText(going.length, 'partition'),
      ...backlogFacts(backlog, table),
      index: null,
      partitions: plans.length,
      younger: table.younger,
      ...costs.row,
    }),
    parts: plans.map((one) => partItem(rule, one, planText(one), costs)),
    remarks: [
      ...plans.flatMap((one) => [...stayRemark(one), ...lostRemarks(one)]),
      ...costs.remarks,
      ...keepRemarks(rule, table),
    ],
    going: { rule: rule.name, rows: going.reduce((sum, { facts }) => sum + (facts.rows ?? 1), 0), newest, isCopied: true },
    backlog,
  };
}

const leavingOf = ({ facts }: PartitionPlan) => ({
  name: facts.name,
  hotBytes: BigInt(facts.hotBytes),
  coldBytes: facts.segment === null ? null : BigInt(facts.segment.coldBytes),
});

/** One partition: numbers for whoever counts what it costs, words for the others. */
function partItem(rule: ArchiveRule, { facts, step }: PartitionPlan, message: string, costs: PlannedCosts): Item {
  const { name, rows, hotBytes, oldest, newest, holds, referrers, dependants, isFenced, segment, ledger } = facts;
  return item({
    id: 'partition',
    object: name,
    message,
    rule: rule.name,
    table: tableText(rule),
    step,
    rows,
    hotBytes,
    coldBytes: segment?.coldBytes ?? null,
    oldest,
    newest,
    fenced: isFenced,
    holds: [...holds],
    referrers: referrers.map(({ table, name: key, how }) => ({ table, name: key, how })),
    dependants: dependants.map(({ what, how }) => ({ what, how })),
    segment: segment?.segment ?? null,
    uri: segment?.uri ?? null,
    exportedBy: segment?.exportedBy ?? null,
    verified: segment?.isVerified ?? false,
    ledgerWindows: ledger?.windows ?? null,
    sealed: ledger?.isSealed ?? null,
    published: ledger?.isPublished ?? null,
    ...costs.of(name),
  });
}

/** A partition that stays for something a person can mend is worth a finding of its own. */
const stayRemark = (one: PartitionPlan): Remark[] =>
  one.step === 'stay' && one.severity !== 'info'
    ? [{ id: 'stays', object: one.facts.name, severity: one.severity, message: one.why, fix: one.fix }]
    : [];

/** What goes along without a word of the server: of those that are to leave. */
const lostRemarks = ({ step, facts }: PartitionPlan): Remark[] =>
  step === 'stay'
    ? []
    : facts.dependants
        .filter(({ how }) => how === 'lost')
        .map(({ what, fix }) => ({
          id: 'goes-along',
          object: facts.name,
          severity: 'low',
          message: what.startsWith('publication ')
            ? `${what} names this very partition, and loses it with the removal`
            : `${what} is made from this very partition, and is dropped with it`,
          fix,
        }));

function keepRemarks(rule: ArchiveRule, { said }: TableFacts): Remark[] {
  if (said?.than === 'same') return [];
  const object = rule.name;
  if (said?.than === 'longer') {
    const message = `the database promises rows of ${tableText(rule)} ${said.keep}, which a file does not lower`;
    const fix = `select dbctl.keep_rows('${tableText(rule)}', '${rule.keep}', 'why'); -- for rows to come`;
    return [{ id: 'keep', object, severity: 'low', message, fix }];
  }
  const before = said === null ? 'nobody has said it yet' : `${said.keep} until now`;
  const message = `the run says in the database that rows of ${tableText(rule)} are kept for ${rule.keep}: ${before}`;
  return [{ id: 'keep', object, severity: 'info', message, fix: null }];
}

async function look(session: Session, rule: ArchiveRule, context: Context): Promise<Sight | string> {
  const [{ inspectTable, isUnfitTable }, { backlogOf, planTable }] = await Promise.all([
    import('../../ops/retention/archiving/inspect.ts'),
    import('../../ops/retention/archiving/plan.ts'),
  ]);
  const { config } = await context.config();
  const table = await inspectTable(session, rule, { xidColumn: config.ledger.xid_column, use: 'look' });
  if (isUnfitTable(table)) return table.problem;
  const plans = planTable(table);
  const waiting = plans.filter(({ step }) => step === 'wait').length;
  const told = `${waiting === 1 ? '1 partition waits' : `${waiting} partitions wait`} for dbctl retention verify --record`;
  return { ...backlogOf(plans), ...(waiting === 0 ? {} : { told, fix: 'dbctl retention verify --record' }) };
}

import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError, fail } from '../core/errors.ts';
import { item, type Answer, type Item, type View } from '../core/report.ts';
import { suggest } from '../core/suggest.ts';
import { ConfigError } from '../config/problem.ts';
import type { SessionCosts, SessionTable, WithoutCost } from '../ops/cost/sessions.ts';
import { ident, qualified, splitName } from '../db/ident.ts';
import type { Session } from '../db/session.ts';
import type { Context } from './context.ts';
import { COST_SESSION, MONTHS, serverNow } from './cost-context.ts';

export const spec: CommandSpec = {
  name: 'cost sessions',
  summary: 'what sessions cost by month, and which have no cost',
  description:
    'Sums what the table of cost.sessions says that each session cost, by the month of UTC in which it ended and by currency; amounts are exact. ' +
    'With --by also by one of cost.sessions.by of dbctl.yaml. Sessions whose status says that a cost could not be worked out are an alarm, ' +
    'whenever they ended. Exit 1 when there are any, or when something could not be seen. Needs SELECT on the columns. Where policies decide which rows ' +
    'a role sees, one has to show it all of them, whatever is in the row, such as `using (true)` or by a setting of the role; else it takes BYPASSRLS, since a sum ' +
    'of some rows would look like a sum of all.',
  effect: 'reads',
  targets: true,
  options: [
    MONTHS('how many months, this one among them', 3),
    { flags: '--by <name>', description: 'one of cost.sessions.by of dbctl.yaml, such as tier' },
  ],
  examples: [
    ['dbctl cost sessions --env prod', 'what did the past months cost?'],
    ['dbctl cost sessions --env prod --by lab --months 1', 'which lab is the dear one?'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { table, by } = await wishOf(options['by'] as string | undefined, context);
  const months = (options['months'] as number | undefined) ?? 3;
  const [sessions, { monthStart }, { sessionMetrics }] = await Promise.all([
    import('../ops/cost/sessions.ts'),
    import('../ops/cost/storage.ts'),
    import('../ops/cost/metrics.ts'),
  ]);
  const [{ decimal }, { moneyText }] = await Promise.all([import('../ops/cost/amount.ts'), import('../ops/cost/money.ts')]);
  const money = (amount: string | null): string =>
    amount === null ? 'unknown' : /^-?\d+(?:\.\d+)?$/.test(amount) ? moneyText(decimal(amount)) : amount;
  return context.withDatabase(COST_SESSION, async (session) => {
    const now = await serverNow(session);
    const [from, to] = [new Date(monthStart(now, 1 - months)), new Date(monthStart(now, 1))];
    const seen = await look(session, { table, by: by?.value ?? null, from, to });
    const monthText = (after: number): string => new Date(monthStart(now, after)).toISOString().slice(0, 7);
    const rows = 'problem' in seen ? [] : seen.costs.map((one) => costItem(one, by?.name ?? null, money));
    const alarms = 'problem' in seen ? [unseenItem(table, seen)] : seen.without.map((one) => alarmItem(one, table));
    const items = [...rows, ...alarms];
    return {
      ok: alarms.length === 0,
      items,
      summary: {
        months,
        by: by?.name ?? null,
        sessions: 'problem' in seen ? null : seen.costs.reduce((sum, one) => sum + one.sessions, 0),
        withoutCost: 'problem' in seen ? null : seen.without.reduce((sum, one) => sum + one.sessions, 0),
      },
      target: context.target(session),
      view: {
        title: `Sessions by the month (UTC) in which they ended, since ${monthText(1 - months)}.`,
        ...(rows.length === 0 ? {} : { overview: { columns: columnsBy(by?.name ?? null), rows } }),
        hidden: ['pass'],
        notes: rows.length === 0 && alarms.length === 0 ? ['No session ended in that time.'] : [],
        metrics:
          'problem' in seen
            ? []
            : sessionMetrics(seen.costs, seen.without, {
                thisMonth: monthText(0),
                lastMonth: monthText(-1),
                by: by?.name ?? null,
              }),
      },
    };
  });

  /** What the role may not see is an answer; what the server otherwise refuses is an error. */
  async function look(
    session: Session,
    wish: { readonly table: SessionTable; readonly by: string | null; readonly from: Date; readonly to: Date },
  ): Promise<Seen> {
    await sessions.requireColumns(session, wish.table);
    const grants = await sessions.missingGrants(session, wish.table);
    if (grants.length > 0) return { problem: `${session.user} may not read it`, fix: grants.join('\n') };
    const sums = async (): Promise<Seen> => ({
      costs: await sessions.readSessionCosts(session, wish.table, wish),
      without: await sessions.readWithoutCost(session, wish.table),
    });
    try {
      return await sums();
    } catch (thrown) {
      if (!(thrown instanceof DbctlError) || thrown.code !== 'db.denied') throw thrown;
      return /row-level security/.test(thrown.message)
        ? pastPolicies(session, wish, sums)
        : { problem: thrown.message, fix: null };
    }
  }
}

/** Sums with policies in force, once it is proved that they hide nothing from this login. */
async function pastPolicies(
  session: Session,
  { table, by }: { readonly table: SessionTable; readonly by: string | null },
  sums: () => Promise<Seen>,
): Promise<Seen> {
  const [{ hiddenRows }, { inTransaction }] = await Promise.all([
    import('../ops/cost/row-sight.ts'),
    import('../db/transaction.ts'),
  ]);
  try {
    return await inTransaction(
      session,
      'read only',
      async () => {
        const hidden = await hiddenRows(session, table.table, by);
        return hidden === null ? sums() : { problem: hidden, fix: showAll(session.user, table.table) };
      },
      'set local row_security = on',
    );
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.code === 'db.denied') return { problem: thrown.message, fix: null };
    throw thrown;
  }
}

/** The least that will do first. */
function showAll(user: string, table: string): string {
  const { schema, name } = splitName(table);
  return [
    `create policy ${ident(`${name}_cost`.slice(0, 63))} on ${qualified(schema, name)} for select to ${ident(user)} using (true); -- rows of this table alone`,
    `-- or: alter role ${ident(user)} bypassrls; rows of every table it may read`,
  ].join('\n');
}

type Seen =
  | { readonly costs: readonly SessionCosts[]; readonly without: readonly WithoutCost[] }
  | { readonly problem: string; readonly fix: string | null };

interface Wished {
  readonly table: SessionTable;
  readonly by: SessionTable['by'][number] | null;
}

/** Fails with config.invalid where dbctl.yaml names no table or an expression is none, with usage for a name that is none. */
async function wishOf(name: string | undefined, context: Context): Promise<Wished> {
  const loaded = await context.config();
  const table = loaded.config.cost.sessions;
  if (table === undefined) {
    return fail('config.invalid', 'dbctl.yaml names no table that knows what sessions cost', {
      hint: 'Write cost: {sessions: {table: execution.lab_sessions, at: completed_at, amount: cost_amount, currency: cost_currency}}: docs/cost.md.',
    });
  }
  if (name === undefined) return { table, by: null };
  const index = table.by.findIndex((one) => one.name === name);
  const by = table.by[index];
  if (by !== undefined) {
    const { conditionProblem } = await import('../ops/retention/condition.ts');
    const problem = await conditionProblem(by.value, 'expression');
    if (problem === null) return { table, by };
    const place = loaded.problemAt(['cost', 'sessions', 'by', index, 'value'], problem);
    throw new ConfigError([place], 'One SQL expression on one row, with the columns by their own names.');
  }
  const known = table.by.map((one) => one.name);
  const meant = suggest(name, known);
  return fail('usage', `cost.sessions.by has no ${name}${meant === undefined ? '' : `, did you mean ${meant}`}`, {
    hint: known.length === 0 ? 'It is empty: docs/cost.md.' : `It has ${known.join(', ')}.`,
  });
}

const COLUMNS: readonly [NonNullable<View['columns']>[number], ...NonNullable<View['columns']>] = [
  { field: 'month', title: 'month' },
  { field: 'sessions', title: 'sessions', align: 'right' },
  { field: 'cost', title: 'cost', align: 'right' },
  { field: 'currency', title: '' },
];

const columnsBy = (by: string | null): NonNullable<View['columns']> =>
  by === null ? COLUMNS : [COLUMNS[0], { field: 'group', title: by }, ...COLUMNS.slice(1)];

const costItem = (
  { month, group, currency, sessions, amount }: SessionCosts,
  by: string | null,
  money: (amount: string | null) => string,
): Item =>
  item({
    id: 'month',
    object: by === null ? month : `${month} ${by} ${group ?? 'none'}`,
    message: `${sessions} ${sessions === 1 ? 'session' : 'sessions'}: ${amount === null ? 'cost unknown' : `${money(amount)} ${currency ?? ''}`.trim()}`,
    month,
    group: by === null ? null : (group ?? 'none'),
    currency,
    sessions,
    amount,
    cost: money(amount),
  });

const alarmItem = ({ status, sessions, oldest }: WithoutCost, { table, status: column, at }: SessionTable): Item =>
  item({
    id: status.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    object: table,
    status: 'fail',
    severity: 'high',
    message: `${sessions} ${sessions === 1 ? 'session has' : 'sessions have'} no cost: ${status}${oldest === null ? '' : `, the oldest of ${oldest}`}`,
    fix: `select * from ${table} where ${column} = '${status.replaceAll("'", "''")}' order by ${at} limit 20;`,
    sessions,
    oldest,
  });

const unseenItem = ({ table }: SessionTable, { problem, fix }: { readonly problem: string; readonly fix: string | null }): Item =>
  item({ id: 'unseen', object: table, status: 'unknown', severity: 'high', message: problem, fix });

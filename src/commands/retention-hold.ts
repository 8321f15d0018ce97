import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Hold } from '../ops/retention/holds/hold.ts';
import type { HoldPlace, HoldWish } from '../ops/retention/holds/place.ts';
import type { Context } from './context.ts';
import { operatorName } from './migrate-settings.ts';
import { ensureRecords, reasonOf, RETENTION_SETTINGS, tableOf } from './retention-context.ts';

export const spec: CommandSpec = {
  name: 'retention hold',
  summary: 'forbid that rows are removed, until the hold is released',
  description:
    'A legal hold: rows of a table, a partition, a range of time or one subject stay, whatever the rules say. When this returns, no command of ' +
    'dbctl removes them any more, not in the middle of a run either. What is in doubt is held: rows whose column is empty, rows by whose removal ' +
    'held ones would go or change, a table that was put in the place of the held one. It binds dbctl, not people at psql. Holds are recorded ' +
    'append-only, with who placed them and why. Needs membership in dbctl_owner.',
  effect: 'changes',
  args: [{ name: '<table>', description: 'the table, with its schema' }],
  options: [
    { flags: '--partition <schema.name>', description: 'only this partition of it' },
    {
      flags: '--from <time>',
      description: 'only rows from this moment on, such as 2026-01-01 or 2026-01-01T06:00Z; without a zone it is UTC',
    },
    { flags: '--to <time>', description: 'only rows up to this moment, which belongs to it' },
    { flags: '--by <column>', description: 'the column the range is of (default: that of the rule for the table)' },
    { flags: '--subject <column=value>', description: 'only rows of one person, account or thing' },
    { flags: '--reason <text>', description: 'why, in 10 characters at least; it stays in the record' },
    { flags: '--reference <text>', description: 'the number of the case, or of the letter' },
  ],
  examples: [
    ['dbctl retention hold jobs.jobs --env prod --reason "letter of the court of 3 November"', 'all of a table'],
    [
      'dbctl retention hold identity.auth_sessions --env prod --subject user_id=0199a1b2-0000-7000-8000-000000000001 --reason "fraud inquiry 4711" --reference 4711',
      'one person',
    ],
    [
      'dbctl retention hold jobs.task_runs --env prod --from 2026-03-01 --to 2026-03-31T23:59:59.999999Z --reason "incident of March, claim 12"',
      'a month',
    ],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const wish = await wishOf(options, context);
  const { checkPlace, placeHold } = await import('../ops/retention/holds/place.ts');
  const { placeText } = await import('../ops/retention/holds/hold.ts');
  const { dryRun } = context.globals;
  // A batch is waited for as long as one may take.
  const session = {
    access: dryRun ? 'read' : 'write',
    applicationName: 'dbctl retention',
    settings: RETENTION_SETTINGS,
    lockTimeoutMs: 120_000,
    statementTimeoutMs: 0,
  } as const;
  return context.withDatabase(session, async (opened) => {
    if (dryRun) {
      await checkPlace(opened, wish);
      return {
        ok: true,
        items: [],
        summary: { state: 'planned' },
        target: context.target(opened),
        view: { notes: ['It could be held. Nothing was recorded.'] },
      };
    }
    await ensureRecords(opened, context);
    const hold = await placeHold(opened, wish);
    return holdAnswer(
      hold,
      `Held: ${placeText(hold)}. Nothing of it is removed by dbctl until: dbctl retention release ${hold.id} --env ${context.globals.env} --reason …`,
      context.target(opened),
    );
  });
}

/** One hold, and what to do next. */
export function holdAnswer(hold: Hold, note: string, target: Answer['target']): Answer {
  const { id, table, reason } = hold;
  const state = hold.released === null ? 'active' : 'released';
  return {
    ok: true,
    items: [item({ id: 'hold', object: table, message: reason, hold: id, state })],
    summary: { hold: id, table, state },
    target: target ?? null,
    view: {
      columns: [
        { field: 'hold', title: 'hold', align: 'right' },
        { field: 'object', title: 'table' },
        { field: 'state', title: 'state' },
        { field: 'message', title: 'why' },
      ],
      notes: [note],
    },
  };
}

async function wishOf(options: ParsedOptions, context: Context): Promise<HoldWish> {
  const { schema, table } = tableOf(String(options['table']));
  const reference = options['reference'] as string | undefined;
  if (reference !== undefined && (reference.trim() === '' || reference.length > 200)) {
    fail('usage', '--reference is a number or a name of 1 to 200 characters', { hint: 'Run dbctl retention hold --help.' });
  }
  const place = await placeOf(options, `${schema}.${table}`, context);
  return {
    schema,
    table,
    place,
    reason: reasonOf(options['reason']),
    reference: reference?.trim() ?? null,
    operator: operatorName(context),
  };
}

async function placeOf(options: ParsedOptions, table: string, context: Context): Promise<HoldPlace> {
  const { partition, from, to, by, subject } = options as Partial<Record<string, string>>;
  const range = from !== undefined || to !== undefined;
  const hint = 'Run dbctl retention hold --help.';
  if ([partition !== undefined, range, subject !== undefined].filter(Boolean).length > 1) {
    fail('usage', '--partition, --from and --to, and --subject are three ways to say which rows: take one', { hint });
  }
  if (by !== undefined && !range) fail('usage', '--by goes with --from or --to', { hint });
  if (partition !== undefined) {
    const at = tableOf(partition);
    return { scope: 'partition', schema: at.schema, partition: at.table };
  }
  if (range) return { scope: 'range', column: by ?? (await ruleColumn(table, context)), from: from ?? null, to: to ?? null };
  if (subject === undefined) return { scope: 'table' };
  const at = subject.indexOf('=');
  if (at < 1 || at === subject.length - 1) fail('usage', `--subject takes column=value, not ${subject}`, { hint });
  return { scope: 'subject', column: subject.slice(0, at), value: subject.slice(at + 1) };
}

async function ruleColumn(table: string, context: Context): Promise<string> {
  const { config } = await context.config();
  const rule = config.retention.rules.find((one) => one.table === table && one.by !== undefined);
  return (
    rule?.by ??
    fail('usage', `say of which column of ${table} the range is: --by COLUMN`, {
      hint: 'No retention rule of dbctl.yaml is for the table.',
    })
  );
}

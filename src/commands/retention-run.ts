import { parseDuration } from '../config/duration.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError, fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { RuleOutcome } from '../ops/retention/outcome.ts';
import type { RunRecord } from '../ops/schema/run-record.ts';
import type { Context } from './context.ts';
import { withNotices } from './notices.ts';
import { migrateSettings } from './migrate-settings.ts';
import { ensureRecords, RETENTION_SESSION, RULE_OPTION, rulesOf } from './retention-context.ts';
import { bindRules, type BoundRule } from './retention-kinds/index.ts';
import * as plan from './retention-plan.ts';

const ON_PROTECTED = '--on-protected';

export const spec: CommandSpec = {
  name: 'retention run',
  summary: 'remove, or archive, what is older than the rules of dbctl.yaml keep it',
  description:
    'Rule by rule, in small batches of their own transactions, oldest rows first, by an index: rows that somebody has locked wait for the next run, ' +
    'standbys that are too far behind are waited for, and every batch looks at the legal holds anew. The moment before which rows go is fixed when ' +
    'a rule begins, by the clock of the server. Ctrl-C stops between two batches; what was removed stays removed, and the record says how much. Asks ' +
    'first; from a timer give --yes. Exit 1 when a rule could not run, failed, or ran out of its time. One run at a time in a database.\n\n' +
    'A rule that says then: archive moves partitions of an append-only table on, each by what is next for it: no more rows are let in, all are copied to ' +
    'the destination, fetched back and compared; and the partition is removed by a later run, once another login has read the copy back too (dbctl retention verify ' +
    '--record). What a killed run left half done is finished. Needs a login that is an archiver (immutability.archivers), SELECT on the partitions, ' +
    'TEMPORARY on the database, membership in dbctl_auditor, INSERT on dbctl.run.\n\n' +
    'A rule that says then: delete needs SELECT, DELETE and, for the locks, UPDATE on one column of the tables; BYPASSRLS where row-level security hides rows; SELECT on ' +
    'dbctl.legal_hold and dbctl.legal_hold_release, SELECT and INSERT on dbctl.run.',
  effect: 'destroys',
  onProtected: { flag: ON_PROTECTED, option: 'onProtected' },
  options: [
    RULE_OPTION,
    { flags: '--max-time <duration>', description: 'end the whole run after so long; what is left waits for the next' },
    { flags: ON_PROTECTED, description: 'the environment is protected, and rows are to be removed there' },
  ],
  examples: [
    ['dbctl retention run --env staging', 'shows what would go, and asks'],
    ['dbctl retention run --env prod --dry-run', 'the plan: the same as dbctl retention plan'],
    ['dbctl retention run --env prod --on-protected --yes --max-time 20min', 'every hour, from a timer'],
  ],
};

export const run = (options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(options, context));

async function act(options: ParsedOptions, context: Context): Promise<Answer> {
  const rules = await bindRules(await rulesOf(context, options['rule'] as string[] | undefined), context);
  const maxTimeMs = maxTimeOf(options['maxTime']);
  if (context.globals.dryRun) return plan.run({ rule: options['rule'] }, context);
  await askFirst(rules, context);
  const { withAdvisoryLock } = await import('../db/advisory-lock.ts');
  // Not cancelled by Ctrl-C: a batch is a moment, and its end is known then.
  const patient = { access: 'write', ...RETENTION_SESSION, signal: new AbortController().signal } as const;
  return context.withDatabase(patient, async (session) => {
    await ensureRecords(session, context);
    return withAdvisoryLock(session, 'retention', { waitMs: 0 }, () => removeAll(session, rules, maxTimeMs, context));
  });
}

function maxTimeOf(text: unknown): number | null {
  if (typeof text !== 'string') return null;
  let ms: number;
  try {
    ms = parseDuration(text);
  } catch (thrown) {
    return fail('usage', `--max-time: ${(thrown as Error).message}`, { hint: 'Run dbctl retention run --help.' });
  }
  return ms === 0
    ? fail('usage', '--max-time 0 would remove nothing', { hint: 'Leave it out for no limit but those of the rules.' })
    : ms;
}

/** With what would go: whoever says yes has seen it. Without a terminal or with --yes there is nobody to show it to. */
async function askFirst(rules: readonly BoundRule[], context: Context): Promise<void> {
  const words = rules.map(({ rule, words: does }) => `  ${rule.name}: ${does}`);
  const blobsAlone = rules.every(({ rule }) => rule.then === 'move-blobs');
  await context.confirm(
    [
      `${context.globals.env}: ${blobsAlone ? 'blobs are taken to cold storage' : 'rows are removed for good'} by ${rules.length === 1 ? 'one rule' : `${rules.length} rules`} (dbctl retention plan says how many):`,
      ...words,
      'Go on?',
    ].join('\n'),
  );
}

async function removeAll(
  session: Session,
  rules: readonly BoundRule[],
  maxTimeMs: number | null,
  context: Context,
): Promise<Answer> {
  const [{ COMMAND, readUnfinished, ruleRecord }, { recordRun }, { retentionMetrics }] = await Promise.all([
    import('../ops/retention/record.ts'),
    import('../ops/schema/run-record.ts'),
    import('../ops/retention/metrics.ts'),
  ]);
  const { operator } = await migrateSettings(context);
  const record = (outcome: RunRecord['outcome'], summary: RunRecord['summary']) =>
    recordRun(session, {
      command: COMMAND,
      operator: operator.name,
      commit: operator.commit,
      ciJob: operator.ciJob,
      toolVersion: operator.toolVersion,
      outcome,
      summary,
    });
  const killed = await readUnfinished(session);
  await record('started', { rules: rules.map(({ rule }) => rule.name) });
  const { progress, signal } = context;
  const deadline = maxTimeMs === null ? null : performance.now() + maxTimeMs;
  const outcomes: RuleOutcome[] = [];
  for (const rule of rules) {
    if (signal.aborted) break;
    outcomes.push(await rule.run(session, { progress, signal, deadline }));
  }
  const state = signal.aborted ? 'stopped' : outcomes.some((one) => isFailure(one)) ? 'failed' : 'done';
  await record(state, { rules: outcomes.map(ruleRecord), rows: total(outcomes) });
  if (state === 'stopped') throw stopped(outcomes, rules.length);
  return {
    ...answer(outcomes, killed),
    target: context.target(session),
    view: { ...answer(outcomes, killed).view, metrics: retentionMetrics(outcomes.map(sample)) },
  };
}

const isFailure = ({ state }: RuleOutcome): boolean => state === 'failed' || state === 'unfit';
const total = (outcomes: readonly RuleOutcome[]): number => outcomes.reduce((rows, { deleted }) => rows + deleted, 0);
const sample = ({ rule, deleted, left, blobs }: RuleOutcome) => ({
  rule: rule.name,
  table: `${rule.schema}.${rule.table}`,
  ...(blobs === undefined ? { deleted } : { blobs }),
  backlog: left,
});

/** The answer to Ctrl-C: what is gone, and that it is. */
function stopped(outcomes: readonly RuleOutcome[], rules: number): DbctlError {
  const each = outcomes.map(({ rule, deleted, batches }) => `${rule.name} ${deleted} in ${batches} batches`).join(', ');
  return new DbctlError(
    'interrupted',
    `stopped between two batches: ${total(outcomes)} rows were removed for good (${each || 'no rule had begun'})`,
    {
      hint: `${outcomes.length} of ${rules} rules had begun. The next run goes on.`,
    },
  );
}

const STATES: Readonly<Record<RuleOutcome['state'], string>> = {
  done: 'done',
  time: 'its time was over; the next run goes on',
  stopped: 'stopped',
  failed: 'failed',
  unfit: 'could not begin',
};

function answer(outcomes: readonly RuleOutcome[], killed: readonly string[]): Answer {
  const bad = outcomes.filter(({ state }) => state !== 'done').length;
  return {
    ok: bad === 0,
    items: outcomes.map(outcomeItem),
    summary: { rules: outcomes.length, rows: total(outcomes), unfinished: bad },
    view: {
      columns: [
        { field: 'object', title: 'rule' },
        { field: 'table', title: 'table' },
        { field: 'deleted', title: 'removed', align: 'right' },
        { field: 'batches', title: 'batches', align: 'right' },
        { field: 'left', title: 'left', align: 'right' },
        { field: 'held', title: 'held', align: 'right' },
        { field: 'message', title: '' },
      ],
      notes: [
        ...killed.map(
          (at) =>
            `The run of ${at} never said how it ended: it was killed, or lost its connection. What it removed is whole batches or partitions, and is not in the record.`,
        ),
        ...outcomes.flatMap(({ notes, grants }) => [...notes, ...grants]),
      ],
    },
  };
}

function outcomeItem({ rule, state, cutOff, deleted, batches, left, holds, problem, grants, words, more }: RuleOutcome): Item {
  return item({
    id: 'rule',
    object: rule.name,
    status: state === 'done' ? 'pass' : 'fail',
    severity: state === 'done' ? 'info' : state === 'time' ? 'low' : 'high',
    message: [words ?? STATES[state], ...(problem === null ? [] : [problem])].join(': '),
    fix: grants.length === 0 ? null : grants.join('\n'),
    table: `${rule.schema}.${rule.table}`,
    state,
    cutOff,
    deleted,
    batches,
    left: left?.rows ?? null,
    oldest: left?.oldest ?? null,
    held: left?.held ?? null,
    holds: [...holds],
    ...more,
  });
}

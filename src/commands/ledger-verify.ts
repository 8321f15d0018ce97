import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { atLeast, countByStatus, item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { openLedger } from './ledger-context.ts';

export const spec: CommandSpec = {
  name: 'ledger verify',
  summary: 'compare rows, log, signatures and the copies outside',
  description:
    'Hashes rows again and compares them with what was sealed: the newest windows and a random sample of the others, or all with --full. ' +
    'Checks the log against its signed notes and the notes against those in the sinks. Says what is tampered, and keeps apart from that ' +
    'what was archived or is held, what waits for the next checkpoint, what should have been sealed, and what a restore changed. Needs ' +
    'select on the tables and membership in dbctl_auditor; runs on a standby, too. Exit 1 when something is wrong.',
  effect: 'reads',
  targets: true,
  options: [
    { flags: '--full', description: 'every window, and the number of rows of every partition' },
    { flags: '--table <table>', description: 'the rows of this table only' },
    {
      flags: '--newest <n>',
      description: 'how many of the newest windows of each partition are always hashed',
      default: 100,
      parse: wholeNumber,
    },
    {
      flags: '--sample <n>',
      description: 'how many others of each partition, by chance (default: ledger.sample)',
      parse: wholeNumber,
    },
    { flags: '--jobs <n>', description: 'sessions that hash at the same time', default: 2, parse: wholeNumber },
  ],
  examples: [
    ['dbctl ledger verify --env prod', 'every few minutes: new windows and a sample'],
    ['dbctl ledger verify --env prod --full --jobs 4', 'every week: everything'],
    ['dbctl ledger verify --env prod --table audit.audit_log --full', 'one table'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ verifyLedger }, { FINDING_KINDS }] = await Promise.all([
    import('../ops/ledger/verify.ts'),
    import('../ops/ledger/finding.ts'),
  ]);
  const { settings, sinks } = await openLedger(context);
  const full = options['full'] === true;
  const extent = { full, newest: Number(options['newest'] ?? 100), sample: Number(options['sample'] ?? settings.sample) };
  const session = { access: 'read', applicationName: 'dbctl ledger', statementTimeoutMs: 0 } as const;
  const step = context.progress.step(full ? 'hash every sealed row' : 'hash new windows and a sample');
  let rows = 0;
  const started = performance.now();
  try {
    return await context.withDatabase(session, async (opened) => {
      const findings = await verifyLedger(opened, {
        settings,
        sinks,
        extent,
        ...(options['table'] === undefined ? {} : { table: options['table'] as string }),
        jobs: Math.max(1, Number(options['jobs'] ?? 2)),
        openSession: (use) => context.withDatabase(session, use),
        onRows: (count) => {
          rows += count;
          step.tick(count, 'rows');
        },
      });
      step.done();
      const items = findings.map(({ kind, object, message, detail }) =>
        item({ id: kind, object, message, detail, ...FINDING_KINDS[kind] }),
      );
      const bad = items.filter(({ status, severity }) => status === 'fail' && atLeast(severity, 'medium'));
      return {
        ok: bad.length === 0,
        items,
        summary: {
          ...countByStatus(items),
          rows,
          rowsPerSecond: Math.round((rows / (performance.now() - started)) * 1000),
          full,
        },
        target: context.target(opened),
        view: {
          columns: [
            { field: 'id', title: 'answer' },
            { field: 'object', title: 'of' },
            { field: 'message', title: '' },
          ],
          notes: [
            `${rows} rows hashed${bad.length === 0 ? ': as they were sealed' : ''}.`,
            ...(bad.some(({ severity }) => severity === 'critical')
              ? ['Touch nothing before you have read runbooks/ledger-mismatch.md.']
              : []),
          ],
          metrics: [
            {
              name: 'dbctl_ledger_findings',
              help: 'Answers of the last ledger verify by kind.',
              type: 'gauge',
              samples: Object.keys(FINDING_KINDS).map((kind) => ({
                labels: { kind },
                value: findings.filter((one) => one.kind === kind).length,
              })),
            },
          ],
        },
      };
    });
  } catch (thrown) {
    step.failed();
    throw thrown;
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new Error(`a whole number up to 9999999, not ${text}`);
  return Number(text);
}

import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { parseTime } from './time-option.ts';

export const spec: CommandSpec = {
  name: 'immutability violations',
  summary: 'refused attempts to change append-only tables, counted through the rollback',
  description:
    'Guards count every attempt in sequences, which keep their value when the refused transaction is rolled back, or when the error ' +
    'is swallowed. Exit 1 when there were attempts (with --since: after that time). With --format prometheus: counters to alarm on. ' +
    'Who tried is in the server log: docs/immutability.md has the pattern. Needs membership in dbctl_auditor.',
  effect: 'reads',
  targets: true,
  options: [
    {
      flags: '--since <time>',
      description: 'count only tables whose last attempt is not before this time, such as 2026-11-01 or 2026-11-01T06:00Z',
      parse: parseTime,
    },
  ],
  examples: [
    ['dbctl immutability violations --env prod', 'was anything tried?'],
    ['dbctl immutability violations --env prod --since 2026-11-01', 'since that day?'],
    ['dbctl immutability violations --env prod --format prometheus', 'for the textfile collector'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { readViolations, violationMetrics, VIOLATIONS } = await import('../ops/immutability/violations.ts');
  const since = options['since'] as Date | undefined;
  return context.withDatabase({ access: 'read', applicationName: 'dbctl immutability' }, async (session) => {
    const violations = await readViolations(session).catch((thrown: unknown) => explain(thrown));
    const tried = violations.filter(
      ({ attempts, lastAt }) =>
        attempts > 0 && (since === undefined || (lastAt !== null && Date.parse(lastAt) >= since.getTime())),
    );
    const total = tried.reduce((sum, { attempts }) => sum + attempts, 0);
    return {
      ok: tried.length === 0,
      items: tried.map(({ table, sqlstate, attempts, lastAt }) =>
        item({
          id: sqlstate,
          object: table,
          status: 'fail',
          severity: sqlstate === 'IM001' ? 'medium' : 'high',
          message: `${VIOLATIONS[sqlstate]} refused ${attempts === 1 ? 'once' : `${attempts} times`}, last at ${lastAt}`,
          fix: 'runbooks/immutability-violation.md',
          attempts,
          lastAt,
        }),
      ),
      summary: { tables: new Set(violations.map(({ table }) => table)).size, tried: tried.length, attempts: total },
      target: context.target(session),
      view: {
        columns: [
          { field: 'object', title: 'table' },
          { field: 'id', title: 'sqlstate' },
          { field: 'attempts', title: 'attempts', align: 'right' },
          { field: 'lastAt', title: 'last' },
          { field: 'message', title: '' },
        ],
        notes: [
          total === 0
            ? 'No attempt was refused.'
            : 'Who it was is in the server log. What to do: runbooks/immutability-violation.md',
        ],
        metrics: violationMetrics(violations),
      },
    };
  });
}

function explain(thrown: unknown): never {
  const sqlstate = (thrown as { sqlstate?: string }).sqlstate ?? '';
  if (!['3F000', '42P01'].includes(sqlstate)) throw thrown;
  fail('refused', 'this database has no guards yet', { hint: 'Run dbctl immutability install first.', cause: thrown });
}

import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { recordChanges } from './run-record-context.ts';

export const spec: CommandSpec = {
  name: 'immutability uninstall',
  summary: 'take the guards away',
  description:
    'Drops guards and event triggers, and gives owners and grants back as they were when the tables were guarded first. Rows stay, and ' +
    'so do counters and records of permits. Refused on protected environments. Shows what it will do and asks.',
  effect: 'destroys',
  examples: [
    ['dbctl immutability uninstall --env dev --dry-run', 'show every statement, and stop'],
    ['dbctl immutability uninstall --env dev', 'show the steps, ask, and take the guards away'],
  ],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const { planUninstall, uninstallGuards } = await import('../ops/immutability/uninstall.ts');
  const { dryRun } = context.globals;
  return context.withDatabase({ access: dryRun ? 'read' : 'write', applicationName: 'dbctl immutability' }, async (session) => {
    const steps = await planUninstall(session);
    if (!dryRun && steps.length > 0) {
      await context.confirm(
        [`${steps.length} steps:`, ...steps.map(({ object, summary }) => `  ${object}: ${summary}`), 'Go on?'].join('\n'),
      );
      await uninstallGuards(session, steps, context.progress);
      await recordChanges(session, context, spec.name, { steps: steps.length });
    }
    const state = dryRun ? 'planned' : 'done';
    return {
      ok: true,
      items: steps.map(({ id, object, summary, sql }) => item({ id, object, message: summary, state, sql })),
      summary: { steps: steps.length, state },
      target: context.target(session),
      view: {
        columns: [
          { field: 'object', title: 'object' },
          { field: 'message', title: dryRun ? 'what would be done' : 'what was done' },
        ],
        notes: [
          steps.length === 0
            ? 'Nothing to do: nothing is guarded.'
            : 'Nothing refuses changes now. Guard again: dbctl immutability install',
        ],
      },
    };
  });
}

import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { RETENTION_SETTINGS } from './retention-context.ts';

export const spec: CommandSpec = {
  name: 'retention holds',
  summary: 'legal holds: which rows, why, by whom, since when, and which were released',
  description:
    'The record of dbctl retention hold and release in this database, oldest first. Needs membership in dbctl_auditor.',
  effect: 'reads',
  targets: true,
  options: [{ flags: '--active', description: 'those that were not released' }],
  examples: [
    ['dbctl retention holds --env prod --active', 'what has to stay now'],
    ['dbctl retention holds --env prod --format markdown', 'for the lawyers'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { readHolds, placeText } = await import('../ops/retention/holds/hold.ts');
  const session = { access: 'read', applicationName: 'dbctl retention', settings: RETENTION_SETTINGS } as const;
  return context.withDatabase(session, async (opened) => {
    const all =
      (await readHolds(opened)) ??
      fail('db.denied', `${opened.user} may not see legal holds`, { hint: 'grant dbctl_auditor to it' });
    const shown = options['active'] === true ? all.filter(({ released }) => released === null) : all;
    const active = all.filter(({ released }) => released === null).length;
    return {
      ok: true,
      items: shown.map(({ id, reason, table, released, ...rest }) =>
        item({
          id: 'hold',
          object: table,
          message: reason,
          hold: id,
          state: released === null ? 'active' : 'released',
          place: placeText({ id, reason, table, released, ...rest }),
          ...rest,
          released,
        }),
      ),
      summary: { holds: shown.length, active },
      target: context.target(opened),
      view: {
        columns: [
          { field: 'hold', title: 'hold', align: 'right' },
          { field: 'place', title: 'what stays' },
          { field: 'state', title: 'state' },
          { field: 'placedAt', title: 'since' },
          { field: 'operator', title: 'by' },
          { field: 'message', title: 'why' },
          { field: 'reference', title: 'case' },
        ],
        notes: shown.length === 0 ? ['Nothing is held.'] : [],
        metrics: [
          {
            name: 'dbctl_retention_holds',
            help: 'Legal holds that were not released.',
            type: 'gauge',
            samples: [{ labels: {}, value: active }],
          },
        ],
      },
    };
  });
}

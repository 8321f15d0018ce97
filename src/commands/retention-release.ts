import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import type { Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { operatorName } from './migrate-settings.ts';
import { ensureRecords, reasonOf, RETENTION_SETTINGS } from './retention-context.ts';
import { holdAnswer } from './retention-hold.ts';

export const spec: CommandSpec = {
  name: 'retention release',
  summary: 'end a legal hold',
  description:
    'Records that the hold no longer holds, with who says so and why; the hold itself stays in the record. Nothing is removed by it: the next run ' +
    'of a rule does that. Asks first. Needs membership in dbctl_owner.',
  effect: 'changes',
  args: [{ name: '<hold>', description: 'the number of the hold: dbctl retention holds' }],
  options: [{ flags: '--reason <text>', description: 'why, in 10 characters at least; it stays in the record' }],
  examples: [
    [
      'dbctl retention release 3 --env prod --reason "case 4711 closed, letter of 9 November"',
      'look at it first: dbctl retention holds',
    ],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const text = String(options['hold']);
  if (!/^[1-9]\d{0,8}$/.test(text))
    fail('usage', `a hold is a number, not ${text}`, { hint: 'See them with dbctl retention holds.' });
  const [id, reason] = [Number(text), reasonOf(options['reason'])];
  const [{ activeHold, releaseHold }, { placeText }] = await Promise.all([
    import('../ops/retention/holds/place.ts'),
    import('../ops/retention/holds/hold.ts'),
  ]);
  const { dryRun, env } = context.globals;
  const session = {
    access: dryRun ? 'read' : 'write',
    applicationName: 'dbctl retention',
    settings: RETENTION_SETTINGS,
  } as const;
  return context.withDatabase(session, async (opened) => {
    const hold = await activeHold(opened, id);
    if (dryRun) return holdAnswer(hold, `It would be released: ${placeText(hold)}.`, context.target(opened));
    await context.confirm(
      `${env}: hold ${id} of ${hold.operator} on ${placeText(hold)} (${hold.reason}) ends, and rules may remove its rows. Go on?`,
    );
    await ensureRecords(opened, context);
    const released = await releaseHold(opened, id, reason, operatorName(context));
    return holdAnswer(released, `Released. What the rules remove now: dbctl retention plan --env ${env}`, context.target(opened));
  });
}

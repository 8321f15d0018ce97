import { COMMANDS } from '../../commands/index.ts';
import type { CommandSpec } from '../../core/command.ts';
import { fail } from '../../core/errors.ts';

/** Fails with usage for a command that does not run over targets: one that changes goes to one database at a time, on purpose. */
export function refuseCommand({ name, effect, targets }: CommandSpec): void {
  if (targets === true && effect === 'reads') return;
  const taking = COMMANDS.filter(({ spec }) => spec.targets === true).map(({ spec }) => spec.name);
  if (effect === 'reads') {
    fail('usage', `dbctl ${name} does not take --targets`, { hint: `Commands that take it: ${taking.join(', ')}.` });
  }
  fail('usage', `dbctl ${name} ${effect}: --targets is for commands that only read`, {
    hint: 'Run it on one environment at a time, with --env, so that the first that fails stops the rest.',
  });
}

import { item, type Answer } from '../core/report.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import type { Context } from './context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const spec: CommandSpec = {
  name: 'completion',
  summary: 'print a script that completes commands and options in your shell',
  effect: 'reads',
  args: [{ name: '<shell>', description: `one of ${SHELLS.join(', ')}` }],
  examples: [
    ['source <(dbctl completion bash)', 'in ~/.bashrc'],
    ['dbctl completion fish > ~/.config/fish/completions/dbctl.fish', 'once'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const shell = SHELLS.find((name) => name === options['shell']);
  if (shell === undefined)
    fail('usage', `no completion for ${String(options['shell'])}`, { hint: `Shells are ${SHELLS.join(', ')}.` });
  const { completionScript } = await import('../ops/completion/script.ts');
  const text = completionScript(shell, context.commands());
  return {
    ok: true,
    items: [item({ id: shell, object: 'completion', message: 'script' })],
    summary: { shell, script: text },
    view: { text },
  };
}

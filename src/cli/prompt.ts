import { fail } from '../core/errors.ts';
import type { GlobalOptions } from './globals.ts';
import type { Io } from './io.ts';

/**
 * Asks the person at the terminal. `--yes` answers for them; where nobody sits (no TTY) the answer is no.
 * Fails with refused when the answer is no, with interrupted on Ctrl-C.
 */
export async function askToConfirm(io: Io, globals: GlobalOptions, question: string): Promise<void> {
  if (globals.yes) return;
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    fail('refused', 'nobody is at the terminal to answer', { detail: question, hint: 'Give --yes when this is what you want.' });
  }
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr });
  if (isCancel(answer)) fail('interrupted', 'stopped at the question: nothing was done');
  if (!answer) fail('refused', 'answered no: nothing was done');
}

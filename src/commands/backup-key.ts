import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup key',
  summary: 'make an identity that opens encrypted backups, and print its recipient',
  description:
    'Writes an identity of age (X25519) to a new file, mode 0600, as age-keygen does, and prints the recipient for ' +
    'backup.encryption.recipients. Backups are made with recipients alone: keep the identity off the machines that make them. Without any of ' +
    'the identities an encrypted backup is lost, so make two, and keep them in two places. Needs no database and no dbctl.yaml.',
  effect: 'changes',
  args: [{ name: '<file>', description: 'the new file' }],
  examples: [
    ['dbctl backup key /media/key/ann', 'an identity, and what to put into dbctl.yaml'],
    ['dbctl backup key /media/safe/spare', 'the one for the safe'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const file = String(options['file']);
  if (context.globals.dryRun) {
    return { ok: true, items: [item({ id: 'key', object: file, message: 'an identity would be written' })], summary: {} };
  }
  const { createIdentity } = await import('../ops/codec/identity.ts');
  const recipient = await createIdentity(resolve(context.cwd, file), context.clock());
  return {
    ok: true,
    items: [item({ id: 'key', object: file, message: 'written, mode 0600', recipient })],
    summary: { recipient },
    view: {
      text:
        `${file} holds the identity: whoever has it can read the backups, and without it nobody can. In dbctl.yaml:\n\n` +
        `backup:\n  encryption:\n    recipients:\n      - ${recipient}\n\n` +
        'Make a second one for the safe. Backups are encrypted from the next one on; older ones stay as they are.',
    },
  };
}

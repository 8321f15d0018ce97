import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'ledger key',
  summary: 'make a key to sign checkpoints with',
  description:
    'Writes an Ed25519 private key to a new file, mode 0600, and prints the verifier key for ledger.public_keys. Keep the file where the ' +
    'owners of the database cannot read it: who has it can sign another history. Old verifier keys stay in the list, or old notes cannot ' +
    'be checked.',
  effect: 'changes',
  args: [{ name: '<file>', description: 'the new file' }],
  options: [
    {
      flags: '--name <name>',
      description: 'name of the key in signatures (default: ledger.signer.name, or the project with -ledger)',
    },
  ],
  examples: [['dbctl ledger key /etc/dbctl/ledger.key --name learning-lab-ledger', 'a key, and what to put into dbctl.yaml']],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { createSignerKey } = await import('../ops/signing/signer.ts');
  const { config } = await context.config();
  const name = (options['name'] as string | undefined) ?? config.ledger.signer?.name ?? `${config.project}-ledger`;
  const file = String(options['file']);
  if (context.globals.dryRun)
    return {
      ok: true,
      items: [item({ id: 'key', object: file, message: `a key of the name ${name} would be written` })],
      summary: {},
    };
  const verifierKey = await createSignerKey(resolve(context.cwd, file), name);
  return {
    ok: true,
    items: [item({ id: 'key', object: file, message: 'written, mode 0600', verifierKey })],
    summary: { name, verifierKey },
    view: {
      text: `${file} holds the private key. In dbctl.yaml:\n\nledger:\n  signer: { name: ${name}, key: { file: ${file} } }\n  public_keys:\n    - ${verifierKey}`,
    },
  };
}

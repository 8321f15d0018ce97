import { fail } from '../../core/errors.ts';
import { askProgram } from './ask-program.ts';
import type { Signer, SignerContext } from './signer.ts';
import { goodSignature, parseVerifierKey } from './verifier-key.ts';

/**
 * Signs through a program: a key management service, an agent, a smart card. The message goes to its standard input, the signature comes
 * back in base64. Which of the keys of its name it has shows when it answers, so that an old one stays in the list after a rotation.
 * Fails with refused when no known key has the name.
 */
export function commandSigner(
  name: string,
  command: readonly string[],
  publicKeys: readonly string[],
  context: SignerContext,
): Signer {
  const candidates = publicKeys.filter((text) => parseVerifierKey(text).name === name);
  let [current] = candidates;
  if (current === undefined) {
    return refuse(`ledger.public_keys has no key of the name ${name}, which is needed to check what the command answers`);
  }
  return {
    name,
    get verifierKey() {
      return current as string;
    },
    sign: async (message) => {
      const signature = Buffer.from((await askProgram(command, message, { ...context, what: 'sign', refuse })).trim(), 'base64');
      const good = candidates.find((text) => goodSignature(parseVerifierKey(text), message, signature));
      if (good === undefined) return refuse(`${command[0]} answered with a signature that is not one of ${name}`);
      current = good;
      return signature;
    },
  };
}

function refuse(problem: string): never {
  fail('refused', `no key to sign with: ${problem}`, {
    hint: 'Run the command of ledger.signer.key by hand: a message on its standard input, the base64 signature on its standard output.',
  });
}

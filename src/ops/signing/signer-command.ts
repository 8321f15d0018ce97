import { spawn } from 'node:child_process';
import { fail } from '../../core/errors.ts';
import type { Signer, SignerContext } from './signer.ts';
import { goodSignature, parseVerifierKey } from './verifier-key.ts';

/** A key management service over the network answers in a second; a person who has to touch a token needs longer. */
const PATIENCE_MS = 60_000;

/** A signature in base64 has 88 characters: what is longer is no signature. */
const LONGEST_ANSWER = 4_096;

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
      const signature = Buffer.from((await answerOf(command, message, context)).trim(), 'base64');
      const good = candidates.find((text) => goodSignature(parseVerifierKey(text), message, signature));
      if (good === undefined) return refuse(`${command[0]} answered with a signature that is not one of ${name}`);
      current = good;
      return signature;
    },
  };
}

/** What the program writes. Its standard error is not shown: programs quote there what they were given. */
function answerOf(
  [program = '', ...args]: readonly string[],
  input: Uint8Array,
  { folder, signal }: SignerContext,
): Promise<string> {
  const { promise, settle } = settled<string>();
  const child = spawn(program, args, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const stop = (why: string) => {
    settle(() => refuse(`${program} did not sign: ${why}`));
    // Not waited for: what it started may hold its output open long after it.
    child.kill('SIGKILL');
    child.stdout.destroy();
  };
  const timer = setTimeout(() => stop(`no answer within ${PATIENCE_MS / 1000} seconds`), PATIENCE_MS);
  const abort = () => {
    settle(() => fail('interrupted', `stopped while ${program} was to sign`));
    stop('interrupted');
  };
  signal?.addEventListener('abort', abort, { once: true });
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
    if (answer.length > LONGEST_ANSWER) stop(`its answer has more than ${LONGEST_ANSWER} characters`);
  });
  child.stdin.on('error', () => {});
  child.on('error', (thrown: NodeJS.ErrnoException) => stop(thrown.code ?? 'it cannot be started'));
  child.on('close', (status, by) =>
    settle(() => (status === 0 ? answer : refuse(`${program} did not sign: ${by ?? `exit ${status}`}`))),
  );
  child.stdin.end(input);
  if (signal?.aborted === true) abort();
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  });
}

/** A promise decided from outside: the first call of `settle` counts, its result or what it throws. */
function settled<T>(): { promise: Promise<T>; settle: (outcome: () => T) => void } {
  let settle: (outcome: () => T) => void = () => {};
  const promise = new Promise<T>((resolve, reject) => {
    settle = (outcome) => {
      try {
        resolve(outcome());
      } catch (thrown) {
        reject(thrown);
      }
    };
  });
  return { promise, settle };
}

function refuse(problem: string): never {
  fail('refused', `no key to sign checkpoints with: ${problem}`, {
    hint: 'Run the command of ledger.signer.key by hand: a message on its standard input, the base64 signature on its standard output.',
  });
}

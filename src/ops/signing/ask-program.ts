import { spawn } from 'node:child_process';
import { fail } from '../../core/errors.ts';

/** A key management service over the network answers in a second; a person who has to touch a token needs longer. */
const PATIENCE_MS = 60_000;

/** A signature in base64 has 88 characters, an identity of age 75: what is longer is neither. */
const LONGEST_ANSWER = 4_096;

interface Question {
  /** Where it runs. */
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** What it is to do, as in "did not sign". */
  readonly what: string;
  readonly refuse: (problem: string) => never;
}

/**
 * What the program writes when it is given the input. Its standard error is not shown: programs quote there what they were given. Fails as
 * `refuse` does when it cannot be run, ends badly, says too much or nothing in time, and with interrupted on the signal.
 */
export function askProgram(
  [program = '', ...args]: readonly string[],
  input: Uint8Array,
  { folder, signal, what, refuse }: Question,
): Promise<string> {
  const { promise, settle } = settled<string>();
  const child = spawn(program, args, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const stop = (why: string) => {
    settle(() => refuse(`${program} did not ${what}: ${why}`));
    // Not waited for: what it started may hold its output open long after it.
    child.kill('SIGKILL');
    child.stdout.destroy();
  };
  const timer = setTimeout(() => stop(`no answer within ${PATIENCE_MS / 1000} seconds`), PATIENCE_MS);
  const abort = () => {
    settle(() => fail('interrupted', `stopped while ${program} was to ${what}`));
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
    settle(() => (status === 0 ? answer : refuse(`${program} did not ${what}: ${by ?? `exit ${status}`}`))),
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

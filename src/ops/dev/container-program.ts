import { fail } from '../../core/errors.ts';
import { engineVariables } from './container-arguments.ts';
import { runProgram, type Ended } from '../process/program.ts';

/** Docker or Podman, whichever answers. */
export interface ContainerProgram {
  readonly name: string;
  /** What it printed, or undefined when its status was not 0. */
  ask(args: readonly string[]): Promise<string | undefined>;
  /** Fails with server.failed, with what it said, when its status is not 0. */
  run(args: readonly string[], input?: string): Promise<string>;
}

const NAMES = ['docker', 'podman'] as const;

/**
 * The first program whose engine answers; a client without its daemon is none.
 * Fails with server.failed, saying what each of them answered.
 */
export async function containerProgram(
  variables: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<ContainerProgram> {
  const environment = engineVariables(variables);
  const answers: string[] = [];
  for (const file of NAMES) {
    const call = (args: readonly string[], input?: string): Promise<Ended> =>
      runProgram({ file, args, signal, variables: environment, ...(input === undefined ? {} : { input }) });
    try {
      const ended = await call(['ps', '--quiet']);
      if (ended.status === 0) return { name: file, ...callable(file, call) };
      answers.push(`${file}: ${ended.stderr.trim().split('\n')[0]}`);
    } catch (thrown) {
      signal.throwIfAborted();
      answers.push(
        (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? `${file}: not installed` : `${file}: ${(thrown as Error).message}`,
      );
    }
  }
  return fail('server.failed', `no container engine answers (${answers.join('; ')})`, {
    hint: 'Start Docker or Podman, or leave out --engine container: the embedded server needs neither.',
  });
}

function callable(
  file: string,
  call: (args: readonly string[], input?: string) => Promise<Ended>,
): Pick<ContainerProgram, 'ask' | 'run'> {
  return {
    async ask(args) {
      const { status, stdout } = await call(args);
      return status === 0 ? stdout.trim() : undefined;
    },
    async run(args, input) {
      const { status, stdout, stderr } = await call(args, input);
      if (status === 0) return stdout.trim();
      return fail('server.failed', `${file} ${args[0]} failed: ${stderr.trim().split('\n').at(-1)}`, {
        detail: stderr.trim(),
        hint: `Read what ${file} said, and try the same by hand.`,
      });
    },
  };
}

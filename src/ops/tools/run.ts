import { randomBytes } from 'node:crypto';
import { runProgram, type Ended, type Program } from '../process/program.ts';
import { containerCommand, type ContainerImage } from './container.ts';
import type { ClientProgram } from './program.ts';

/** What a client program is run with. */
export interface ClientRun extends Pick<Program, 'args' | 'variables' | 'input' | 'signal'> {
  /** Folders and files the arguments name: a container sees these of this machine, and no others. */
  readonly paths: readonly string[];
}

/** Runs a client program to its end, wherever it is; see {@link runProgram}. */
export async function runClient(program: Pick<ClientProgram, 'name' | 'path' | 'image'>, run: ClientRun): Promise<Ended> {
  const { paths: _, ...here } = run;
  if (program.image === undefined) return runProgram({ file: program.path, ...here });
  return runContained(program.image, program.name, run);
}

/** What a program gets of its own accord on this machine, see {@link runProgram}; PATH is that of the image. */
const BARE = { LC_ALL: 'C', TZ: 'UTC' };

/** An engine that does not end a container for so long does not answer. */
const ENDING_MS = 30_000;

async function runContained(image: ContainerImage, program: ClientProgram['name'], run: ClientRun): Promise<Ended> {
  const { args, input, signal, paths } = run;
  const name = `dbctl-${program.replaceAll('_', '-')}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const variables = { ...BARE, ...run.variables };
  const command = containerCommand(image, { program, args, variables, paths, name, user, reads: input !== undefined });
  const engine = { file: image.engine, variables: image.variables };
  try {
    return await runProgram({ ...engine, args: command, signal, ...(input === undefined ? {} : { input }) });
  } catch (thrown) {
    // The engine's program hands signals on, and may be gone before the container is. Nothing writes any more when this returns.
    await runProgram({ ...engine, args: ['rm', '--force', name], signal: AbortSignal.timeout(ENDING_MS) }).catch(() => {});
    throw thrown;
  }
}

import { CommanderError } from 'commander';
import { COMMANDS } from '../commands/index.ts';
import type { Command, Context } from '../commands/context.ts';
import { DbctlError } from '../core/errors.ts';
import type { Answer } from '../core/report.ts';
import { asDbctlError } from './fail.ts';
import { commandWords, usageError } from './usage.ts';
import { readGlobals, type GlobalOptions } from './globals.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';
import { deliver, type Outcome } from './deliver.ts';
import { Redactor, secretOnArgv } from './secrets.ts';

interface Invocation {
  readonly command: Command;
  readonly options: Record<string, unknown>;
  readonly globals: GlobalOptions;
}

/**
 * The whole program: argv in, exit status out, one report on stdout.
 * Never throws: what a command throws becomes the report's error.
 */
export async function runCli(io: Io): Promise<number> {
  const redactor = new Redactor(io.variables);
  const started = io.clock();
  const finish = (outcome: Pick<Outcome, 'command' | 'globals'> & Partial<Outcome>) =>
    deliver(io, redactor, {
      startedAt: started,
      durationMs: io.clock().getTime() - started.getTime(),
      answer: null,
      error: null,
      ...outcome,
    });

  const secret = secretOnArgv(io.argv);
  if (secret !== undefined) return finish({ command: commandWords(io.argv), globals: fallbackGlobals(io), error: secret });
  let invocation: Invocation | undefined;
  try {
    invocation = parse(io);
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    return finish({ command: commandWords(io.argv), globals: fallbackGlobals(io), error: usageError(thrown, io.argv) });
  }
  if (invocation === undefined) return 0;
  const { command, globals } = invocation;
  try {
    const answer = await execute(io, redactor, invocation);
    return await finish({ command: command.spec.name, globals, answer });
  } catch (thrown) {
    const error = asDbctlError(thrown, io.signal);
    return await finish({ command: command.spec.name, globals, error });
  }
}

function parse(io: Io): Invocation | undefined {
  let invocation: Invocation | undefined;
  const program = buildProgram(
    COMMANDS,
    (text) => io.stdout.write(text),
    (command, options, globals) => (invocation = { command, options, globals: readGlobals(globals, io.variables) }),
  );
  if (io.argv.length === 0) io.stdout.write(program.helpInformation());
  else program.parse([...io.argv], { from: 'user' });
  return invocation;
}

async function execute(io: Io, redactor: Redactor, { command, options, globals }: Invocation): Promise<Answer> {
  const { buildContext } = await import('./context.ts');
  const context = await buildContext(io, globals, redactor);
  if (command.spec.effect === 'destroys') await refuseProtected(context);
  return command.run(options, context);
}

/** A command that destroys does not run on a protected environment (MISSION A4). */
async function refuseProtected(context: Context): Promise<void> {
  const { environment } = await context.config();
  if (!environment.protected) return;
  throw new DbctlError('refused', `environment ${environment.name} is protected, and this command destroys`, {
    hint: 'Choose another environment with --env, or take the protection out of dbctl.yaml in a reviewed change.',
  });
}

/** Global options of a command line that does not parse: the format is still honoured, so that `--format json | jq` works. */
function fallbackGlobals(io: Io): GlobalOptions {
  const at = io.argv.indexOf('--format');
  const asked = at === -1 ? io.argv.find((word) => word.startsWith('--format='))?.slice('--format='.length) : io.argv[at + 1];
  const defaults = { format: 'human', logLevel: 'warn', logFormat: 'text', color: !io.argv.includes('--no-color') };
  try {
    return readGlobals({ ...defaults, format: asked === 'json' || asked === 'ndjson' ? asked : 'human' }, io.variables);
  } catch {
    return readGlobals(defaults, {});
  }
}

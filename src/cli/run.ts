import { CommanderError } from 'commander';
import { COMMANDS } from '../commands/index.ts';
import type { DbctlError } from '../core/errors.ts';
import { readGlobals, type GlobalOptions } from './globals.ts';
import type { Io } from './io.ts';
import type { Request } from './perform.ts';
import { buildProgram } from './program.ts';
import { secretOnArgv } from './secrets.ts';
import { commandWords, usageError } from './usage.ts';

/**
 * The whole program: argv in, exit status out, one report on stdout. Help is answered here, from specs alone; whatever has to be done
 * or reported is handed on to perform, which is loaded then.
 */
export async function runCli(io: Io): Promise<number> {
  const request = readCommandLine(io);
  if (request === undefined) return 0;
  const { perform } = await import('./perform.ts');
  return perform(io, request);
}

/** What the command line asks for; undefined when the help was the answer. */
function readCommandLine(io: Io): Request | undefined {
  const secret = secretOnArgv(io.argv);
  if (secret !== undefined) return refusal(io, secret);
  try {
    return parse(io);
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return undefined;
    return refusal(io, usageError(thrown, io.argv));
  }
}

function parse(io: Io): Request | undefined {
  let request: Request | undefined;
  const program = buildProgram(
    COMMANDS,
    (text) => io.stdout.write(text),
    ({ spec }, options, globals) =>
      (request = { kind: 'run', command: spec.name, options, globals: readGlobals(globals, io.variables) }),
  );
  if (io.argv.length === 0) io.stdout.write(program.helpInformation());
  else program.parse([...io.argv], { from: 'user' });
  return request;
}

/** As plain values: perform may be another bundle, whose classes are not these. */
function refusal(io: Io, { code, message, hint, detail }: DbctlError): Request {
  const problem = { code, message, ...(hint === undefined ? {} : { hint }), ...(detail === undefined ? {} : { detail }) };
  return { kind: 'refuse', command: commandWords(io.argv), globals: fallbackGlobals(io), problem };
}

/** Global options of a command line that does not parse: the format is still honoured, so that `--format json | jq` works. */
function fallbackGlobals(io: Io): GlobalOptions {
  const at = io.argv.indexOf('--format');
  const asked = at === -1 ? io.argv.find((word) => word.startsWith('--format='))?.slice('--format='.length) : io.argv[at + 1];
  const defaults = { format: 'human', logLevel: 'warn', logFormat: 'text', color: !io.argv.includes('--no-color') };
  return readGlobals({ ...defaults, format: asked === 'json' || asked === 'ndjson' ? asked : 'human' }, io.variables);
}

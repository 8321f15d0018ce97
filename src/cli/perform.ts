import { COMMANDS } from '../commands/index.ts';
import type { Context } from '../commands/context.ts';
import type { CommandSpec } from '../core/command.ts';
import { DbctlError, type ErrorCode } from '../core/errors.ts';
import type { Answer } from '../core/report.ts';
import { buildContext } from './context.ts';
import { deliver } from './deliver.ts';
import { asDbctlError } from './fail.ts';
import { buildProgress } from './progress.ts';
import type { GlobalOptions } from './globals.ts';
import type { Io } from './io.ts';
import { Redactor } from './secrets.ts';

/** What the command line came to: a command to run, or a reason not to. */
export type Request =
  | {
      readonly kind: 'run';
      readonly command: string;
      readonly options: Readonly<Record<string, unknown>>;
      readonly globals: GlobalOptions;
    }
  | { readonly kind: 'refuse'; readonly command: string; readonly globals: GlobalOptions; readonly problem: Problem };

interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly detail?: string;
}

/**
 * Runs the command and delivers its report; returns the exit status.
 * Never throws: what a command throws becomes the report's error.
 */
export async function perform(io: Io, request: Request): Promise<number> {
  const redactor = new Redactor(io.variables);
  const startedAt = io.clock();
  const outcome = await outcomeOf(io, redactor, request);
  const durationMs = io.clock().getTime() - startedAt.getTime();
  return deliver(io, redactor, { command: request.command, globals: request.globals, startedAt, durationMs, ...outcome });
}

async function outcomeOf(
  io: Io,
  redactor: Redactor,
  request: Request,
): Promise<{ answer: Answer | null; error: DbctlError | null }> {
  if (request.kind === 'refuse') {
    const { code, message, ...details } = request.problem;
    return { answer: null, error: new DbctlError(code, message, details) };
  }
  try {
    return await execute(io, redactor, request);
  } catch (thrown) {
    return { answer: null, error: asDbctlError(thrown, io.signal) };
  }
}

async function execute(
  io: Io,
  redactor: Redactor,
  { command: name, options, globals }: Request & { kind: 'run' },
): Promise<{ answer: Answer; error: DbctlError | null }> {
  const command = COMMANDS.find(({ spec }) => spec.name === name);
  if (command === undefined) throw new DbctlError('internal', `there is no command ${name}`);
  const progress = await buildProgress(io, globals);
  const endings: (() => Promise<void>)[] = [];
  const atEnd = (act: () => Promise<void>) => void endings.push(act);
  try {
    if (globals.targets !== undefined || globals.given.length > 0) {
      const { refuseStrayOptions, runFleet } = await import('./fleet/run.ts');
      refuseStrayOptions(globals);
      if (globals.targets !== undefined) {
        return await runFleet(io, { command, options, globals, file: globals.targets }, { redactor, progress });
      }
    }
    const context = await buildContext(io, globals, redactor, { progress, atEnd });
    if (command.spec.effect === 'destroys') await refuseProtected(context, command.spec, options);
    const answer = await command.run(options, context);
    return { answer, error: answer.incomplete ?? null };
  } finally {
    progress.stop();
    await Promise.allSettled(endings.map((act) => act()));
  }
}

/** A command that destroys does not run on a protected environment, or only with the option that says so. A dry run destroys nothing. */
async function refuseProtected(
  context: Context,
  { onProtected }: CommandSpec,
  options: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { environment } = await context.config();
  if (!environment.protected) return;
  if (onProtected !== undefined && (options[onProtected.option] === true || context.globals.dryRun)) return;
  throw new DbctlError('refused', `environment ${environment.name} is protected, and this command destroys`, {
    hint:
      onProtected === undefined
        ? 'Choose another environment with --env, or take the protection out of dbctl.yaml in a reviewed change.'
        : `Look first with --dry-run; where it is meant, say so: ${onProtected.flag}.`,
  });
}

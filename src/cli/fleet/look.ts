import type { Command, Context } from '../../commands/context.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { formatDuration } from '../../config/duration.ts';
import type { FleetTarget, Inventory } from '../../config/targets/load.ts';
import { DbctlError, fail } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { silentProgress } from '../../core/progress.ts';
import type { Answer } from '../../core/report.ts';
import { buildContext } from '../context.ts';
import { asDbctlError } from '../fail.ts';
import type { GlobalOptions } from '../globals.ts';
import type { Io } from '../io.ts';
import type { Redactor } from '../secrets.ts';
import type { Looked } from './looked.ts';

/** What all targets of a run share; nothing in it changes while they are looked at. */
export interface Surroundings {
  readonly io: Io;
  readonly globals: GlobalOptions;
  readonly redactor: Redactor;
  readonly log: Log;
  readonly inventory: Inventory;
  readonly load: (env: string) => Promise<LoadedConfig>;
}

/** A session that is told to stop is dropped after 2 s (db/cancel); whoever is not back then is not waited for. */
const GRACE_MS = 5_000;

/**
 * One target, with a context of its own, by its deadline. What goes wrong with it is its end, not an error; fails with usage alone, which is
 * wrong with the command line and so of every target.
 */
export async function lookAt(
  target: FleetTarget,
  command: Command,
  options: Readonly<Record<string, unknown>>,
  around: Surroundings,
): Promise<Looked> {
  const { io, globals } = around;
  const env = target.environment ?? globals.env;
  const started = performance.now();
  const late = new AbortController();
  const timer = globals.targetTimeoutMs === 0 ? undefined : setTimeout(() => late.abort(), globals.targetTimeoutMs);
  const looked = (end: Looked['end']): Looked => ({ target, env, durationMs: Math.round(performance.now() - started), end });
  const signal = AbortSignal.any([io.signal, late.signal]);
  try {
    if (signal.aborted) fail('interrupted', 'stopped by a signal before its turn');
    const run = runCommand(target, command, options, { ...around, io: { ...io, signal }, globals: { ...globals, env } });
    return looked({ kind: 'answered', answer: await orLeft(run, signal) });
  } catch (thrown) {
    const error = whyUnseen(thrown, io.signal, late.signal, globals.targetTimeoutMs);
    if (error.code === 'usage') throw error;
    return looked({ kind: 'unseen', error });
  } finally {
    clearTimeout(timer);
  }
}

async function runCommand(
  target: FleetTarget,
  command: Command,
  options: Readonly<Record<string, unknown>>,
  { io, globals, redactor, log, inventory, load }: Surroundings,
): Promise<Answer> {
  const endings: (() => Promise<void>)[] = [];
  const atEnd = (act: () => Promise<void>) => void endings.push(act);
  const place = { target, inventory, load };
  const named = namedLog(log, target.name);
  const context = await buildContext(io, globals, redactor, { progress: silentProgress, atEnd, log: named, place });
  let asked = false;
  const watched: Context = {
    ...context,
    fleetTarget: target.name,
    withDatabase: (session, use) => {
      asked = true;
      return context.withDatabase(session, use);
    },
  };
  try {
    const answer = await command.run(options, watched);
    if (asked) return answer;
    return fail('usage', `dbctl ${command.spec.name} asks no database with these options: --targets has no meaning for it`, {
      hint: 'Run it without --targets.',
    });
  } finally {
    await Promise.allSettled(endings.map((act) => act()));
  }
}

/** The run, or the end of patience after the signal. */
function orLeft(run: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const leave = () => {
      timer = setTimeout(() => reject(new DbctlError('db.unreachable', 'did not stop when it was told to')), GRACE_MS);
    };
    signal.addEventListener('abort', leave, { once: true });
    void run.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', leave);
      clearTimeout(timer);
    });
  });
}

function whyUnseen(thrown: unknown, stopped: AbortSignal, late: AbortSignal, timeoutMs: number): DbctlError {
  if (late.aborted && !stopped.aborted) {
    return new DbctlError('db.unreachable', `gave no whole answer within ${formatDuration(timeoutMs)} and was left`, {
      cause: thrown,
      hint: 'Look at the server; where it only takes longer, give it more: --target-timeout.',
    });
  }
  return asDbctlError(thrown, stopped);
}

/** Whose line it is, in front of it. */
function namedLog(log: Log, name: string): Log {
  const at =
    (level: keyof Log): Log[keyof Log] =>
    (message, fields) =>
      log[level](`${name}: ${message}`, fields);
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

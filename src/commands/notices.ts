import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import { DbctlError, type ErrorCode } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { HookSurroundings } from '../ops/notice/hook.ts';
import type { Notice, NoticeFacts } from '../ops/notice/notice.ts';
import type { Listener } from '../ops/notice/tell.ts';
import type { Context } from './context.ts';

/** What dbctl.yaml says of a command's end. */
interface Told {
  /** Programs before it. */
  readonly before: readonly (readonly string[])[];
  readonly listeners: readonly Listener[];
  /** Where in dbctl.yaml. */
  readonly key: 'backup.notify' | 'retention.notify';
}

/**
 * A command with the programs of backup.hooks around it, and those of backup.notify told how it ended; commands about retention have
 * retention.notify, and no hooks. A dry run runs none.
 * Fails with refused where a program before it fails; who could not be told afterwards is a failed item, for nobody would hear of the next failure
 * either.
 */
export async function withNotices(command: string, context: Context, act: () => Promise<Answer>): Promise<Answer> {
  const { config } = await context.config();
  const { before, listeners, key } = toldOf(command, config);
  if (context.globals.dryRun || (before.length === 0 && listeners.length === 0)) return act();
  const started = context.clock();
  const facts = (): NoticeFacts => ({
    command,
    project: config.project,
    environment: [context.globals.env, ...(context.fleetTarget === undefined ? [] : [context.fleetTarget])].join('/'),
    host: hostname(),
    at: context.clock().toISOString(),
    seconds: (context.clock().getTime() - started.getTime()) / 1000,
  });
  const { noticeOf, noticeOfError } = await import('../ops/notice/notice.ts');
  try {
    await runBefore(command, before, context);
    const answer = await act();
    const untold = await tellAll({ listeners, key }, noticeOf(facts(), answer), context);
    return untold.length === 0 ? answer : { ...answer, ok: false, items: [...answer.items, ...untold] };
  } catch (thrown) {
    const untold = await tellAll({ listeners, key }, noticeOfError(facts(), wordsOf(thrown, context)), farewell(context));
    for (const one of untold) context.log.warn(one.message);
    throw thrown;
  }
}

function wordsOf(thrown: unknown, { signal }: Context): { readonly code: ErrorCode; readonly message: string } {
  if (signal.aborted) return { code: 'interrupted', message: 'stopped by a signal' };
  if (thrown instanceof DbctlError) return { code: thrown.code, message: thrown.message };
  return { code: 'internal', message: 'a defect in dbctl' };
}

/** Whoever stopped the run waits for it: listeners hear of that, too, and get less time. */
function farewell({ variables, signal }: Context): HookSurroundings {
  return signal.aborted ? { variables, signal: new AbortController().signal, patienceMs: 5_000 } : { variables, signal };
}

async function runBefore(command: string, before: readonly (readonly string[])[], context: Context): Promise<void> {
  const { runHook } = await import('../ops/notice/hook.ts');
  const variables = { DBCTL_COMMAND: command, DBCTL_ENVIRONMENT: context.globals.env };
  for (const program of before) await runHook({ command: program, variables }, context);
}

function toldOf(command: string, { backup, retention }: Config): Told {
  if (command.startsWith('retention ')) return { before: [], listeners: listenersOf(retention.notify), key: 'retention.notify' };
  const always = backup.hooks.after.map((program) => ({ kind: 'command', on: ['passed', 'failed'], command: program }) as const);
  return { before: backup.hooks.before, listeners: [...always, ...listenersOf(backup.notify)], key: 'backup.notify' };
}

const listenersOf = (notify: Config['backup']['notify']): Listener[] =>
  notify.flatMap(({ on, command, webhook }): Listener[] => {
    if (command !== undefined) return [{ kind: 'command', on, command }];
    return webhook === undefined ? [] : [{ kind: 'webhook', on, variable: webhook.variable }];
  });

/** Each for itself; what came of those that failed. */
async function tellAll(
  { listeners, key }: Pick<Told, 'listeners' | 'key'>,
  notice: Notice,
  surroundings: HookSurroundings,
): Promise<Item[]> {
  const { tell } = await import('../ops/notice/tell.ts');
  const untold: Item[] = [];
  for (const listener of listeners.filter(({ on }) => on.includes(notice.outcome))) {
    try {
      await tell(listener, notice, surroundings);
    } catch (thrown) {
      if (!(thrown instanceof DbctlError)) throw thrown;
      const object = listener.kind === 'command' ? (listener.command[0] ?? '') : listener.variable;
      untold.push(
        item({
          id: 'notice',
          object,
          status: 'fail',
          severity: 'medium',
          message: thrown.message,
          fix: `see ${key} in dbctl.yaml`,
        }),
      );
    }
  }
  return untold;
}

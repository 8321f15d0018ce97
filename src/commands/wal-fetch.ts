import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Repository } from '../ops/backup/repository.ts';
import type { AheadInputs } from '../ops/wal/prefetch.ts';
import { IDENTITY_OPTION, REPOSITORIES_OPTION, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'wal fetch',
  summary: 'bring a file of the write-ahead log back: the restore_command of a server in recovery',
  description:
    'Exit 0: it is there, whole, in one of the repositories. Exit 1: none has it, which ends a recovery by right. Anything else: it is there and cannot ' +
    'be used, and the recovery must not go on as if the log ended here. PostgreSQL takes every status up to 125 for the end, so the ' +
    "restore_command has to say it: 'dbctl wal fetch --config /path/dbctl.yaml %f %p; s=$?; [ $s -le 1 ] && exit $s; exit 255'." +
    '\n\nWith --prefetch, a process in the background brings the segments that come next into the folder .dbctl-prefetch beside the target, several at a ' +
    'time, and a later run hands them over after it has looked at them: for repositories whose answers take their time. It needs room for that ' +
    'many segments there, and ends half a minute after the last call, leaving nothing.',
  effect: 'reads',
  args: [
    { name: '<name>', description: 'the file, %f of restore_command' },
    { name: '<target>', description: 'where to, %p of restore_command' },
  ],
  options: [
    { flags: '--prefetch <n>', description: 'how many segments to bring ahead, 1 to 64', parse: fewSegments },
    { flags: '--ahead', description: 'be that process: <target> is its folder' },
    IDENTITY_OPTION,
    REPOSITORIES_OPTION,
  ],
  examples: [
    ['dbctl wal fetch 000000010000000000000001 pg_wal/RECOVERYXLOG', 'as the server runs it'],
    ['dbctl wal fetch --prefetch 8 000000010000000000000001 pg_wal/RECOVERYXLOG', 'from a repository far away'],
  ],
};

/** A recovery of which nothing is heard for so long is over, or replays one segment: then it begins anew. */
const IDLE_MS = 30_000;

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { fetchWalFromAny } = await import('../ops/wal/archive.ts');
  const { repositories } = await openBackups(
    context,
    options['repository'] as string | undefined,
    options['identity'] as string | undefined,
  );
  const [name, target] = [options['name'] as string, resolve(context.cwd, options['target'] as string)];
  const count = options['prefetch'] as number | undefined;
  if (options['ahead'] === true)
    return ahead({ repositories, folder: target, count: count ?? 8, idleMs: IDLE_MS, signal: context.signal });
  const found =
    count === undefined
      ? await fetchWalFromAny(repositories, name, target)
      : await fetchAhead(repositories, name, target, count, options, context);
  const message = found ? 'fetched' : 'not in the archive';
  return { ok: found, items: [item({ id: 'wal', object: name, status: found ? 'pass' : 'fail', message })], summary: { found } };
}

async function fetchAhead(
  repositories: readonly Repository[],
  name: string,
  target: string,
  count: number,
  options: ParsedOptions,
  context: Context,
): Promise<boolean> {
  const { fetchWalAhead } = await import('../ops/wal/prefetch.ts');
  const repository = options['repository'] as string | undefined;
  const { config, env } = context.globals;
  const global = ['--env', env, ...(config === undefined ? [] : ['--config', resolve(context.cwd, config)])];
  const identity = options['identity'] as string | undefined;
  const named = [
    ...(repository === undefined ? [] : ['--repository', repository]),
    ...(identity === undefined ? [] : ['--identity', resolve(context.cwd, identity)]),
  ];
  const start = (folder: string) =>
    context.startInBackground(['wal', 'fetch', '--ahead', '--prefetch', String(count), ...named, ...global, name, folder]);
  return fetchWalAhead(repositories, name, target, start);
}

async function ahead(inputs: AheadInputs): Promise<Answer> {
  const { bringAhead } = await import('../ops/wal/prefetch.ts');
  const brought = await bringAhead(inputs);
  const message = `${brought} segments were brought ahead`;
  return { ok: true, items: [item({ id: 'wal', object: inputs.folder, message })], summary: { brought } };
}

function fewSegments(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 64) return count;
  throw new Error('expected a number of segments from 1 to 64');
}

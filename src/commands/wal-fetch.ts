import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import { REPOSITORY_OPTION, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'wal fetch',
  summary: 'bring a file of the write-ahead log back: the restore_command of a server in recovery',
  description:
    'Exit 0: it is there, whole, in one of the repositories. Exit 1: none has it, which ends a recovery by right. Anything else: it is there and cannot ' +
    'be used, and the recovery must not go on as if the log ended here. PostgreSQL takes every status up to 125 for the end, so the ' +
    "restore_command has to say it: 'dbctl wal fetch --config /path/dbctl.yaml %f %p; s=$?; [ $s -le 1 ] && exit $s; exit 255'.",
  effect: 'reads',
  args: [
    { name: '<name>', description: 'the file, %f of restore_command' },
    { name: '<target>', description: 'where to, %p of restore_command' },
  ],
  options: [REPOSITORY_OPTION],
  examples: [['dbctl wal fetch 000000010000000000000001 pg_wal/RECOVERYXLOG', 'as the server runs it']],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { fetchWalFromAny } = await import('../ops/wal/archive.ts');
  const { repositories } = await openBackups(context, options['repository'] as string | undefined);
  const name = options['name'] as string;
  const found = await fetchWalFromAny(repositories, name, resolve(context.cwd, options['target'] as string));
  const message = found ? 'fetched' : 'not in the archive';
  return { ok: found, items: [item({ id: 'wal', object: name, status: found ? 'pass' : 'fail', message })], summary: { found } };
}

import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import { REPOSITORIES_OPTION, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'wal push',
  summary: 'store a file of the write-ahead log: the archive_command of the server',
  description:
    'The file is in the repository whole, on the disk, when the command ends with 0. The same content is accepted again, another one under ' +
    'the same name is refused, and so is a segment that is cut short, in the wrong place, or of another server. On any failure the server ' +
    "keeps the file and asks again. Of several repositories one that takes it is enough; dbctl backup sync brings it to the others. archive_command = 'dbctl wal push --config /path/dbctl.yaml %p'.",
  effect: 'changes',
  args: [{ name: '<path>', description: 'the file, %p of archive_command' }],
  options: [REPOSITORIES_OPTION],
  examples: [['dbctl wal push pg_wal/000000010000000000000001', 'as the server runs it']],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { pushWalToAll } = await import('../ops/wal/archive.ts');
  const { repositories } = await openBackups(context, options['repository'] as string | undefined);
  const path = options['path'] as string;
  const outcomes = await pushWalToAll(repositories, resolve(context.cwd, path));
  const failed = outcomes.filter(({ pushed }) => pushed === null);
  // The server keeps the log of its archive_command; exit 0 would let nobody see it.
  for (const { repository, problem } of failed) context.log.warn(`${repository} did not take ${path}: ${problem}`);
  return {
    ok: true,
    items: outcomes.map(({ repository, pushed, problem }) =>
      pushed === null
        ? item({
            id: 'wal',
            object: path,
            status: 'fail',
            severity: 'high',
            message: `not in ${repository}: ${problem}`,
            fix: 'dbctl backup sync',
          })
        : item({ id: 'wal', object: path, message: `${pushed} in ${repository}` }),
    ),
    summary: { outcome: outcomes[0]?.pushed ?? 'partly', repositories: outcomes.length, failed: failed.length },
  };
}

import { relative } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'init',
  summary: 'write a dbctl.yaml for this folder, and make its migrations folder',
  description:
    'The file names two environments, dev on the embedded server and prod, and says in comments what to change. A dbctl.yaml that is there stays.',
  effect: 'changes',
  examples: [
    ['dbctl init', 'once, in the root of the repository'],
    ['dbctl init --dry-run --format json', 'see the file first'],
  ],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const { projectFiles, writeProject } = await import('../ops/init/project.ts');
  const { dryRun } = context.globals;
  const files = projectFiles(context.cwd);
  if (!dryRun) await writeProject(context.cwd, files);
  const items = files.map(({ path, text }) =>
    item({ id: 'file', object: relative(context.cwd, path), message: dryRun ? 'would be written' : 'written', detail: text }),
  );
  return {
    ok: true,
    items,
    summary: { files: items.length },
    view: {
      columns: [
        { field: 'object', title: 'file' },
        { field: 'message', title: '' },
      ],
      notes: dryRun ? [] : ['Next: dbctl dev up, then dbctl migrate new <what it does>, then dbctl migrate up.'],
    },
  };
}

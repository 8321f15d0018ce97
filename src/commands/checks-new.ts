import { relative, resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { projectChecks } from './verify-project.ts';

export const spec: CommandSpec = {
  name: 'checks new',
  summary: 'write the scaffold of a check of your own, and of its cases',
  description:
    'Writes a check into the folder verify.checks, and cases below it: one in which it finds something, one in which it passes, one in ' +
    'which it cannot look. Until they are written verify reports the check as a finding, and all three cases fail.',
  effect: 'changes',
  args: [
    { name: '<id>', description: 'its name, for ever: lower-case words joined by hyphens, not beginning as a check of dbctl' },
  ],
  examples: [['dbctl checks new shop-orders-have-owner', 'writes checks/shop-orders-have-owner.sql and its cases']],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { scaffoldCheck } = await import('../ops/verify/cases/scaffold.ts');
  const loaded = await context.config();
  const id = options['id'] as string;
  const paths = await scaffoldCheck(id, {
    folder: resolve(loaded.folder, loaded.config.verify.checks),
    taken: (await projectChecks(loaded, context)).map((check) => check.id),
    dryRun: context.globals.dryRun,
  });
  const [check, cases] = paths.map((path) => relative(context.cwd, path));
  const message = context.globals.dryRun ? 'would be written' : 'written';
  return {
    ok: true,
    items: paths.map((path) => item({ id, object: relative(context.cwd, path), message })),
    summary: { id, check: check ?? '', cases: cases ?? '' },
    view: { text: `${check}\n${cases}` },
  };
}

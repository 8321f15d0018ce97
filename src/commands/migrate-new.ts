import { relative } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';

export const spec: CommandSpec = {
  name: 'migrate new',
  summary: 'write an empty migration with the next number',
  effect: 'changes',
  args: [{ name: '<slug>', description: 'what it does, in words: add-lab-difficulty' }],
  options: [{ flags: '--no-transaction', description: 'for statements PostgreSQL runs only outside a transaction' }],
  examples: [
    ['dbctl migrate new add-lab-difficulty', 'writes migrations/014.do.add-lab-difficulty.sql'],
    ['dbctl migrate new index-labs --no-transaction', 'a file for create index concurrently'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { writeNewMigration } = await import('../ops/migrate/new.ts');
  const settings = await migrateSettings(context);
  const { id, path } = await writeNewMigration(settings.folder, options['slug'] as string, {
    transactional: options['transaction'] !== false,
    dryRun: context.globals.dryRun,
  });
  const file = relative(context.cwd, path);
  return {
    ok: true,
    items: [item({ id, object: file, message: context.globals.dryRun ? 'would be written' : 'written' })],
    summary: { version: id, file },
    view: { text: file },
  };
}

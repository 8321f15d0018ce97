import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'seed',
  summary: 'load example rows into a database that is not production',
  description:
    'Loads migrations/seeds/<name>.sql in one transaction. Loading a seed twice changes nothing. Refused on a protected environment.',
  effect: 'changes',
  args: [{ name: '[name]', description: 'which seed: dev, demo, or another file of the folder (default: dev)' }],
  examples: [
    ['dbctl seed', 'a handful of rows in every table'],
    ['dbctl seed demo', 'enough rows to look at plans and reports'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { readSeed, loadSeed } = await import('../ops/seed/seed.ts');
  const { config, folder, environment } = await context.config();
  if (environment.protected) fail('refused', `environment ${environment.name} is protected: seeds are for development and tests`);
  const seed = await readSeed(resolve(folder, config.migrations.folder), (options['name'] as string | undefined) ?? 'dev');
  const items = seed.files.map(({ file }) =>
    item({ id: seed.name, object: file, message: context.globals.dryRun ? 'would be loaded' : 'loaded' }),
  );
  if (context.globals.dryRun) return { ok: true, items, summary: { files: items.length, loaded: 0 } };
  return context.withDatabase({ access: 'write', statementTimeoutMs: 0, settings: { timezone: 'UTC' } }, async (session) => {
    const step = context.progress.step(`seed ${seed.name}`);
    await loadSeed(session, seed);
    step.done();
    return {
      ok: true,
      items,
      summary: { files: items.length, loaded: items.length },
      target: context.target(session),
      view: { notes: [`Seed ${seed.name} is loaded.`] },
    };
  });
}

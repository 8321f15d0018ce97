import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Answer } from '../core/report.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'verify diff',
  summary: 'what changed between two reports of verify',
  description:
    'Compares two reports in the format json, the earlier first: findings that are new, gone, or of another severity, and checks that ' +
    'could look before and cannot now, or are left out. Findings are known by their check and the name of their object, so a ' +
    'restored database can be compared with its original. Needs no server. Exit 1 when something got worse.',
  effect: 'reads',
  args: [
    { name: '<before>', description: 'the earlier report' },
    { name: '<after>', description: 'the later one' },
  ],
  examples: [
    ['dbctl verify --env prod --out json=monday.json', 'keep a report'],
    ['dbctl verify diff monday.json friday.json', 'what changed in between'],
    ['dbctl verify diff monday.json friday.json --format markdown', 'the same, for a comment'],
  ],
};

export async function run(options: ParsedOptions, { cwd }: Context): Promise<Answer> {
  const [{ loadReport }, { difference }] = await Promise.all([
    import('../ops/verify/saved-report.ts'),
    import('../ops/verify/diff.ts'),
  ]);
  const load = (name: string) => loadReport(resolve(cwd, options[name] as string), options[name] as string);
  const [before, after] = [await load('before'), await load('after')];
  const { ok, items, summary, notes } = difference(before, after);
  const title = `From ${before.file} (${before.startedAt}) to ${after.file} (${after.startedAt})`;
  return { ok, items, summary, view: { title, notes } };
}

import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { toolsContext } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'tools install',
  summary: 'bring the client programs of PostgreSQL into the cache of dbctl',
  description:
    'On systems with packages of Debian: downloads them from the archive apt is set up for, from a newer suite where the own one has none of ' +
    'this major, verified by apt, and unpacks them beside the system. Nothing is installed, and no root is needed. Elsewhere it says the ' +
    'line that brings them.',
  effect: 'changes',
  options: [{ flags: '--major <n>', description: 'line of PostgreSQL (default: that of postgres.version)', parse: parseMajor }],
  examples: [
    ['dbctl tools install', 'for the pinned major'],
    ['dbctl tools install --major 17', 'for another one'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ installFromDebian }, { installLine, isDebianFamily }, { findPrograms }] = await Promise.all([
    import('../ops/tools/debian.ts'),
    import('../ops/tools/advice.ts'),
    import('../ops/tools/find.ts'),
  ]);
  const { places, major: pinned, release } = await toolsContext(context);
  const major = (options['major'] as number | undefined) ?? pinned;
  if (!isDebianFamily(release)) {
    fail('refused', 'dbctl brings client programs on systems with packages of Debian only', {
      hint: installLine(process.platform, release, major),
    });
  }
  if (context.globals.dryRun) {
    const message = `client programs of PostgreSQL ${major} would be brought`;
    return { ok: true, items: [item({ id: 'install', object: places.cache, message })], summary: { major } };
  }
  const { progress, signal } = context;
  const folder = await installFromDebian({ major, cache: places.cache, release, progress, signal });
  // What was brought has to run: the libraries are those of another suite.
  const found = await findPrograms({ setting: folder, path: '', cache: places.cache }, major);
  const items = found.map(({ name, taken }) =>
    taken === null
      ? item({ id: name, object: name, status: 'fail', severity: 'medium', message: 'was brought, and does not run' })
      : item({ id: name, object: name, message: taken.version, path: taken.path }),
  );
  const dead = items.filter(({ status }) => status === 'fail').length;
  return {
    ok: dead === 0,
    items,
    summary: { major, folder, programs: items.length - dead },
    view: {
      columns: [
        { field: 'object', title: 'program' },
        { field: 'message', title: 'version' },
      ],
      notes: [`In ${folder}. dbctl finds them there; for yourself: PATH=${folder}:$PATH`],
    },
  };
}

function parseMajor(text: string): number {
  if (!/^1[4-9]$/.test(text)) throw new Error(`a major from 14 to 19, not ${text}`);
  return Number(text);
}

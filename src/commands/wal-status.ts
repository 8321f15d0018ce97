import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import { REPOSITORY_OPTION, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'wal status',
  summary: 'what the archive of the write-ahead log holds, and what is missing in it',
  description:
    'Counts segments timeline by timeline and finds gaps by arithmetic over their names: no recovery gets across one. Needs no database. ' +
    'Exit 1 when there is a gap.',
  effect: 'reads',
  options: [REPOSITORY_OPTION],
  examples: [['dbctl wal status', 'is the log whole?']],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ readArchive }, { findGaps, parseWalName }] = await Promise.all([
    import('../ops/wal/archive.ts'),
    import('../ops/wal/segment.ts'),
  ]);
  const { repository } = await openBackups(context, options['repository'] as string | undefined);
  const { names, system } = await readArchive(repository);
  const segments = names.filter((name) => parseWalName(name)?.kind === 'segment');
  const gaps = system === null ? [] : findGaps(segments, system.segmentBytes);
  const timelines = [...new Set(segments.map((name) => name.slice(0, 8)))];
  const items: Item[] = [
    ...timelines.map((timeline) => {
      const own = segments.filter((name) => name.startsWith(timeline));
      return item({
        id: 'timeline',
        object: `timeline ${Number.parseInt(timeline, 16)}`,
        message: `${own.length} segments, ${own[0]} to ${own.at(-1)}`,
      });
    }),
    ...gaps.map(({ timeline, first, last, count }) =>
      item({
        id: 'gap',
        object: `timeline ${timeline}`,
        status: 'fail',
        severity: 'high',
        message: count === 1 ? `${first} is missing` : `${count} segments are missing, ${first} to ${last}`,
        fix: 'take a backup now: the ones from before the gap can be recovered up to it, and no further',
      }),
    ),
  ];
  return {
    ok: gaps.length === 0,
    items,
    summary: {
      repository: repository.name,
      systemIdentifier: system?.identifier ?? null,
      files: names.length,
      segments: segments.length,
      gaps: gaps.length,
    },
    view: {
      columns: [
        { field: 'object', title: '' },
        { field: 'message', title: '' },
      ],
      notes:
        segments.length === 0
          ? ["Nothing was archived yet. archive_command = 'dbctl wal push --config /path/dbctl.yaml %p'"]
          : [],
    },
  };
}

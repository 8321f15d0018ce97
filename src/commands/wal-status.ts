import { bytesText, parseBytes } from '../core/bytes.ts';
import { parseDuration } from '../config/duration.ts';
import { fail } from '../core/errors.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Answer } from '../core/report.ts';
import type { StatusInputs, WalStatus } from '../ops/wal/status.ts';
import { REPOSITORY_OPTION, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'wal status',
  summary: 'what the archive of the write-ahead log holds, what is missing in it, how far it is behind the server',
  description:
    'Counts segments timeline by timeline and finds gaps by arithmetic over their names, also where one timeline goes over into the next: no ' +
    'recovery gets across one. Needs no database. With --server it looks at the server of --env as well: whether archiving fails, what waits, ' +
    'how far the archive is behind, what replication slots hold, how much log is written an hour; and proposes settings from that. Any role ' +
    'may ask; what lies in pg_wal is seen by members of pg_monitor. Exit 1 when there is a gap, a failure, or a limit is passed.',
  effect: 'reads',
  options: [
    REPOSITORY_OPTION,
    { flags: '--server', description: 'look at the server of --env, too' },
    { flags: '--max-lag <size>', description: 'how far the archive may be behind the server', default: '1GB' },
    { flags: '--max-slot-wal <size>', description: 'how much of the log a slot may hold; 0 is no limit', default: '10GB' },
    { flags: '--outage <duration>', description: 'how long a receiver may be away, for the proposals', default: '12h' },
    { flags: '--wal-disk <size>', description: 'size of the disk pg_wal is on, for the proposals' },
  ],
  examples: [
    ['dbctl wal status', 'is the log whole?'],
    ['dbctl wal status --env prod --server', 'does archiving keep up, and what do slots hold?'],
    ['dbctl wal status --env prod --server --wal-disk 100GB', 'what should max_slot_wal_keep_size be?'],
    ['dbctl wal status --env prod --server --format prometheus', 'for the textfile collector'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const limits = parseLimits(options);
  const [{ walStatus }, { repository }] = await Promise.all([
    import('../ops/wal/status.ts'),
    openBackups(context, options['repository'] as string | undefined),
  ]);
  if (options['server'] !== true) return answer(await walStatus(repository, null, limits), repository.name);
  const { readServerWal } = await import('../ops/wal/server.ts');
  return context.withDatabase({ access: 'read', applicationName: 'dbctl wal status' }, async (session) => {
    const server = { facts: await readServerWal(session), user: session.user };
    return { ...answer(await walStatus(repository, server, limits), repository.name), target: context.target(session) };
  });
}

function parseLimits(options: ParsedOptions): StatusInputs {
  const read = <T>(option: string, name: string, parse: (text: string) => T): T => {
    try {
      return parse(options[option] as string);
    } catch (thrown) {
      return fail('usage', `${name}: ${(thrown as Error).message}`, { hint: 'Run dbctl wal status --help.' });
    }
  };
  return {
    lagBytes: read('maxLag', '--max-lag', parseBytes),
    slotBytes: options['maxSlotWal'] === '0' ? null : read('maxSlotWal', '--max-slot-wal', parseBytes),
    outageSeconds: read('outage', '--outage', parseDuration) / 1000,
    walDiskBytes: options['walDisk'] === undefined ? null : read('walDisk', '--wal-disk', parseBytes),
  };
}

function answer({ items, metrics, summary, advice }: WalStatus, repository: string): Answer {
  const { segments, bytes } = summary;
  const archived =
    segments === 0
      ? "Nothing was archived yet. archive_command = 'dbctl wal push --config /path/dbctl.yaml %p'"
      : `${segments} segments, ${bytesText(bytes)} in ${repository}.`;
  return {
    ok: items.every(({ status }) => status === 'pass'),
    items,
    summary: { repository, ...summary, advice },
    view: { notes: [archived, ...advice], metrics },
  };
}

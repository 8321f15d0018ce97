import { bytesText, parseBytes } from '../core/bytes.ts';
import { parseDuration } from '../config/duration.ts';
import { fail } from '../core/errors.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Answer } from '../core/report.ts';
import type { StatusInputs, WalStatus } from '../ops/wal/status.ts';
import type { Repository } from '../ops/backup/repository.ts';
import { IDENTITY_OPTION, REPOSITORY_OPTION, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'wal status',
  summary: 'what the archive of the write-ahead log holds, what is missing in it, how far it is behind the server',
  description:
    'Counts segments timeline by timeline and finds gaps by arithmetic over their names, also where one timeline goes over into the next: no ' +
    'recovery gets across one. Needs no database. With --server it looks at the server of --env as well: whether archiving fails, what waits, ' +
    'how far the archive is behind, what replication slots hold, how much log is written an hour; and proposes settings from that. Any role ' +
    'may ask; what lies in pg_wal is seen by members of pg_monitor. With --read every file of the archive is read: whether it unpacks, has its ' +
    'length, and is the part of the log, of the timeline and of the server its name says; rot in encrypted files is seen with an identity only. ' +
    'Exit 1 when there is a gap, a failure, a broken file, or a limit is passed.',
  effect: 'reads',
  targets: true,
  options: [
    REPOSITORY_OPTION,
    { flags: '--read', description: 'read every file of the archive, too: is it still what was stored?' },
    IDENTITY_OPTION,
    { flags: '--server', description: 'look at the server of --env, too' },
    { flags: '--max-lag <size>', description: 'how far the archive may be behind the server', default: '1GB' },
    { flags: '--max-slot-wal <size>', description: 'how much of the log a slot may hold; 0 is no limit', default: '10GB' },
    { flags: '--outage <duration>', description: 'how long a receiver may be away, for the proposals', default: '12h' },
    { flags: '--wal-disk <size>', description: 'size of the disk pg_wal is on, for the proposals' },
  ],
  examples: [
    ['dbctl wal status', 'is the log whole?'],
    ['dbctl wal status --read --identity /media/key/ann', 'and is every file of it what was stored?'],
    ['dbctl wal status --env prod --server', 'does archiving keep up, and what do slots hold?'],
    ['dbctl wal status --env prod --server --wal-disk 100GB', 'what should max_slot_wal_keep_size be?'],
    ['dbctl wal status --env prod --server --format prometheus', 'for the textfile collector'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const limits = parseLimits(options);
  if (options['identity'] !== undefined && options['read'] !== true)
    fail('usage', '--identity needs --read', { hint: 'Run dbctl wal status --help.' });
  const [{ walStatus }, { repository }] = await Promise.all([
    import('../ops/wal/status.ts'),
    openBackups(context, options['repository'] as string | undefined, options['identity'] as string | undefined),
  ]);
  // One that is named has to be one: else all would be looked at from outside.
  if (options['identity'] !== undefined) await repository.codec.identity();
  const read = options['read'] === true ? await readArchiveFiles(repository, context) : NOT_READ;
  if (options['server'] !== true) return answer(await walStatus(repository, null, limits), repository.name, read);
  const { readServerWal } = await import('../ops/wal/server.ts');
  return context.withDatabase({ access: 'read', applicationName: 'dbctl wal status' }, async (session) => {
    const server = { facts: await readServerWal(session), user: session.user };
    return { ...answer(await walStatus(repository, server, limits), repository.name, read), target: context.target(session) };
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

/** What a reading of every file adds to the answer. */
interface Reading extends Pick<WalStatus, 'items' | 'metrics'> {
  readonly summary: { readonly read: number; readonly broken: number; readonly unread: number } | null;
}

const NOT_READ: Reading = { items: [], metrics: [], summary: null };

async function readArchiveFiles(repository: Repository, { progress, signal }: Context): Promise<Reading> {
  const [{ archiveFiles, readWholeArchive }, { readingItems, readingMetric }] = await Promise.all([
    import('../ops/wal/read-archive.ts'),
    import('../ops/wal/reading-items.ts'),
  ]);
  const total = (await archiveFiles(repository)).reduce((sum, { bytes }) => sum + Math.max(0, bytes), 0);
  const step = progress.step('read the log', total, 'bytes');
  const reading = await readWholeArchive(repository, { signal, onBytes: (bytes) => step.tick(bytes) });
  step.done();
  const unread = reading.problems.filter((one) => one.unread).length;
  return {
    items: readingItems(reading),
    metrics: [readingMetric(reading)],
    summary: { read: reading.files, broken: reading.problems.length - unread, unread },
  };
}

function answer({ items: seen, metrics, summary, advice }: WalStatus, repository: string, read: Reading): Answer {
  const items = [...seen, ...read.items];
  const { segments, bytes } = summary;
  const archived =
    segments === 0
      ? "Nothing was archived yet. archive_command = 'dbctl wal push --config /path/dbctl.yaml %p'"
      : `${segments} segments, ${bytesText(bytes)} in ${repository}.`;
  return {
    ok: items.every(({ status }) => status === 'pass' || status === 'skipped'),
    items,
    summary: { repository, ...summary, ...read.summary, advice },
    view: { notes: [archived, ...advice], metrics: [...metrics, ...read.metrics] },
  };
}

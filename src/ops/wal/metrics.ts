import type { Metric } from '../../core/report.ts';
import type { WalArchive } from './archive.ts';
import { lagOf } from './judge.ts';
import { parseWalName } from './segment.ts';
import type { ServerWal } from './server.ts';

type Sample = Metric['samples'][number];

/** A sample without labels; none where it is not known. */
const one = (value: number | null): Sample[] => (value === null ? [] : [{ labels: {}, value }]);

const gauge = (name: string, help: string, samples: Sample[]): Metric => ({
  name: `dbctl_wal_${name}`,
  help,
  type: 'gauge',
  samples,
});

/** What alarms are made of. Pure. */
export function walMetrics(archive: WalArchive, gaps: number, server: ServerWal | null): Metric[] {
  const segments = archive.names.filter((name) => parseWalName(name)?.kind === 'segment');
  const bytes = segments.reduce((sum, name) => sum + (archive.sizes.get(name) ?? 0), 0);
  return [
    gauge('archive_segments', 'Segments in the archive.', one(segments.length)),
    gauge('archive_bytes', 'Bytes the segments take in the repository.', one(bytes)),
    gauge('archive_gaps', 'Gaps no recovery gets across.', one(gaps)),
    ...(server === null ? [] : serverMetrics(server, archive)),
  ];
}

function serverMetrics(server: ServerWal, archive: WalArchive): Metric[] {
  const { archiver, folder, slots, rate } = server;
  const bySlot = (value: (slot: (typeof slots)[number]) => number): Sample[] =>
    slots.map((slot) => ({ labels: { slot: slot.name }, value: value(slot) }));
  return [
    gauge('archive_lag_bytes', 'How far the archive is behind the server.', one(lagOf(server, archive))),
    gauge('archive_age_seconds', 'Time since archive_command last succeeded.', one(archiver.lastArchivedSeconds)),
    {
      name: 'dbctl_wal_archive_failures_total',
      help: 'How often archive_command has failed.',
      type: 'counter',
      samples: one(archiver.failed),
    },
    gauge('archive_ready', 'Files that wait to be archived.', one(folder?.ready ?? null)),
    gauge('folder_bytes', 'Size of pg_wal.', one(folder?.bytes ?? null)),
    gauge(
      'slot_retained_bytes',
      'How much of the log a slot keeps.',
      bySlot(({ retainedBytes }) => retainedBytes),
    ),
    gauge(
      'slot_active',
      'Whether somebody reads from the slot.',
      bySlot(({ active }) => (active ? 1 : 0)),
    ),
    gauge(
      'slot_lost',
      'Whether the slot has lost its log.',
      bySlot(({ walStatus, invalidation }) => (walStatus === 'lost' || invalidation !== null ? 1 : 0)),
    ),
    gauge(
      'written_bytes_per_second',
      'Log the server writes, on average since its statistics were reset.',
      one(rate.seconds > 0 ? rate.bytes / rate.seconds : null),
    ),
  ];
}

import { bytesText } from '../../core/bytes.ts';
import { item, type Item, type Metric } from '../../core/report.ts';
import type { ArchiveReading, ReadProblem } from './read-archive.ts';

/** What became of a reading of the archive, for the report: each file that is not good, and one line for all others. Pure. */
export function readingItems({ files, bytes, outside, problems }: ArchiveReading): Item[] {
  const good = files - outside - problems.length;
  const message = `${good} of ${files} files (${bytesText(bytes)}) read: whole, and what their names say`;
  return [
    ...problems.map(problemItem),
    item({ id: 'read', object: 'archive', message }),
    ...(outside === 0 ? [] : [outsideItem(outside)]),
  ];
}

function problemItem({ name, message, unread }: ReadProblem): Item {
  if (unread) {
    const fix = 'look at the storage, and run it again';
    return item({
      id: 'unread',
      object: name,
      status: 'unknown',
      severity: 'high',
      message: `not known, it could not be read: ${message}`,
      fix,
    });
  }
  const fix = 'bring it from another copy of the repository, else take a physical backup now: no recovery gets across it';
  return item({ id: 'file', object: name, status: 'fail', severity: 'high', message, fix });
}

/** A machine that archives has no identity by design: that is no failure, and no answer either. */
function outsideItem(count: number): Item {
  const message = `${count} encrypted files have their form and length; what is in them is seen with --identity only`;
  return item({ id: 'outside', object: 'archive', status: 'skipped', message });
}

/** For alarms. Pure. */
export const readingMetric = ({ problems }: ArchiveReading): Metric => ({
  name: 'dbctl_wal_archive_broken_files',
  help: 'Files of the archive that are not what was stored, or could not be read.',
  type: 'gauge',
  samples: [
    { labels: { kind: 'broken' }, value: problems.filter(({ unread }) => !unread).length },
    { labels: { kind: 'unread' }, value: problems.filter(({ unread }) => unread).length },
  ],
});

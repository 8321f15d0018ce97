import type { Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { recordVerifications } from './retention-verify-record.ts';

/**
 * `retention verify --record`: all that waits for somebody else to have read it back, so that the timer of that login has one line: copies of
 * partitions, and of blobs where rules move some. `wanted` is one copy of a partition, and then it is that alone. Fails like {@link recordVerifications}.
 */
export async function recordWaiting(wanted: string | undefined, identity: string | undefined, context: Context): Promise<Answer> {
  const { config } = await context.config();
  const archives = await recordVerifications(wanted, identity, context);
  if (wanted !== undefined || !config.retention.rules.some(({ then }) => then === 'move-blobs')) return archives;
  const { verifyBlobRules } = await import('./blob-verify.ts');
  const blobs = await verifyBlobRules({ rules: undefined, sample: undefined, record: true, identity }, context);
  return together(archives, blobs);
}

/** Rules none of whose copies wait say so in one sentence, and not in a line each. */
function together(archives: Answer, blobs: Answer): Answer {
  const items = blobs.items.filter(({ status, ...more }) => status !== 'pass' || more['blobs'] !== 0);
  const count = (answer: Answer, name: string): number => Number(answer.summary[name] ?? 0);
  return {
    ...archives,
    ok: archives.ok && blobs.ok,
    items: [...archives.items, ...items],
    summary: {
      ...archives.summary,
      bad: count(archives, 'bad') + count(blobs, 'bad'),
      blobs: count(blobs, 'blobs'),
      blobsRecorded: count(blobs, 'recorded'),
    },
    view: {
      ...archives.view,
      notes: [
        ...(archives.view?.notes ?? []),
        ...(items.length === 0 ? ['No copy of a blob waits to be read back.'] : (blobs.view?.notes ?? [])),
      ],
    },
  };
}

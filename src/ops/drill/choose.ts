import { createHash } from 'node:crypto';
import { fail } from '../../core/errors.ts';
import type { Manifest } from '../backup/manifest.ts';
import { requireRead } from '../backup/unread.ts';
import type { KnownBackup } from '../backup/verify.ts';

/** How a backup came to be drilled; part of the report, so that nobody can say the good one was picked. */
export type Choice =
  | { readonly by: 'latest' }
  | { readonly by: 'id' }
  /** `among`: the ids it was drawn from; with them and the seed anybody can draw again. */
  | { readonly by: 'random'; readonly seed: string; readonly within: string | null; readonly among: readonly string[] }
  | { readonly by: 'recovery'; readonly to: string; readonly timeline: number; readonly segments: number }
  | { readonly by: 'tool'; readonly tool: string; readonly subject: string };

/**
 * A sealed backup by chance, of those whose data is not older than the window. The same seed draws the same one of the same backups, and the
 * same one as long as it is there when others go. Fails with backup.failed where there is none, with storage.failed where one could not be read: a draw
 * that leaves out what is hard to reach is none.
 */
export function drawBackup(
  known: readonly KnownBackup[],
  window: { readonly text: string | null; readonly ms: number | null; readonly now: Date },
  seed: string,
): { readonly manifest: Manifest; readonly choice: Choice } {
  requireRead(known, 'nothing was drawn');
  const from = window.ms === null ? Number.NEGATIVE_INFINITY : window.now.getTime() - window.ms;
  const among = known
    .flatMap((one) => (one.state === 'sealed' ? [one.manifest] : []))
    .filter(({ snapshotAt }) => Date.parse(snapshotAt) >= from);
  const [first, ...rest] = among;
  if (first === undefined) {
    return fail('backup.failed', `there is no sealed backup${window.text === null ? '' : ` of the last ${window.text}`}`, {
      hint: 'dbctl backup list shows what is there.',
    });
  }
  const manifest = rest.reduce((drawn, one) => (lot(seed, one.id) < lot(seed, drawn.id) ? one : drawn), first);
  return { manifest, choice: { by: 'random', seed, within: window.text, among: among.map(({ id }) => id) } };
}

/** Each draws its own lot, so that a backup that goes changes nothing for the others. */
const lot = (seed: string, id: string): string => createHash('sha256').update(`${seed}\n${id}`).digest('hex');

/** The choice as a sentence for the report. Pure. */
export function choiceText(choice: Choice): string {
  switch (choice.by) {
    case 'latest':
      return 'the newest one';
    case 'id':
      return 'named by the operator';
    case 'random': {
      const window = choice.within === null ? '' : ` of the last ${choice.within}`;
      return `drawn from ${choice.among.length} backups${window} with --seed ${choice.seed}`;
    }
    case 'recovery':
      return `the newest from which the archive leads to ${choice.to}, by ${choice.segments} segments of timeline ${choice.timeline}`;
    case 'tool':
      return `the newest ${choice.tool} has of ${choice.subject}`;
  }
}

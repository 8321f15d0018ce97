import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tableText } from '../retention/settings.ts';
import { alarmOf, rowOf, type Alarm, type Content } from './batch.ts';
import { coldUri } from './cold-name.ts';
import { copyBlob, isWritten, type WrittenCopy } from './copy.ts';
import { recordCopy, type BlobCopy } from './events.ts';
import { HotTrouble, missingText, nameOf, type HotBlob } from './hot.ts';
import type { Bench } from './prepare.ts';
import { difference } from './proof.ts';

/** Copies from the first place that has what was proved, and records it; what is wrong with those before it is an alarm each. */
export async function copyFromHot(
  content: Content,
  bench: Bench,
): Promise<{ readonly copy: BlobCopy | null; readonly alarms: readonly Alarm[] }> {
  const alarms: Alarm[] = [];
  for (const source of content.sources) {
    const row = rowOf({ sources: [source] });
    const { blob } = source;
    try {
      const made = await copyBlob(blob, content.proof, bench);
      if (isWritten(made)) return { copy: await record(content, blob, row, made, bench), alarms };
      const message = made.kind === 'missing' ? missingText(blob) : `${nameOf(blob)} ${difference(content.proof, made.found)}`;
      alarms.push(alarmOf(row, made.kind, message));
    } catch (thrown) {
      if (!(thrown instanceof HotTrouble)) throw thrown;
      alarms.push(alarmOf(row, 'unreadable', thrown.message));
    }
  }
  return { copy: null, alarms };
}

async function record(
  { proof }: Content,
  blob: HotBlob,
  { rowKey, location }: ReturnType<typeof rowOf>,
  made: WrittenCopy,
  { session, facts, destination }: Bench,
): Promise<BlobCopy> {
  const { key, stored, commitment } = made;
  const copy = {
    destination: destination.name,
    uri: coldUri(destination.storage, key),
    stored,
    commitment,
    mode: await modeOf(blob),
  };
  return recordCopy(session, { table: tableText(facts.rule), rowKey, location }, proof, copy, facts.retainUntil);
}

/** For whoever brings it back: programs that read it now have to be able to read it then. */
async function modeOf({ place, key }: HotBlob): Promise<string | null> {
  if (place.storage.folder === null) return null;
  const found = await stat(join(place.storage.folder, key)).catch(() => null);
  return found === null ? null : (found.mode & 0o777).toString(8);
}

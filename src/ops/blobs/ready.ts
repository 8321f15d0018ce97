import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { alarmOf, rowOf, type Alarm, type Source } from './batch.ts';
import { coldKey } from './cold-name.ts';
import type { BlobCopy } from './events.ts';
import { HotTrouble, measureHot, missingText, nameOf, type HotBlob } from './hot.ts';
import type { Bench } from './prepare.ts';
import { addressText } from './location.ts';
import { difference, isSame } from './proof.ts';
import type { Ready } from './remove.ts';

/** Hashes a blob once more, now that a good copy of it is somewhere else. */
export async function readyOf(source: Source, copy: BlobCopy, bench: Bench): Promise<Ready | Alarm> {
  const { blob, rows } = source;
  const row = rowOf({ sources: [source] });
  try {
    const found = await measureHot(blob, bench.onBytes, bench.signal);
    if (found === null) {
      if (rows.some(({ location }) => bench.begun.has(`${location}\n${copy.sha256}`)))
        return (await isPlaceThere(blob)) ? { source, copy, state: null } : alarmOf(row, 'unreadable', goneText(blob));
      return alarmOf(row, 'missing', `${missingText(blob)}; its content is safe in ${copy.uri}`);
    }
    if (!isSame(found.proof, copy)) return alarmOf(row, 'changed', `${nameOf(blob)} ${difference(copy, found.proof)}`);
    if (await isTheCopy(blob, copy, bench)) return alarmOf(row, 'outside', `${nameOf(blob)} is the copy in cold storage itself`);
    return { source, copy, state: found.state };
  } catch (thrown) {
    if (thrown instanceof HotTrouble) return alarmOf(row, 'unreadable', thrown.message);
    throw thrown;
  }
}

/** Where all of a place is gone a mount is missing, and nothing was taken away. */
async function isPlaceThere({ place }: HotBlob): Promise<boolean> {
  return place.address.kind === 's3' || (await inodeOf(place.address.root)) !== null;
}

const goneText = ({ place }: HotBlob): string => `the folder ${addressText(place)} is not there: is it mounted?`;

const inodeOf = (path: string): Promise<string | null> =>
  stat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev} ${ino}`,
    () => null,
  );

/** By another mount or a hard link: what is removed there would be gone here. */
async function isTheCopy({ place, key }: HotBlob, copy: BlobCopy, { destination }: Bench): Promise<boolean> {
  const [hot, cold] = [place.storage.folder, destination.storage.folder];
  if (hot === null || cold === null) return false;
  const [one, other] = await Promise.all([inodeOf(join(hot, key)), inodeOf(join(cold, coldKey(copy.sha256, copy.commitment)))]);
  return one !== null && one === other;
}

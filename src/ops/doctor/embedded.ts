import { DbctlError } from '../../core/errors.ts';
import type { Item } from '../../core/report.ts';
import { findEmbedded } from '../dev/binaries.ts';
import { healthy, unseen } from './examination.ts';

/** Whether the embedded server of the pinned major is installed, for `dbctl dev up`. */
export function examineEmbedded(major: number): Item {
  const id = 'embedded-server';
  if (major !== 17 && major !== 18)
    return unseen(id, `PostgreSQL ${major}`, 'there is no embedded server of this major version', null);
  try {
    const { version, packageName } = findEmbedded(major);
    return healthy(id, packageName, `PostgreSQL ${version} for development and tests`);
  } catch (thrown) {
    if (!(thrown instanceof DbctlError)) throw thrown;
    return unseen(id, `PostgreSQL ${major}`, thrown.message, thrown.hint ?? null);
  }
}

import type { Manifest } from '../ops/backup/manifest.ts';
import type { NewestWish } from '../ops/restore/newest.ts';
import { chooseBackup, knownBackups, requireNewestKnown, type Backups } from './backup-context.ts';

/**
 * The newest backup of what is meant, with a warning of each newer one that is broken; where there is none of that type, the newest of the
 * repository, which the caller refuses in its own words. Fails with refused where it is not clear what is meant, and as chooseBackup does.
 */
export async function chooseNewest(backups: Backups, wish: NewestWish): Promise<Manifest> {
  const [{ newestBackup }, known] = await Promise.all([import('../ops/restore/newest.ts'), knownBackups(backups)]);
  const found = newestBackup(backups.repository.name, known, wish);
  if (found === null) return chooseBackup(backups, 'latest');
  await requireNewestKnown(backups, known, found.id);
  return found;
}

export const OF_OPTION = {
  flags: '--of <environment>',
  description: 'without an id: the environment the backup is of (default: the only one, or that of --env)',
} as const;

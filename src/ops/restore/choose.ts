import { DbctlError, fail } from '../../core/errors.ts';
import { followChain } from '../backup/chain.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
import { requireRead } from '../backup/unread.ts';
import type { KnownBackup } from '../backup/verify.ts';
import { readArchive } from '../wal/archive.ts';
import { readHistories } from '../wal/read-histories.ts';
import { lsnNumber } from '../../core/lsn.ts';
import { environmentMeant, type NewestWish } from './newest.ts';
import { microseconds, type RecoveryTarget } from './recovery-target.ts';
import { planReplay, wayFrom, type Replay } from './replay.ts';

/** Physical backups a recovery to the target could begin at, the newest first: the less of the log there is to replay, the sooner it is done. Pure. */
export function candidates(
  known: readonly KnownBackup[],
  target: RecoveryTarget,
  environment: string | null = null,
): PhysicalManifest[] {
  return known
    .flatMap((one) => (one.state === 'sealed' && one.manifest.type === 'physical' ? [one.manifest] : []))
    .filter((manifest) => environment === null || manifest.environment === environment)
    .filter((manifest) => followChain(manifest, known).problem === null)
    .filter(({ snapshotAt, endLsn }) => {
      if (target.kind === 'time') return microseconds(snapshotAt) <= microseconds(target.time);
      return target.kind !== 'lsn' || lsnNumber(endLsn) <= lsnNumber(target.lsn);
    })
    .toReversed();
}

/**
 * The newest backup from which the archive leads to the target, and what the recovery needs. `source` says which environment is meant; without it any, since the
 * archive is of one server. Fails with refused, in the words of the newest that could have been it, where there is none, and with storage.failed where one that could not be read may be it.
 */
export async function planFromNewest(
  repository: Repository,
  known: readonly KnownBackup[],
  target: RecoveryTarget,
  { timeline, source }: { readonly timeline?: number | undefined; readonly source?: Pick<NewestWish, 'of' | 'environment'> } = {},
): Promise<{ readonly manifest: PhysicalManifest; readonly replay: Replay }> {
  const physical = known.flatMap((one) => (one.state === 'sealed' && one.manifest.type === 'physical' ? [one.manifest] : []));
  const environment = source === undefined ? null : environmentMeant(repository.name, physical, source);
  const before = candidates(known, target, environment);
  if (before.length === 0) {
    requireRead(known, 'no other one leads to that point');
    fail('refused', `${repository.name} has no physical backup from before that point`, {
      hint: 'dbctl backup list shows what is there; a dump cannot be rolled forward.',
    });
  }
  const { names, system } = await readArchive(repository);
  const histories = await readHistories(repository, names);
  // The log of a repository is of one server.
  const own = before.filter((manifest) => manifest.source.systemIdentifier === system?.identifier);
  const onTheWay = own.filter((manifest) => wayFrom(manifest, timeline, histories).stretches !== null);
  let first: DbctlError | undefined;
  // Where none is on the way, the newest says so.
  for (const manifest of onTheWay.length > 0 ? onTheWay : [...own, ...before].slice(0, 1)) {
    try {
      return { manifest, replay: await planReplay(repository, manifest, target, timeline) };
    } catch (thrown) {
      if (!(thrown instanceof DbctlError) || thrown.code !== 'refused') throw thrown;
      first ??= thrown;
    }
  }
  requireRead(known, `of the others none leads to that point: ${first?.message}`);
  throw first;
}

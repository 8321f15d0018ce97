import { ADVISORY_LOCKS, DBCTL_LOCKS } from '../../db/advisory-lock.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { readBearings, tablesInReach } from '../retention/holds/protect.ts';
import { withBearings } from '../retention/inspect.ts';
import { tableText } from '../retention/settings.ts';
import { alarmOf, keptBlobs, rowOf, type Alarm, type Source } from './batch.ts';
import { recordRemoval, type BlobCopy } from './events.ts';
import { identityOf, nameOf, removeHot, stateOf, type HotPlace } from './hot.ts';
import type { BlobFacts } from './inspect.ts';
import { readReferrers } from './rows.ts';

/** A blob whose copy was read back just now, and which was itself hashed just now; `state` null: it is gone since a removal that was begun. */
export interface Ready {
  readonly source: Source;
  readonly copy: BlobCopy;
  readonly state: string | null;
}

/** removed: taken away and recorded · kept: a hold or a young row refers to it now. */
export type Removal = 'removed' | 'kept' | Alarm;

/**
 * Takes one blob away from where it is. That it will be is committed before, so that a run which dies in the middle is told apart from somebody
 * else's hand. Then, in one transaction: the lock that whoever places a hold waits for, the holds, every row with its hash, the record, and the
 * removal itself, of a file that is in the state in which it was hashed. A hold that was committed before keeps the blob; one that comes meanwhile
 * waits for the end.
 */
export async function removeBlob(
  session: Session,
  facts: BlobFacts,
  places: readonly HotPlace[],
  ready: Ready,
): Promise<Removal> {
  const { source, copy } = ready;
  const table = tableText(facts.rule);
  const subjects = source.rows.map(({ rowKey, location }) => ({ table, rowKey, location }));
  if (ready.state !== null) for (const subject of subjects) await recordRemoval(session, 'removing', copy, subject);
  return inTransaction(session, 'read write', async () => {
    await session.rows('select pg_catalog.pg_advisory_xact_lock_shared($1, $2)', [DBCTL_LOCKS, ADVISORY_LOCKS.holds]);
    const bearings = await readBearings(session, tablesInReach(facts.table.oid, facts.references));
    const referrers = await readReferrers(session, facts, withBearings(facts, bearings), [copy.sha256]);
    if (ready.state !== null && keptBlobs(referrers, places).has(identityOf(source.blob))) return 'kept';
    if (ready.state !== (await stateOf(source.blob)))
      return alarmOf(rowOf({ sources: [source] }), 'changed', `${nameOf(source.blob)} changed after it was hashed, and stays`);
    for (const subject of subjects)
      await recordRemoval(session, 'removed', copy, subject, ready.state === null ? { found: 'gone' } : {});
    if (ready.state !== null) await removeHot(source.blob);
    return 'removed';
  });
}

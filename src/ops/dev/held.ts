import { DbctlError, fail } from '../../core/errors.ts';
import { withSession } from '../../db/session.ts';
import { placeText, readHolds, type Hold } from '../retention/holds/hold.ts';
import { withDevSession } from './session.ts';
import { localTarget, type LocalAddress } from './target.ts';

/**
 * A development database may be a copy of one whose rows somebody has to keep: it is not thrown away while anything in it is held. A database
 * that is not there holds nothing. Fails with refused, naming the holds.
 */
export async function refuseHeld(address: LocalAddress, database: string, signal: AbortSignal | undefined): Promise<void> {
  const active = await activeHolds(address, database, signal);
  if (active.length === 0) return;
  fail('refused', `rows of ${database} are held: ${active.map((hold) => `hold ${hold.id} on ${placeText(hold)}`).join(', ')}`, {
    hint: 'See why with dbctl retention holds; dbctl retention release NUMBER ends one. Nothing was removed.',
  });
}

/** The same for every database of a server that is thrown away as a whole. */
export async function refuseHeldAnywhere(address: LocalAddress, signal: AbortSignal | undefined): Promise<void> {
  const names = await withDevSession(address, signal, (session) => session.rows<{ name: string }>(DATABASES));
  for (const { name } of names) await refuseHeld(address, name, signal);
}

async function activeHolds(address: LocalAddress, database: string, signal: AbortSignal | undefined): Promise<readonly Hold[]> {
  const options = {
    access: 'read',
    applicationName: 'dbctl dev',
    settings: WHATEVER_IS_SET,
    ...(signal === undefined ? {} : { signal }),
  } as const;
  try {
    const holds = await withSession(localTarget(address, database), options, readHolds);
    // A superuser sees them all: null is for roles that may not.
    return (holds ?? []).filter(({ released }) => released === null);
  } catch (thrown) {
    // invalid_catalog_name: there is no such database
    if (thrown instanceof DbctlError && thrown.sqlstate === '3D000') return [];
    throw thrown;
  }
}

/** A copy of production has its settings: a role that sees no holds, libraries that are not here, an end of sessions before the first question. */
const WHATEVER_IS_SET = {
  role: 'none',
  session_preload_libraries: '',
  local_preload_libraries: '',
  idle_session_timeout: '0',
  transaction_timeout: '0',
};

const DATABASES = /* sql */ `
select d.datname::text as name from pg_catalog.pg_database d
where d.datallowconn and not d.datistemplate
order by d.oid`;

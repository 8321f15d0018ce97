import { fail } from '../../../core/errors.ts';
import type { JsonObject } from '../../../core/json.ts';
import { ident, literal } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { recordRunIfAllowed, type RunRecord } from '../../schema/run-record.ts';
import { makeVerifier, verifierText } from './verifier.ts';

/** Who runs dbctl, for its records. */
export type Operator = Pick<RunRecord, 'operator' | 'commit' | 'ciJob' | 'toolVersion'>;

/**
 * Sets the password of a role, within the caller's transaction. The server gets the verifier alone: the password is in no message to it, and so
 * in none of its logs and statistics.
 * Fails with db.denied where the caller may not (CREATEROLE and ADMIN on the role, or superuser), with sql.failed where there is no such role.
 */
export async function changePassword(session: Session, login: string, password: string): Promise<void> {
  const [row] = await session.rows<{ iterations: number }>(ITERATIONS);
  const verifier = verifierText(await makeVerifier(password, row?.iterations ?? DEFAULT_ITERATIONS));
  await session.script(`alter role ${ident(login)} password ${literal(verifier)}`).catch((thrown: unknown) => {
    if ((thrown as { sqlstate?: string }).sqlstate !== '42501') throw thrown;
    fail('db.denied', `${session.user} may not change the password of ${login}`, {
      hint: `Let a superuser do it, or a role with CREATEROLE and ADMIN on ${login}. Nothing was changed.`,
    });
  });
}

/** SCRAM_SHA_256_DEFAULT_ITERATIONS; before 16 it was no setting. */
const DEFAULT_ITERATIONS = 4096;
const ITERATIONS = /* sql */ `
select coalesce(pg_catalog.current_setting('scram_iterations', true)::pg_catalog.int4, ${DEFAULT_ITERATIONS}) as iterations`;

/** Records the change in the transaction that makes it; false: this database has no records, or they are not for the caller. */
export async function recordChange(
  session: Session,
  command: string,
  operator: Operator,
  summary: JsonObject & { readonly login: string },
): Promise<boolean> {
  return (await recordRunIfAllowed(session, { ...operator, command, outcome: 'done', summary })) === 'recorded';
}

import { parseRolesFile } from '../../../../src/config/roles/load.ts';
import type { Session } from '../../../../src/db/session.ts';
import { readInTransaction } from '../../../../src/ops/roles/catalog/read.ts';
import { desiredState } from '../../../../src/ops/roles/desired/state.ts';
import type { Comparison } from '../../../../src/ops/roles/difference/inputs.ts';
import type { EscalationDetails } from '../../../../src/ops/roles/escalation/details.ts';
import { readEscalationDetails } from '../../../../src/ops/roles/escalation/read.ts';

export const TODAY = '2026-11-21';

/** What `dbctl roles audit` reads, for a roles.yaml given as text. */
export async function readAudit(session: Session, text: string): Promise<{ comparison: Comparison; details: EscalationDetails }> {
  const file = parseRolesFile(text, 'roles.yaml', 'dev');
  const catalog = await readInTransaction(session);
  const desired = desiredState(file, { catalog, insertable: new Map(), guardedSchemas: [], today: TODAY });
  const details = await readEscalationDetails(session, catalog.roles);
  return { comparison: { file, desired, catalog, guarded: null, today: TODAY }, details };
}

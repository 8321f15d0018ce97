import { createHash } from 'node:crypto';

/**
 * The identity of a finding: what was asked, and of which object by its name. Never an OID, a position or a time, so that it is the same
 * after a dump and restore, on another server and in another release of dbctl. Ids have no colon, so two findings never share one.
 */
export function fingerprint(id: string, object: string): string {
  return createHash('sha256').update(`${id}:${object}`).digest('hex');
}

import { PUBLIC_NAME } from '../desired/model.ts';
import type { Difference } from '../difference/model.ts';
import { defaultRevoke } from '../plan/grant-steps.ts';
import { granteeText, grantTarget, privilegeList } from '../plan/target.ts';
import { privilegesOf } from '../rights/privilege.ts';
import type { FindingWords } from './finding.ts';

/** What is wrong with a right on something that is there. `tableOf` names a table by its oid. */
export function grantWords(
  one: Extract<Difference, { kind: 'grant-missing' | 'grant-excess' | 'grant-option' }>,
  serverVersion: number,
  tableOf: (id: number) => string,
): FindingWords {
  const privileges = privilegeList(one.mask, one.object, serverVersion);
  const target = grantTarget(one.object, tableOf);
  // The same column is called the same, whether the file or the catalog named it.
  const object = `${one.grantee}: ${privileges.replaceAll(/"([a-z_][a-z0-9_]*)"/g, '$1')} on ${target}`;
  if (one.kind === 'grant-missing')
    return { id: 'grant-missing', object, message: `it is not granted by the owner, and should be (${one.because})` };
  const detail = { grantee: one.grantee, privileges: privilegesOf(one.mask), target, grantor: one.grantor, managed: one.managed };
  if (one.kind === 'grant-option')
    return {
      id: 'grant-option',
      object,
      severity: 'high',
      message: `${one.grantor} let it grant this on, which nobody asked for`,
      detail,
    };
  const unknown = one.managed || one.grantee === PUBLIC_NAME ? '' : ', a role that roles.yaml does not name';
  const shared =
    one.managed || one.grantee !== PUBLIC_NAME ? '' : ': every database of the cluster shares it, and so a plan leaves it';
  return {
    id: 'grant-excess',
    object,
    severity: 'high',
    message: `${one.grantor} granted it to ${one.grantee}${unknown}, and roles.yaml does not say so${shared}`,
    detail,
    fix: `revoke ${privileges} on ${target} from ${granteeText(one.grantee)}`,
  };
}

/** What is wrong with the rights on what will be made. */
export function defaultWords(
  one: Extract<Difference, { kind: 'default-missing' | 'default-excess' }>,
  serverVersion: number,
): FindingWords {
  const where = one.schema === null ? 'in every schema' : `in schema ${one.schema}`;
  const object = `${one.grantee} ${privilegesOf(one.mask).join(', ')} on new ${one.of}s of ${one.creator} ${where}`;
  if (one.kind === 'default-missing')
    return { id: 'default-missing', object, message: `${one.because} wants it for what will be made` };
  const message = one.option
    ? 'it will get the right to grant it on as well, which nobody asked for'
    : 'it will be granted on whatever is made, and roles.yaml does not say so';
  return {
    id: 'default-excess',
    object,
    severity: 'high',
    message: one.managed ? message : `${message}: a role it does not name, so that a plan leaves it`,
    detail: { managed: one.managed },
    fix: defaultRevoke(one, serverVersion),
  };
}

import type { Difference } from '../difference/model.ts';
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
  const unknown = one.managed ? '' : ', a role that roles.yaml does not name';
  return {
    id: 'grant-excess',
    object,
    severity: 'high',
    message: `${one.grantor} granted it to ${one.grantee}${unknown}, and roles.yaml does not say so`,
    detail,
    fix: `revoke ${privileges} on ${target} from ${granteeText(one.grantee)}`,
  };
}

/** What is wrong with the rights on what will be made. */
export function defaultWords(one: Extract<Difference, { kind: 'default-missing' | 'default-excess' }>): FindingWords {
  const where = one.schema === null ? 'in every schema' : `in schema ${one.schema}`;
  const object = `${one.grantee} ${privilegesOf(one.mask).join(', ')} on new ${one.of}s of ${one.creator} ${where}`;
  return one.kind === 'default-missing'
    ? { id: 'default-missing', object, message: `${one.because} wants it for what will be made` }
    : {
        id: 'default-excess',
        object,
        severity: 'high',
        message: one.option
          ? 'it will get the right to grant it on as well, which nobody asked for'
          : 'it will be granted on whatever is made, and roles.yaml does not say so',
      };
}

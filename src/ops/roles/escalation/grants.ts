import { ident } from '../../../db/ident.ts';
import { granteeText, grantTarget, privilegeList, tableNames } from '../plan/target.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import { maskOf, privilegesOf, type Mask, type Privilege } from '../rights/privilege.ts';
import type { Evidence, Facts, Grant } from './model.ts';

/** The reached entries on objects of these kinds that hold any of these privileges; what builders were granted is their work. */
export function grantsOf(facts: Facts, kinds: readonly ObjectKind[], privileges: readonly Privilege[]): Grant[] {
  const mask = maskOf(...privileges);
  return facts.grants.filter(
    ({ object, entry }) => (entry.privileges & mask) !== 0 && kinds.includes(object.kind) && !facts.isBuilder(entry.grantee),
  );
}

/** The entry as evidence; `message` says what its holder can do with it. */
export function grantEvidence(
  facts: Facts,
  { object, entry, ways }: Grant,
  privileges: readonly Privilege[],
  message: string,
): Evidence {
  const mask = entry.privileges & maskOf(...privileges);
  const role = facts.names.of(entry.grantee);
  const tableOf = tableNames(facts.catalog);
  const target = grantTarget(object, tableOf);
  const list = privilegeList(mask, object, facts.catalog.serverVersion);
  return {
    object: `${role}: ${list} on ${target}`,
    role,
    message,
    fix: revokeText(facts, { object, entry }, mask),
    ways,
    detail: { grantee: role, grantor: facts.names.of(entry.grantor), privileges: privilegesOf(mask), target },
  };
}

/** The REVOKE by whoever granted it: the owner's leaves what others passed on as it is. */
export function revokeText(facts: Facts, { object, entry }: Pick<Grant, 'object' | 'entry'>, mask: Mask, option = ''): string {
  const target = grantTarget(object, tableNames(facts.catalog));
  const list = privilegeList(mask, object, facts.catalog.serverVersion);
  const sql = `revoke ${option}${list} on ${target} from ${granteeText(facts.names.of(entry.grantee))}`;
  if (entry.grantor === object.owner || object.kind === 'parameter') return `${sql};`;
  return `set role ${ident(facts.names.of(entry.grantor))};\n${sql};\nreset role;`;
}

import { allRights, publicRights, type ObjectKind } from './kinds.ts';
import { bitOfLetter, type Mask } from './privilege.ts';

/** The oid of a role; {@link PUBLIC} for everybody. */
export type RoleId = number;
export const PUBLIC: RoleId = 0;

/** BOOTSTRAP_SUPERUSERID: it owns parameters, and grants memberships in the name of every superuser (check_role_grantor() of user.c). */
export const BOOTSTRAP_SUPERUSER: RoleId = 10;

/** What one role was granted by another on one object. */
export interface AclEntry {
  readonly grantee: RoleId;
  readonly grantor: RoleId;
  readonly privileges: Mask;
  /** Those of them that the grantee may grant on. */
  readonly grantable: Mask;
}

/**
 * An `aclitem[]` as the server casts it to text, such as `{alice=arwdDxtm/alice,=r/alice,"\"we ird\"=r*w/alice"}`.
 * `roleId` gives the oid for a name. A role that was dropped without its entries is shown by its oid, and a digit is also a name: the name
 * is asked first. Fails with RangeError on a text that is no ACL, or that has a privilege this dbctl does not know.
 */
export function parseAcl(text: string, roleId: (name: string) => RoleId | undefined): AclEntry[] {
  return arrayElements(text).map((item) => parseItem(item, roleId));
}

/** What the server takes for the ACL of an object whose ACL is null: the owner's, and what PUBLIC has by default. */
export function defaultAcl(kind: ObjectKind, owner: RoleId, serverVersion: number): AclEntry[] {
  const toPublic = publicRights(kind);
  return [
    ...(toPublic === 0 ? [] : [{ grantee: PUBLIC, grantor: owner, privileges: toPublic, grantable: 0 }]),
    { grantee: owner, grantor: owner, privileges: allRights(kind, serverVersion), grantable: 0 },
  ];
}

function parseItem(item: string, roleId: (name: string) => RoleId | undefined): AclEntry {
  const { name: grantee, rest } = takeName(item);
  const slash = rest.indexOf('/');
  if (!rest.startsWith('=') || slash === -1) throw new RangeError(`not an aclitem: ${item}`);
  const { name: grantor } = takeName(rest.slice(slash + 1));
  return {
    grantee: grantee === '' ? PUBLIC : idOf(grantee, roleId),
    grantor: idOf(grantor, roleId),
    ...masksOf(rest.slice(1, slash)),
  };
}

/** A name of an aclitem is quoted unless it is all letters, digits and _ (putid() in acl.c); a quote in it is doubled. */
function takeName(text: string): { name: string; rest: string } {
  if (!text.startsWith('"')) {
    const end = text.search(/[=/]/);
    return end === -1 ? { name: text, rest: '' } : { name: text.slice(0, end), rest: text.slice(end) };
  }
  const quoted = /^"((?:[^"]|"")*)"/.exec(text);
  if (quoted === null) throw new RangeError(`not a name of an aclitem: ${text}`);
  return { name: (quoted[1] ?? '').replaceAll('""', '"'), rest: text.slice(quoted[0].length) };
}

function idOf(name: string, roleId: (name: string) => RoleId | undefined): RoleId {
  const id = roleId(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined);
  if (id === undefined) throw new RangeError(`a role of an aclitem is not there: ${name}`);
  return id;
}

/** `r*w`: SELECT, to be granted on, and UPDATE. */
function masksOf(letters: string): { privileges: Mask; grantable: Mask } {
  let privileges = 0;
  let grantable = 0;
  let last = 0;
  for (const letter of letters) {
    if (letter === '*') {
      grantable |= last;
      continue;
    }
    const bit = bitOfLetter(letter);
    if (bit === undefined) throw new RangeError(`a privilege this dbctl does not know: ${letter}`);
    privileges |= bit;
    last = bit;
  }
  return { privileges, grantable };
}

/** The elements of a one-dimensional array in its text form (array_out). */
function arrayElements(text: string): string[] {
  if (!text.startsWith('{') || !text.endsWith('}')) throw new RangeError(`not an array: ${text}`);
  const inner = text.slice(1, -1);
  if (inner === '') return [];
  if (!inner.includes('"')) return inner.split(',');
  const elements: string[] = [];
  for (const [, quoted, plain] of inner.matchAll(/(?:"((?:[^"\\]|\\.)*)"|([^,"]+))(?:,|$)/gs)) {
    elements.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll(/\\(.)/gs, '$1'));
  }
  return elements;
}

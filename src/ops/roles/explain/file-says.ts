import type { RolesFile } from '../../../config/roles/load.ts';
import type { SecuredObject } from '../catalog/model.ts';
import { PUBLIC_NAME, type DesiredState } from '../desired/model.ts';
import { objectKey } from '../desired/grant-map.ts';
import { becauseOf } from '../desired/reasons.ts';
import { writtenName, writtenWord } from '../desired/written.ts';
import { predefinedMask } from '../rights/predefined.ts';
import type { Mask } from '../rights/privilege.ts';

/** What roles.yaml says about one privilege of a role. */
export type FileSays =
  | { readonly answer: 'yes'; readonly grantee: string; readonly because: string }
  /** It knows the role, and does not say so. */
  | { readonly answer: 'no' }
  | { readonly answer: 'unknown role' };

/** Asks the file about the role itself, those it inherits there, and PUBLIC; a column also has what its table has. */
export function fileSays(role: string, object: SecuredObject, bit: Mask, desired: DesiredState): FileSays {
  const grantees = [...inheritedInFile(role, desired), PUBLIC_NAME];
  const key = objectKey(object);
  const isAbout = (one: SecuredObject): boolean =>
    objectKey(one) === key || (object.kind === 'column' && one.kind === 'table' && one.id === object.id);
  for (const grantee of grantees) {
    const grant = desired.grants.find((one) => one.grantee === grantee && (one.mask & bit) !== 0 && isAbout(one.object));
    if (grant !== undefined) return { answer: 'yes', grantee, because: becauseOf(grant, bit) };
    const member = desired.roles.find(({ memberOf }) => Object.hasOwn(memberOf, grantee));
    if (member !== undefined && (predefinedMask(grantee, object) & bit) !== 0)
      return { answer: 'yes', grantee, because: member.because };
  }
  return desired.roles.some(({ name }) => name === role) ? { answer: 'no' } : { answer: 'unknown role' };
}

function inheritedInFile(role: string, { roles }: DesiredState): string[] {
  const found = [role];
  for (const name of found) {
    const wanted = roles.find((one) => one.name === name);
    for (const [group, { inherit }] of Object.entries(wanted?.memberOf ?? {})) {
      if (inherit && !found.includes(group)) found.push(group);
    }
  }
  return found;
}

/** The role of the file whose grants would have to say more: of a login of two the group; null where the file names neither. */
export function roleToGrant(role: string, { roles }: Pick<RolesFile, 'roles'>): string | null {
  if (Object.hasOwn(roles, role)) return role;
  return Object.entries(roles).find(([, { logins }]) => logins?.includes(role) === true)?.[0] ?? null;
}

/** A grant as the file would write it; null for what follows from others, is no privilege of a role's entry, such as CONNECT, or has no form there. */
export function grantLine(object: SecuredObject, privileges: readonly string[], table?: SecuredObject): string | null {
  const words = privileges.map((privilege) => privilege.toLowerCase());
  const name = writtenName(object.schema, object.bare);
  const word = writtenWord(object.bare);
  const listed = `privileges: [${words.join(', ')}]`;
  switch (object.kind) {
    case 'table':
      return `- { on: [${name}], ${listed} }`;
    case 'column':
      if (table === undefined || word === null) return null;
      return `- { on: [${writtenName(table.schema, table.bare)}], ${words.map((privilege) => `${privilege}: [${word}]`).join(', ')} }`;
    case 'sequence':
      return `- { sequences: [${name}], ${listed} }`;
    case 'routine':
      return `- { routines: [${writtenName(object.schema, object.bare, /\(.*\)$/s.exec(object.name)?.[0])}] }`;
    case 'type':
      return `- { types: [${name}] }`;
    case 'schema':
      // USAGE follows from what is granted inside.
      return words.includes('create') && word !== null ? `- { schemas: [${word}] }` : null;
    case 'database': {
      const rest = words.filter((privilege) => privilege !== 'connect');
      return rest.length === 0 ? null : `- { database: [${rest.join(', ')}] }`;
    }
    case 'parameter':
      return `- { parameters: [${object.bare}], ${listed} }`;
    case 'language':
      return `- { languages: [${object.bare}] }`;
    case 'tablespace':
      return `- { tablespaces: [${object.bare}] }`;
    case 'foreign server':
      return `- { foreign_servers: [${object.bare}] }`;
    case 'foreign data wrapper':
      return `- { foreign_data_wrappers: [${object.bare}] }`;
    case 'large object':
      return null;
  }
}

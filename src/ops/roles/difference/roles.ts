import type { Role } from '../catalog/model.ts';
import type { DesiredRole } from '../desired/model.ts';
import type { Comparison } from './inputs.ts';
import { roleNames } from './inputs.ts';
import { ATTRIBUTES, type Attribute, type Difference } from './model.ts';

/** Roles that are not there, and attributes and limits that are not as they should be. */
export function roleDifferences({ desired, catalog }: Comparison): Difference[] {
  const names = roleNames(catalog);
  return desired.roles.flatMap((wanted): Difference[] => {
    const { name, because } = wanted;
    const role = names.role(name);
    if (role === undefined) return [{ kind: 'role-missing', role: name, because }];
    return [...attributes(wanted, role), ...limits(wanted, role)];
  });
}

const VALUE: Readonly<Record<Attribute, (role: Role | DesiredRole) => boolean>> = {
  LOGIN: ({ login }) => login,
  SUPERUSER: ({ superuser }) => superuser,
  CREATEDB: ({ createDatabase }) => createDatabase,
  CREATEROLE: ({ createRole }) => createRole,
  REPLICATION: ({ replication }) => replication,
  BYPASSRLS: ({ bypassRls }) => bypassRls,
};

function attributes(wanted: DesiredRole, role: Role): Difference[] {
  return ATTRIBUTES.filter((attribute) => VALUE[attribute](wanted) !== VALUE[attribute](role)).map((attribute) => ({
    kind: 'attribute',
    role: wanted.name,
    attribute,
    wanted: VALUE[attribute](wanted),
    because: wanted.because,
  }));
}

/** Whether a role has an attribute; the words of CREATE ROLE. */
export const attributeOf = (role: Role | DesiredRole, attribute: Attribute): boolean => VALUE[attribute](role);

function limits({ name, connectionLimit, validUntil, because }: DesiredRole, role: Role): Difference[] {
  const found: Difference[] = [];
  if (connectionLimit !== role.connectionLimit)
    found.push({ kind: 'connection-limit', role: name, is: role.connectionLimit, wanted: connectionLimit, because });
  const until = dayOf(role.validUntil);
  if (validUntil !== until) found.push({ kind: 'valid-until', role: name, is: until, wanted: validUntil, because });
  return found;
}

/** The last whole day in UTC where it ends with one; else the time itself. Infinity is for ever, as null is. */
function dayOf(validUntil: string | null): string | null {
  if (validUntil === null || validUntil === 'infinity') return null;
  const end = new Date(validUntil);
  if (Number.isNaN(end.getTime())) return validUntil;
  return end.getTime() % DAY_MS === 0 ? new Date(end.getTime() - 1).toISOString().slice(0, 10) : end.toISOString();
}

const DAY_MS = 86_400_000;

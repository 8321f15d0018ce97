import type { RolesFile } from '../../../config/roles/load.ts';
import type { CheckedRole } from '../../../config/roles/schema.ts';
import type { DesiredRole } from './model.ts';

/** The roles of the file, those that log in for another one behind it. */
export function desiredRoles(file: RolesFile): DesiredRole[] {
  return Object.entries(file.roles).flatMap(([name, role]) => {
    const because = `${file.label}:${file.place(['roles', name]).line}`;
    const { logins } = role;
    if (logins === undefined) return [desiredRole(name, role, because)];
    const group = { ...role, login: false, settings: {}, connection_limit: undefined, valid_until: undefined };
    return [desiredRole(name, group, because), ...logins.map((login) => desiredRole(login, loginOf(name, role), because))];
  });
}

/** Attributes are not inherited, nor are settings: each login has them. It must not become the group, which nothing needs. */
function loginOf(name: string, role: CheckedRole): CheckedRole {
  return { ...role, login: true, member_of: { [name]: { inherit: true, set: false, admin: false } } };
}

function desiredRole(name: string, role: CheckedRole, because: string): DesiredRole {
  return {
    name,
    purpose: role.purpose,
    duty: role.duty ?? null,
    login: role.login,
    superuser: role.attributes.includes('superuser'),
    createDatabase: role.attributes.includes('createdb'),
    createRole: role.attributes.includes('createrole'),
    replication: role.attributes.includes('replication'),
    bypassRls: role.attributes.includes('bypassrls'),
    connectionLimit: role.connection_limit ?? -1,
    validUntil: role.valid_until ?? null,
    settings: Object.fromEntries(Object.entries(role.settings).map(([parameter, value]) => [parameter, settingText(value)])),
    memberOf: role.member_of,
    because,
  };
}

/** YAML reads on and off as text, true and false as booleans: PostgreSQL takes and shows all four. */
function settingText(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
}

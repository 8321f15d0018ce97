import { step, type Step } from '../../../core/step.ts';
import { ident, literal } from '../../../db/ident.ts';
import { attributeOf } from '../difference/roles.ts';
import { ATTRIBUTES, type Difference } from '../difference/model.ts';
import type { DesiredRole, MembershipOptions } from '../desired/model.ts';

/** Roles that are made, with all their attributes and settings. */
export function createRoleSteps(differences: readonly Difference[], roles: readonly DesiredRole[]): Step[] {
  const missing = new Set(differences.filter((one) => one.kind === 'role-missing').map(({ role }) => role));
  return roles
    .filter(({ name }) => missing.has(name))
    .map((role) => {
      const words = ATTRIBUTES.map((attribute) => `${attributeOf(role, attribute) ? '' : 'no'}${attribute.toLowerCase()}`);
      const limit = role.connectionLimit === -1 ? '' : ` connection limit ${role.connectionLimit}`;
      const sql = `create role ${ident(role.name)} ${words.join(' ')}${limit}${validUntil(role.validUntil)}`;
      return step('create role', role.name, `create the role ${role.name}: ${role.purpose}`, sql);
    });
}

/** Attributes, limits and settings of roles that are there. */
export function alterRoleSteps(differences: readonly Difference[]): Step[] {
  return differences.flatMap((one): Step[] => {
    switch (one.kind) {
      case 'attribute': {
        const word = `${one.wanted ? '' : 'no'}${one.attribute.toLowerCase()}`;
        return [step('alter role', one.role, `${one.role} becomes ${word}`, `alter role ${ident(one.role)} ${word}`)];
      }
      case 'connection-limit': {
        const words = one.wanted === -1 ? 'no limit' : String(one.wanted);
        const sql = `alter role ${ident(one.role)} connection limit ${one.wanted}`;
        return [step('alter role', one.role, `connections of ${one.role}: ${words}`, sql)];
      }
      case 'valid-until': {
        const sql = `alter role ${ident(one.role)}${validUntil(one.wanted) || " valid until 'infinity'"}`;
        return [
          step(
            'alter role',
            one.role,
            `the password of ${one.role} is good ${one.wanted === null ? 'for ever' : `until ${one.wanted}`}`,
            sql,
          ),
        ];
      }
      case 'setting':
        return [settingStep(one)];
      default:
        return [];
    }
  });
}

/** The day is the last on which it is good: it ends with it. */
function validUntil(day: string | null): string {
  if (day === null) return '';
  const end = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  return ` valid until ${literal(`${end} 00:00:00+00`)}`;
}

function settingStep({ role, name, wanted, here }: Extract<Difference, { kind: 'setting' }>): Step {
  const where = here ? ' in this database' : '';
  // The name of this database is asked of the server: the plan is for whichever it is read in.
  const scope = here ? `${ident(role)} in database %I` : ident(role);
  const change = wanted === null ? `reset ${parameter(name)}` : `set ${parameter(name)} to ${settingValue(name, wanted)}`;
  const sql = here
    ? `do $do$ begin execute pg_catalog.format(${literal(`alter role ${scope} ${change}`)}, pg_catalog.current_database()); end $do$`
    : `alter role ${scope} ${change}`;
  const summary =
    wanted === null
      ? `sessions of ${role} no longer begin with ${name}${where}`
      : `sessions of ${role} begin with ${name} = ${wanted}`;
  return step('alter role', role, summary, sql);
}

/** Names of extensions' parameters have a dot, which is no schema. */
const parameter = (name: string): string => name.split('.').map(ident).join('.');

/** Lists are taken apart by SET itself: quoted whole, `app, public` would be one schema of that name. */
const LISTS = new Set([
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'local_preload_libraries',
  'DateStyle',
  'datestyle',
]);

function settingValue(name: string, value: string): string {
  if (!LISTS.has(name)) return literal(value);
  const parts = value.split(',').map((part) => part.trim());
  return parts.map((part) => literal(part.replaceAll(/^"|"$/g, ''))).join(', ');
}

/** Memberships that are missing, or have fewer options than they should. */
export function membershipGrantSteps(differences: readonly Difference[]): Step[] {
  return differences
    .filter((one) => one.kind === 'membership-missing')
    .map(({ role, member, wanted }) => {
      const options = `inherit ${wanted.inherit}, set ${wanted.set}, admin ${wanted.admin}`;
      const sql = `grant ${ident(role)} to ${ident(member)} with ${options}`;
      return step('grant role', member, `${member} becomes a member of ${role} (${options})`, sql);
    });
}

/** Memberships nobody asked for, and options of others, taken away from whoever granted them. */
export function membershipRevokeSteps(differences: readonly Difference[]): Step[] {
  return differences.flatMap((one): Step[] => {
    if (one.kind !== 'membership-excess') return [];
    const { role, member, grantor, is, wanted } = one;
    const by = `granted by ${ident(grantor)}`;
    if (wanted === null) {
      const sql = `revoke ${ident(role)} from ${ident(member)} ${by}`;
      return [step('revoke role', member, `${member} is no longer a member of ${role}, which ${grantor} granted`, sql)];
    }
    return (['inherit', 'set', 'admin'] as const)
      .filter((option) => is[option] && !wanted[option])
      .map((option) => {
        const sql = `revoke ${option} option for ${ident(role)} from ${ident(member)} ${by}`;
        return step('revoke role', member, `${OPTION_LOST[option](member, role)}, which ${grantor} granted`, sql);
      });
  });
}

const OPTION_LOST: Readonly<Record<keyof MembershipOptions, (member: string, role: string) => string>> = {
  inherit: (member, role) => `${member} no longer inherits ${role}`,
  set: (member, role) => `${member} can no longer become ${role}`,
  admin: (member, role) => `${member} can no longer grant ${role}`,
};

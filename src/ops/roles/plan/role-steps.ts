import { step, type Step } from '../../../core/step.ts';
import { ident, literal } from '../../../db/ident.ts';
import { shownValue } from '../catalog/secret-setting.ts';
import { attributeOf } from '../difference/roles.ts';
import { ATTRIBUTES, type Difference } from '../difference/model.ts';
import type { DesiredRole } from '../desired/model.ts';
import { listParts } from '../desired/setting-value.ts';

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

/** Attributes that are taken away. They come last: whoever runs the plan may be losing some. */
export function attributeRevokeSteps(differences: readonly Difference[]): Step[] {
  return differences.flatMap((one) => (one.kind === 'attribute' && !one.wanted ? [attributeStep(one)] : []));
}

function attributeStep({ role, attribute, wanted }: Extract<Difference, { kind: 'attribute' }>): Step {
  const word = `${wanted ? '' : 'no'}${attribute.toLowerCase()}`;
  return step('alter role', role, `${role} becomes ${word}`, `alter role ${ident(role)} ${word}`);
}

/** Attributes that are given, limits and settings of roles that are there. */
export function alterRoleSteps(differences: readonly Difference[]): Step[] {
  return differences.flatMap((one): Step[] => {
    switch (one.kind) {
      case 'attribute':
        return one.wanted ? [attributeStep(one)] : [];
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
      : `sessions of ${role} begin with ${name} = ${shownValue(name, wanted)}`;
  return step('alter role', role, summary, sql);
}

/** Names of extensions' parameters have a dot, which is no schema. */
const parameter = (name: string): string => name.split('.').map(ident).join('.');

/** Lists are taken apart by SET itself: quoted whole, `app, public` would be one schema of that name. */
function settingValue(name: string, value: string): string {
  return (listParts(name, value) ?? [value]).map(literal).join(', ');
}

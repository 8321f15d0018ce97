import { shownValue } from '../catalog/secret-setting.ts';
import type { Difference } from '../difference/model.ts';
import { membershipText } from '../rights/memberships.ts';
import type { FindingWords } from './finding.ts';

type OfRole = Extract<
  Difference,
  {
    kind:
      | 'role-missing'
      | 'attribute'
      | 'connection-limit'
      | 'valid-until'
      | 'setting'
      | 'membership-missing'
      | 'membership-excess';
  }
>;

/** What is wrong with a role itself, its settings and its memberships. */
export function roleWords(one: OfRole): FindingWords {
  switch (one.kind) {
    case 'role-missing':
      return {
        id: 'role-missing',
        object: one.role,
        severity: 'high',
        message: `${one.because} declares the role, and it is not there`,
      };
    case 'attribute': {
      const word = one.attribute.toLowerCase();
      const severity = !one.wanted && GRAVE.includes(one.attribute) ? 'critical' : 'medium';
      const message = one.wanted
        ? `it is not ${word}, as ${one.because} wants`
        : `it is ${word}, which ${one.because} does not say`;
      return { id: 'role-attribute', object: `${one.role} ${one.attribute}`, severity, message };
    }
    case 'connection-limit':
      return {
        id: 'role-connection-limit',
        object: one.role,
        severity: 'low',
        message: `its connection limit is ${limitText(one.is)}, and ${one.because} says ${limitText(one.wanted)}`,
      };
    case 'valid-until':
      return {
        id: 'role-valid-until',
        object: one.role,
        message: `its password is good ${untilText(one.is)}, and ${one.because} says ${untilText(one.wanted)}`,
      };
    case 'setting':
      return settingWords(one);
    case 'membership-missing':
      return {
        id: 'membership-missing',
        object: `${one.member} in ${one.role}`,
        message: `${one.because} makes it a member (${membershipText(one.wanted)})`,
      };
    case 'membership-excess':
      return membershipWords(one);
  }
}

const GRAVE: readonly string[] = ['SUPERUSER', 'CREATEROLE', 'REPLICATION', 'BYPASSRLS'];
const limitText = (limit: number): string => (limit === -1 ? 'none' : String(limit));
const untilText = (day: string | null): string => (day === null ? 'for ever' : `until ${day}`);

function settingWords({ role, name, is, wanted, here, because }: Extract<Difference, { kind: 'setting' }>): FindingWords {
  const where = here ? ' in this database' : '';
  const object = `${role} ${name}`;
  if (wanted === null)
    return {
      id: 'role-setting',
      object,
      message: `its sessions begin with ${name} = ${shownValue(name, is ?? '')}${where}, which roles.yaml does not say`,
    };
  const now = is === null ? 'it is not set' : `it is ${shownValue(name, is)}${where}`;
  return { id: 'role-setting', object, message: `${because} wants ${name} = ${shownValue(name, wanted)}, and ${now}` };
}

function membershipWords({
  role,
  member,
  grantor,
  is,
  wanted,
  lapses,
  idle,
}: Extract<Difference, { kind: 'membership-excess' }>): FindingWords {
  const object = `${member} in ${role}`;
  const severity = !idle && (is.admin || is.set || is.inherit) ? 'high' : 'low';
  const detail = { grantor, is: { ...is }, wanted: wanted === null ? null : { ...wanted } };
  const allowed = lapses
    ? `${grantor} is not to grant it`
    : wanted === null
      ? 'roles.yaml does not say so'
      : `roles.yaml allows ${membershipText(wanted)}`;
  return {
    id: 'membership-excess',
    object,
    severity,
    message: `${grantor} made it a member (${membershipText(is)}), and ${allowed}${idle ? `; it lets it do nothing while ${role} is superuser` : ''}`,
    detail,
  };
}

import type { JsonObject } from '../../../core/json.ts';
import type { Severity } from '../../../core/report.ts';
import { PUBLIC_NAME, type MembershipOptions } from '../desired/model.ts';
import type { Comparison } from '../difference/inputs.ts';
import type { Difference } from '../difference/model.ts';
import { planRoles } from '../plan/plan.ts';
import { stepsOf } from '../apply/apply.ts';
import { grantTarget, privilegeList, tableNames } from '../plan/target.ts';
import { privilegesOf } from '../rights/privilege.ts';
import type { Finding } from './finding.ts';
import type { ReachedBy, WhoReaches } from './reached-by.ts';

/** Each difference as a finding, with who has it by which way, and the statement of the plan that puts it right. */
export function differenceFindings(found: readonly Difference[], comparison: Comparison, reaches: WhoReaches): Finding[] {
  const tableOf = tableNames(comparison.catalog);
  return found.map((one) => {
    const words = describe(one, comparison.catalog.serverVersion, tableOf);
    const by = grantedTo(one);
    const way =
      by === null
        ? []
        : waysTo(by, reaches).filter(({ path }) => one.kind !== 'membership-excess' || leadsThrough(path, one.member));
    const fix = stepsOf(planRoles([one], comparison)).map(({ sql }) => `${sql};`);
    return {
      ...words,
      severity: words.severity ?? 'medium',
      status: 'fail',
      role: roleOf(one),
      message: [words.message, ...wayText(by, way)].join('; '),
      fix: fix.length === 0 ? (words.fix ?? null) : fix.join('\n'),
      detail: { ...words.detail, ...(by === null ? {} : { reachedBy: way.map((each) => ({ ...each })) }) },
    };
  });
}

type Words = Pick<Finding, 'id' | 'object' | 'message'> & { severity?: Severity; detail?: JsonObject; fix?: string };

function describe(one: Difference, serverVersion: number, tableOf: (id: number) => string): Words {
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
        message: `${one.because} makes it a member (${optionText(one.wanted)})`,
      };
    case 'membership-excess':
      return membershipWords(one);
    case 'owner':
      return {
        id: 'object-owner',
        object: one.object.name,
        severity: 'high',
        message: `the ${one.object.what} belongs to ${one.is}, and not to ${one.wanted}: its owner may change, drop and grant it`,
        detail: { is: one.is, wanted: one.wanted },
      };
    case 'schema-missing':
      return {
        id: 'schema-missing',
        object: one.schema,
        message: `${one.because} names the schema, and it is not there`,
        fix: 'a migration makes it: dbctl migrate up, then dbctl roles apply again',
      };
    case 'grant-missing':
    case 'grant-excess':
    case 'grant-option':
      return grantWords(one, serverVersion, tableOf);
    case 'default-missing':
    case 'default-excess': {
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
    case 'row-security':
      return {
        id: 'row-security',
        object: one.table,
        severity: 'high',
        message: `${one.problem} (${one.because})`,
        fix: 'look at the policies of the table, and correct it by a migration or in roles.yaml',
      };
    case 'unmatched':
      return {
        id: 'roles-file-unmatched',
        object: one.because,
        message: one.problem,
        fix: 'correct the name in the file, or migrate first',
      };
    case 'exception-expired':
      return {
        id: 'exception-expired',
        object: one.id,
        severity: 'high',
        message: `the exception for ${one.role} ended on ${one.expired}`,
        fix: 'remove it from the file and apply, or give it a new reason and day',
      };
  }
}

const GRAVE: readonly string[] = ['SUPERUSER', 'CREATEROLE', 'REPLICATION', 'BYPASSRLS'];
const limitText = (limit: number): string => (limit === -1 ? 'none' : String(limit));
const untilText = (day: string | null): string => (day === null ? 'for ever' : `until ${day}`);

function settingWords({ role, name, is, wanted, here, because }: Extract<Difference, { kind: 'setting' }>): Words {
  const where = here ? ' in this database' : '';
  const object = `${role} ${name}`;
  if (wanted === null)
    return {
      id: 'role-setting',
      object,
      message: `its sessions begin with ${name} = ${is}${where}, which roles.yaml does not say`,
    };
  const now = is === null ? 'it is not set' : `it is ${is}${where}`;
  return { id: 'role-setting', object, message: `${because} wants ${name} = ${wanted}, and ${now}` };
}

function optionText({ inherit, set, admin }: MembershipOptions): string {
  return `inherit ${inherit}, set ${set}, admin ${admin}`;
}

function membershipWords({
  role,
  member,
  grantor,
  is,
  wanted,
  lapses,
}: Extract<Difference, { kind: 'membership-excess' }>): Words {
  const object = `${member} in ${role}`;
  const severity = is.admin || is.set || is.inherit ? 'high' : 'low';
  const detail = { grantor, is: { ...is }, wanted: wanted === null ? null : { ...wanted } };
  const allowed = lapses
    ? `${grantor} is not to grant it`
    : wanted === null
      ? 'roles.yaml does not say so'
      : `roles.yaml allows ${optionText(wanted)}`;
  return {
    id: 'membership-excess',
    object,
    severity,
    message: `${grantor} made it a member (${optionText(is)}), and ${allowed}`,
    detail,
  };
}

function grantWords(
  one: Extract<Difference, { kind: 'grant-missing' | 'grant-excess' | 'grant-option' }>,
  serverVersion: number,
  tableOf: (id: number) => string,
): Words {
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
    fix: `revoke ${privileges} on ${target} from ${one.grantee}`,
  };
}

/** The role whose members share what the difference gives; null where it gives nothing. */
function grantedTo(one: Difference): string | null {
  if (one.kind === 'grant-excess' || one.kind === 'grant-option' || one.kind === 'default-excess') return one.grantee;
  if (one.kind === 'owner') return one.is;
  if (one.kind === 'attribute') return one.wanted ? null : one.role;
  return one.kind === 'membership-excess' ? one.role : null;
}

function roleOf(one: Difference): string {
  if ('grantee' in one) return one.grantee;
  if ('member' in one) return one.member;
  return 'role' in one ? one.role : '';
}

const waysTo = (role: string, reaches: WhoReaches): readonly ReachedBy[] => (role === PUBLIC_NAME ? [] : reaches(role));

/** Of a membership only the ways that it opens. */
const leadsThrough = (path: string, member: string): boolean => path.startsWith(`${member} `) || path.includes(` ${member}, `);

/** More are counted: the list is in the detail. */
const MOST_WAYS = 3;

function wayText(role: string | null, ways: readonly ReachedBy[]): string[] {
  if (role === PUBLIC_NAME) return ['everybody has it'];
  const shown = ways
    .slice(0, MOST_WAYS)
    .map(({ login, level, path }) => (path === login ? `${login} logs in with it` : `${path}: ${level}`));
  const more = ways.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])];
}

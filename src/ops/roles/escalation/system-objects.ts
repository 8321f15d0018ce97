import { ident } from '../../../db/ident.ts';
import type { Severity } from '../../../core/report.ts';
import { SHOWN_OBJECTS } from '../catalog/shown.ts';
import { verifyRights } from '../desired/duty.ts';
import type { AclEntry } from '../rights/acl.ts';
import { privilegesOf, type Mask } from '../rights/privilege.ts';
import type { SystemAcl } from './details.ts';
import { besidesDuty } from './duties.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** Rights on the server's own objects that initdb did not give, found by comparing their ACLs with pg_init_privs. */
export const SYSTEM_OBJECT_RULES: readonly Rule[] = [
  {
    id: 'system-object-granted',
    paths: [32],
    severity: 'high',
    title: 'a right on a function or table of the server that it did not come with',
    why: 'EXECUTE on pg_read_file read files of the data directory; SELECT on pg_authid shows password verifiers',
    judge: (facts) => facts.details.systemAcls.flatMap((one) => one.acl.flatMap((entry) => added(facts, one, entry))),
  },
];

function added(facts: Facts, object: SystemAcl, entry: AclEntry): Evidence[] {
  const before = object.initial
    .filter(({ grantee }) => grantee === entry.grantee)
    .reduce((mask, one) => mask | one.privileges, 0);
  const mask = entry.privileges & ~before;
  if (mask === 0 || entry.grantee === object.owner) return [];
  const role = facts.names.of(entry.grantee);
  const holders = facts.holders(entry.grantee);
  const ways = isForDuty(facts, object, role, mask) ? besidesDuty(facts, role, holders) : holders;
  if (ways.length === 0) return [];
  const column = object.column === null ? '' : ` (${object.column})`;
  const list = privilegesOf(mask)
    .map((privilege) => `${privilege.toLowerCase()}${column}`)
    .join(', ');
  const target = `${object.kind === 'column' ? 'table' : object.kind} ${object.name}`;
  return [
    {
      object: `${role}: ${list} on ${target}`,
      role,
      severity: severityOf(object),
      message: `the server does not give it this right: ${wordsFor(object)}`,
      fix: `revoke ${list} on ${target} from ${entry.grantee === 0 ? 'public' : ident(role)};`,
      ways,
      detail: { grantee: role, grantor: facts.names.of(entry.grantor), target },
    },
  ];
}

/** Whether the file grants this, and it is what whoever verifies is to have. */
function isForDuty({ desired }: Facts, { id, kind, column, name }: SystemAcl, role: string, mask: Mask): boolean {
  const declared = desired.grants.find(({ grantee, object }) => object.id === id && object.kind === kind && grantee === role);
  return column === null && (mask & ~(verifyRights(name) & (declared?.mask ?? 0))) === 0;
}

const nameOf = ({ name }: SystemAcl): string => name.replace(/^pg_catalog\./, '').replace(/\(.*$/s, '');

/** Files and programs of the server's machine, and what of large objects goes through them. */
const FILES = /^(?:pg_read_(?:binary_)?file|pg_ls_dir|pg_stat_file|pg_ls_\w+|lo_import|lo_export|pg_file_\w+)$/;
/** Passwords, and what is kept from others in the same way. */
const SECRETS = [
  'pg_authid',
  'pg_shadow',
  'pg_user_mapping',
  'pg_subscription',
  'pg_largeobject',
  'pg_statistic',
  'pg_statistic_ext_data',
];

function severityOf(object: SystemAcl): Severity {
  const name = nameOf(object);
  if (SHOWN_OBJECTS.includes(name)) return 'info';
  return FILES.test(name) || SECRETS.includes(name) ? 'critical' : 'high';
}

function wordsFor(object: SystemAcl): string {
  const name = nameOf(object);
  if (SHOWN_OBJECTS.includes(name)) return 'it shows configuration files, as an auditor may need';
  if (FILES.test(name)) return 'it reaches files of the server';
  return SECRETS.includes(name) ? 'it shows what is kept from everybody' : 'it is for superusers or their like';
}

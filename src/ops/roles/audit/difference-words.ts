import type { Difference } from '../difference/model.ts';
import type { FindingWords } from './finding.ts';
import { defaultWords, grantWords } from './grant-words.ts';
import { roleWords } from './role-words.ts';

/** What a difference is called, how grave it is and what it means. `tableOf` names a table by its oid. */
export function differenceWords(one: Difference, serverVersion: number, tableOf: (id: number) => string): FindingWords {
  switch (one.kind) {
    case 'role-missing':
    case 'attribute':
    case 'connection-limit':
    case 'valid-until':
    case 'setting':
    case 'membership-missing':
    case 'membership-excess':
      return roleWords(one);
    case 'grant-missing':
    case 'grant-excess':
    case 'grant-option':
      return grantWords(one, serverVersion, tableOf);
    case 'default-missing':
    case 'default-excess':
      return defaultWords(one, serverVersion);
    case 'perhaps-lent':
      return {
        id: 'membership-perhaps-lent',
        object: `${one.member} in ${one.role}`,
        message: `${one.grantor} made it a member, and roles.yaml does not say so: a loan, or too much`,
        fix: 'grant dbctl_auditor to whoever runs this, who may not see loans',
      };
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
        message: `${one.because} names the schema, and it is not there${one.meant}`,
        fix: 'a migration makes it: dbctl migrate up, then dbctl roles apply again',
      };
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

import { PUBLIC } from '../rights/acl.ts';
import { grantEvidence, grantsOf } from './grants.ts';
import type { Rule } from './model.ts';

/** CREATE, on the database and on schemas. */
export const CREATION_RULES: readonly Rule[] = [
  {
    id: 'create-on-database',
    paths: [8],
    severity: 'high',
    title: 'CREATE on the database',
    why: 'a trusted extension was installed into a schema without CREATE there, and 38 functions of a superuser appeared in it',
    judge: (facts) =>
      grantsOf(facts, ['database'], ['CREATE']).map((grant) =>
        grantEvidence(
          facts,
          grant,
          ['CREATE'],
          'it can make schemas, and install trusted extensions into any schema, whose functions then belong to a superuser',
        ),
      ),
  },
  {
    id: 'create-on-schema',
    paths: [9],
    severity: 'high',
    title: 'CREATE on a schema',
    why: 'a function lower(varchar) in a schema of the search path was called by a superuser for lower(nick), and made the attacker one',
    judge: (facts) =>
      grantsOf(facts, ['schema'], ['CREATE']).map((grant) => ({
        ...grantEvidence(
          facts,
          grant,
          ['CREATE'],
          'it can put functions and operators there that others call in place of those they meant, with their rights',
        ),
        ...(grant.entry.grantee === PUBLIC ? { severity: 'critical' as const } : {}),
      })),
  },
];

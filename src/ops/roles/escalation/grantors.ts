import { allRights } from '../rights/kinds.ts';
import { privilegesOf } from '../rights/privilege.ts';
import { grantEvidence, revokeText } from './grants.ts';
import type { Grant, Rule } from './model.ts';

export const GRANTOR_RULES: readonly Rule[] = [
  {
    id: 'grant-by-another',
    paths: [41],
    severity: 'medium',
    title: 'a right that somebody other than the owner granted',
    why: 'it stayed, without a word, when the owner revoked',
    judge: (facts) =>
      facts.grants
        .filter(({ object, entry }) => entry.grantor !== object.owner && object.kind !== 'parameter')
        .map((grant) => {
          const all = privilegesOf(allRights(grant.object.kind, facts.catalog.serverVersion));
          const grantor = facts.names.of(grant.entry.grantor);
          return grantEvidence(facts, grant, all, `${grantor} granted it, and a REVOKE of the owner leaves it as it is`);
        }),
  },
  {
    id: 'grant-option-held',
    paths: [41],
    severity: 'medium',
    title: 'a right with the option to grant it on',
    why: 'whom it is passed on to keeps it when the owner revokes from them',
    judge: (facts) =>
      facts.grants
        .filter(({ object, entry }) => entry.grantable !== 0 && object.kind !== 'parameter' && !facts.isBuilder(entry.grantee))
        .map((grant) => ({
          ...grantEvidence(facts, grant, privilegesOf(grant.entry.grantable), 'it can hand this right to anybody'),
          fix: revokeText(facts, grant, grant.entry.grantable, 'grant option for ').replace(/;(?=\n|$)/, passedOn(grant)),
        })),
  },
];

/** CASCADE takes away what was passed on, which the other rule lists where a login has it. */
const passedOn = ({ object, entry }: Grant): string =>
  object.acl.some(({ grantor }) => grantor === entry.grantee) ? ' cascade;' : ';';

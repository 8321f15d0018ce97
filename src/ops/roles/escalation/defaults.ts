import { ident } from '../../../db/ident.ts';
import { granteeText, words } from '../plan/target.ts';
import { publicRights } from '../rights/kinds.ts';
import { PUBLIC } from '../rights/acl.ts';
import type { Evidence, Facts, Rule } from './model.ts';

export const DEFAULT_PRIVILEGE_RULES: readonly Rule[] = [
  {
    id: 'default-privileges-hidden',
    paths: [36],
    severity: 'high',
    title: 'default privileges that nobody declared',
    why: 'who inherits an owner gave a third role ALL on every table that would be made, and nothing shows until it is',
    judge: undeclared,
  },
];

function undeclared(facts: Facts): Evidence[] {
  const { catalog, desired, names } = facts;
  return catalog.defaults.flatMap(({ creator, schema, kind, acl }) =>
    acl.flatMap(({ grantee, privileges }): Evidence[] => {
      const [maker, role] = [names.of(creator), names.of(grantee)];
      const declared = desired.defaults.find(
        (one) => one.creator === maker && one.schema === schema && one.kind === kind && one.grantee === role,
      );
      const usual = grantee === PUBLIC && schema === null ? publicRights(kind) : 0;
      const mask = privileges & ~(declared?.mask ?? usual);
      const ways = facts.holders(grantee);
      if (mask === 0 || grantee === creator || ways.length === 0) return [];
      const list = words(mask, kind, catalog.serverVersion);
      const where = schema === null ? '' : ` in schema ${ident(schema)}`;
      return [
        {
          object: `${role}: ${list} on new ${kind}s of ${maker}${where}`,
          role,
          message: `it will have this on whatever ${maker} makes${where}, and roles.yaml does not say so`,
          fix: `alter default privileges for role ${ident(maker)}${where} revoke ${list} on ${kind}s from ${granteeText(role)};`,
          ways,
          detail: { creator: maker, schema, kind },
        },
      ];
    }),
  );
}

import { ident } from '../../../db/ident.ts';
import type { ReachedBy } from '../audit/reached-by.ts';
import type { Role } from '../catalog/model.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** Attributes are not inherited; whoever can become a role that has one has it then. */
export const ATTRIBUTE_RULES: readonly Rule[] = [
  {
    id: 'createrole',
    paths: [4],
    severity: 'high',
    title: 'a login with CREATEROLE',
    why: 'it made logins, also such with CREATEROLE, granted itself these and became them; existing roles it could not touch',
    judge: (facts) =>
      attributeEvidence(
        facts,
        'createrole',
        ({ createRole }) => createRole,
        'it can make logins of its own and become them',
      ).filter(({ role }) => !facts.administrators.has(role)),
  },
  {
    id: 'superuser-after-set-role',
    paths: [6],
    severity: 'critical',
    title: 'a superuser that a login can become',
    why: 'has_table_privilege() says no, and after SET ROLE the session is superuser',
    judge: (facts) => attributeEvidence(facts, 'superuser', ({ superuser }) => superuser, 'whoever becomes it is superuser'),
  },
  {
    id: 'bypassrls-login',
    paths: [6],
    severity: 'high',
    title: 'a login with BYPASSRLS, or one that can become a role with it',
    why: 'after SET ROLE the attribute of the group was active, and every row was there',
    judge: (facts) =>
      attributeEvidence(
        facts,
        'bypassrls',
        ({ bypassRls, superuser }) => bypassRls && !superuser,
        'it sees and changes all rows, whatever the policies say',
      ),
  },
  {
    id: 'replication-login',
    paths: [7],
    severity: 'high',
    title: 'a login with REPLICATION',
    why: 'a logical slot showed it the rows of other users, a column of password hashes among them, without any SELECT',
    judge: (facts) =>
      attributeEvidence(
        facts,
        'replication',
        ({ replication, superuser }) => replication && !superuser,
        'it can read every change of every table through a slot, and take a copy of the whole cluster',
      ),
  },
];

function attributeEvidence(facts: Facts, attribute: string, has: (role: Role) => boolean, message: string): Evidence[] {
  return facts.catalog.roles.filter(has).flatMap(({ id, name, superuser }): Evidence[] => {
    const ways = facts.becomers(id);
    if (ways.length === 0) return [];
    return [
      {
        object: `${name} ${attribute.toUpperCase()}`,
        role: name,
        message,
        fix: superuser ? wayOut(facts, id, ways) : `alter role ${ident(name)} no${attribute};`,
        ways,
        detail: { attribute },
      },
    ];
  });
}

/** A superuser stays one: the memberships that lead to it go. */
function wayOut({ catalog, names, becomers }: Facts, role: number, ways: readonly ReachedBy[]): string {
  const logins = new Set(ways.map(({ login }) => login));
  return catalog.memberships
    .filter((row) => row.role === role && becomers(row.member).some(({ login }) => logins.has(login)))
    .map(
      (row) => `revoke ${ident(names.of(role))} from ${ident(names.of(row.member))} granted by ${ident(names.of(row.grantor))};`,
    )
    .join('\n');
}

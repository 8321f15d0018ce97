import { ident } from '../../../db/ident.ts';
import { looksSecret } from '../catalog/secret-setting.ts';
import { PUBLIC } from '../rights/acl.ts';
import type { Evidence, Facts, Rule } from './model.ts';

export const SECRET_RULES: readonly Rule[] = [
  {
    id: 'secret-in-catalog',
    paths: [42],
    severity: 'high',
    title: 'a secret in a setting or in the body of a routine',
    why: 'every login reads pg_db_role_setting and pg_proc, whatever it was granted',
    judge: (facts) => [...settings(facts), ...bodies(facts)],
  },
];

/** The value is not repeated: a report is read by more people than the catalog. */
function settings({ catalog, names, holders }: Facts): Evidence[] {
  return catalog.settings
    .filter(({ name, value }) => looksSecret(name, value))
    .map(({ role, name, here }) => {
      const whose = role === null ? 'all' : ident(names.of(role));
      const where = here ? ` in database ${ident(catalog.database.name)}` : '';
      return {
        object: `${role === null ? 'every role' : names.of(role)} ${name}`,
        role: names.of(role ?? PUBLIC),
        message: 'its value looks like a secret, and every login can read it in pg_db_role_setting',
        fix: `alter role ${whose}${where} reset ${name.split('.').map(ident).join('.')};`,
        ways: holders(PUBLIC),
      };
    });
}

function bodies({ details, routines, names, holders }: Facts): Evidence[] {
  return details.routines.flatMap(({ id, holdsSecret }): Evidence[] => {
    const object = routines.get(id);
    if (object === undefined || !holdsSecret) return [];
    return [
      {
        object: `${object.what} ${object.name}`,
        role: names.of(object.owner),
        message: 'its body holds what looks like a password, and every login can read it in pg_proc',
        fix: 'keep the secret in the app, change it, and replace the body',
        ways: holders(PUBLIC),
      },
    ];
  });
}

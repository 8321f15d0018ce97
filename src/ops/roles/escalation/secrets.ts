import { ident } from '../../../db/ident.ts';
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

const NAMED = /(?:password|passwd|secret|api_?key|access_?key|private_?key|token)/i;
/** A URL with a password. */
const URL = /[a-z][a-z0-9+]*:\/\/[^:/@\s]+:[^@/\s]+@/i;

/** Parameters of the server whose names sound like secrets and that hold none. */
const HARMLESS = ['password_encryption', 'md5_password_warnings'];

/** The value is not repeated: a report is read by more people than the catalog. */
function settings({ catalog, names, holders }: Facts): Evidence[] {
  return catalog.settings
    .filter(({ name, value }) => !HARMLESS.includes(name) && value !== '' && (NAMED.test(name) || URL.test(value)))
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

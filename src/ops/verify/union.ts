import { literal } from '../../db/ident.ts';
import type { Check } from './check.ts';
import { PARAMETERS, type ParameterName, type ParameterValues } from './parameters.ts';
import { replacePlaceholders } from './placeholders.ts';

export interface BoundQuery {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * All the checks as one query of `id, object, detail, data`, so that a run costs one round trip however many checks there are.
 * Every parameter is bound once and cast to its declared type, because the server gives a placeholder one type only.
 */
export function unionQuery(checks: readonly Check[], values: ParameterValues): BoundQuery {
  const used = [...new Set(checks.flatMap((check) => check.params))];
  const branches = checks.map((check) => branch(check, used));
  return {
    text: `${branches.join('\nunion all\n')}\norder by 1, 2, 3`,
    values: used.map((name) => PARAMETERS[name].value(values)),
  };
}

/** The newline before the closing parenthesis ends a comment on the query's last line. */
function branch(check: Check, used: readonly ParameterName[]): string {
  const query = replacePlaceholders(check.query, (number) => {
    const name = check.params[number - 1] as ParameterName;
    return `($${used.indexOf(name) + 1}::${sqlType(name)})`;
  });
  return [
    `select ${literal(check.id)}::pg_catalog.text as id, q.object::pg_catalog.text as object,`,
    `       q.detail::pg_catalog.text as detail, q.data::pg_catalog.jsonb as data from (`,
    query,
    ') as q',
  ].join('\n');
}

function sqlType(name: ParameterName): string {
  return `pg_catalog.${PARAMETERS[name].type}`;
}

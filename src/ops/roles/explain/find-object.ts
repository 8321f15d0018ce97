import { fail } from '../../../core/errors.ts';
import { suggest } from '../../../core/suggest.ts';
import type { RoleCatalog, SecuredObject } from '../catalog/model.ts';
import { columnOf, parameter } from '../desired/grants.ts';
import { normalized } from '../desired/matching.ts';
import type { ObjectName } from './object-name.ts';

/**
 * The object a name means. `withColumn` are the tables that have a column of the name's last part, since the catalog lists only columns on
 * which something was granted. Fails with usage where there is none, or several.
 */
export function findObject(text: string, name: ObjectName, catalog: RoleCatalog, withColumn: ReadonlySet<number>): SecuredObject {
  const found = candidates(name, catalog, withColumn);
  const [first, ...others] = found;
  if (first === undefined) return notThere(text, name, catalog);
  if (others.length > 0)
    fail('usage', `${text} means ${found.length} objects: ${found.map(fullName).join(', ')}`, {
      hint: 'Write its kind before it, and of a function its argument types.',
    });
  return first;
}

/** `routine app.f(integer)`: its kind and its name. */
const fullName = ({ what, name }: SecuredObject): string => `${what} ${name}`;

function candidates(name: ObjectName, catalog: RoleCatalog, withColumn: ReadonlySet<number>): SecuredObject[] {
  const { kind, parts, args } = name;
  const last = parts.at(-1) ?? '';
  if (kind === 'database' && (parts.length === 0 || last === catalog.database.name))
    return catalog.objects.filter((object) => object.kind === 'database' && object.id === catalog.database.id);
  if (kind === 'parameter') return [parameter(last, catalog)];
  if (parts.length === 3) return kind === null || kind === 'column' ? columns(parts, catalog, withColumn) : [];
  const named = catalog.objects.filter((object) => {
    if (object.kind === 'column' || (kind !== null && object.kind !== kind)) return false;
    if (object.bare !== last || (parts.length === 2) !== (object.schema !== null)) return false;
    return parts.length === 1 || object.schema === parts[0];
  });
  const routines = named.filter((object) => object.kind === 'routine');
  if (args !== null) return routines.filter((object) => normalized(argumentsOf(object)) === normalized(args));
  // A table and its sequence or type may share a name with a function: what has none of its arguments written is not that.
  const rest = named.filter((object) => object.kind !== 'routine');
  return rest.length > 0 ? preferred(rest) : routines;
}

const argumentsOf = ({ name }: SecuredObject): string => /\(.*\)$/s.exec(name)?.[0] ?? '()';

/** A bare word is a schema before it is a language or a tablespace of that name. */
function preferred(objects: SecuredObject[]): SecuredObject[] {
  const schemas = objects.filter(({ kind }) => kind === 'schema');
  return schemas.length > 0 ? schemas : objects;
}

function columns(
  [schema = '', table = '', column = '']: readonly string[],
  catalog: RoleCatalog,
  withColumn: ReadonlySet<number>,
): SecuredObject[] {
  const relation = catalog.objects.find((object) => object.kind === 'table' && object.schema === schema && object.bare === table);
  if (relation === undefined || !withColumn.has(relation.id)) return [];
  const granted = catalog.objects.find(({ kind, id, bare }) => kind === 'column' && id === relation.id && bare === column);
  return [granted ?? columnOf(relation, column)];
}

function notThere(text: string, { parts }: ObjectName, { objects }: RoleCatalog): never {
  const wanted = parts.slice(0, 2).join('.');
  const near = suggest(
    wanted,
    objects.filter(({ kind }) => kind !== 'column').map(({ schema, bare }) => (schema === null ? bare : `${schema}.${bare}`)),
  );
  return fail('usage', `there is no ${text} in this database`, {
    hint:
      near === undefined || near === wanted
        ? 'Write it with its schema; of a function with its argument types, and of a column with its table.'
        : `Did you mean ${near}?`,
  });
}

/** How answers call it: `identity.users`, of a column with its table, of others with their kind. */
export function qualifiedText(object: SecuredObject, catalog: RoleCatalog): string {
  if (object.kind === 'table') return object.name;
  if (object.kind !== 'column') return `${object.what} ${object.name}`;
  const table = catalog.objects.find(({ kind, id }) => kind === 'table' && id === object.id);
  return `${table?.name}.${object.name}`;
}

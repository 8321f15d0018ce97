import { suggest } from '../../../core/suggest.ts';
import type { RoleCatalog, SecuredObject } from '../catalog/model.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import { isName, nameOf, schemaOf } from './pattern.ts';
import { writtenName } from './written.ts';

/** What is said behind a name that fits nothing: `, did you mean app.orders`; empty where nothing is near. */
export type DidYouMean = (pattern: string, kind: ObjectKind) => string;

/** `, did you mean readonly`; empty where nothing is near. */
export function orMeant(name: string, names: Iterable<string>): string {
  const meant = suggest(name, names);
  return meant === undefined || meant === name ? '' : `, did you mean ${meant}`;
}

/**
 * Looks for what a name of roles.yaml was meant to be: within its schema where that is there, else in all of them; of a routine also by its name
 * alone, since its arguments may be what is wrong; and for something else of just that name. Of a pattern its schema is looked for.
 */
export function didYouMean({ objects }: Pick<RoleCatalog, 'objects'>): DidYouMean {
  const known = new Map<string, string>();
  return (pattern, kind) => {
    const key = `${kind}\0${pattern}`;
    const text = known.get(key) ?? search(pattern, kind, objects);
    known.set(key, text);
    return text;
  };
}

const IN_SCHEMAS: ReadonlySet<ObjectKind> = new Set(['table', 'sequence', 'routine', 'type']);

function search(pattern: string, kind: ObjectKind, objects: RoleCatalog['objects']): string {
  const ofKind = objects.filter((object) => object.kind === kind);
  if (!IN_SCHEMAS.has(kind)) return nearest(pattern, ofKind, ({ bare }) => bare);
  const schemas = objects.filter((object) => object.kind === 'schema').map(({ bare }) => bare);
  const [schema, name] = [schemaOf(pattern), nameOf(pattern)];
  if (!schemas.includes(schema))
    return isName(pattern)
      ? nearest(`${schema}.${name}`, ofKind, (object) => `${object.schema}.${object.bare}`)
      : orMeant(schema, schemas);
  if (!isName(pattern)) return '';
  const inSchema = objects.filter((object) => object.schema === schema && object.kind !== 'column');
  const namesakes = inSchema.filter(({ bare }) => bare === name);
  const overloads = namesakes.filter((object) => object.kind === kind);
  if (overloads.length > 0) return `, did you mean ${overloads.map(written).join(' or ')}`;
  const [other] = namesakes;
  if (other !== undefined) return `: ${written(other)} is a ${other.what}`;
  return nearest(
    name,
    inSchema.filter((object) => object.kind === kind),
    ({ bare }) => bare,
  );
}

function nearest(wanted: string, objects: readonly SecuredObject[], textOf: (object: SecuredObject) => string): string {
  const meant = suggest(wanted, objects.map(textOf));
  const found = objects.find((object) => textOf(object) === meant);
  return found === undefined ? '' : `, did you mean ${written(found)}`;
}

const written = ({ kind, schema, bare, name }: SecuredObject): string =>
  writtenName(schema, bare, kind === 'routine' ? (/\(.*\)$/s.exec(name)?.[0] ?? '') : '');

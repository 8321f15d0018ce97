import type { FunctionShape, RelationShape, Shapes } from '../shapes.ts';
import { unresolved } from './unresolved.ts';

/** Finds what names mean under a search_path; made once for all statements. */
export interface Names {
  readonly shapes: Shapes;
  relation(schema: string | undefined, name: string, path: readonly string[]): RelationShape | undefined;
  sequence(schema: string | undefined, name: string, path: readonly string[]): number | undefined;
  /** Those that may be meant by a call with so many arguments. Fails with Unresolved where there are several to be asked for. */
  routine(schema: string | undefined, name: string, count: number, path: readonly string[]): FunctionShape | undefined;
  relationById(id: number): RelationShape | undefined;
}

export function namesOf(shapes: Shapes): Names {
  const relations = new Map(shapes.relations.map((one) => [`${one.schema}\0${one.name}`, one]));
  const byId = new Map(shapes.relations.map((one) => [one.id, one]));
  const sequences = new Map(shapes.sequences.map((one) => [`${one.schema}\0${one.name}`, one.id]));
  const functions = new Map<string, FunctionShape[]>();
  for (const one of shapes.functions) {
    const list = functions.get(one.name);
    if (list === undefined) functions.set(one.name, [one]);
    else list.push(one);
  }
  const first = <T>(
    all: ReadonlyMap<string, T>,
    schema: string | undefined,
    name: string,
    path: readonly string[],
  ): T | undefined => {
    for (const each of schema === undefined ? path : [schema]) {
      const found = all.get(`${each}\0${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    shapes,
    relation: (schema, name, path) => first(relations, schema, name, path),
    sequence: (schema, name, path) => first(sequences, schema, name, path),
    relationById: (id) => byId.get(id),
    routine: (schema, name, count, path) => {
      const schemas = schema === undefined ? path : [schema];
      const fitting = (functions.get(name) ?? []).filter(
        (one) => schemas.includes(one.schema) && count >= one.fewest && count <= one.most,
      );
      const asked = fitting.filter(({ forAll }) => !forAll);
      // Which of several is meant depends on types that a text with parameters does not say.
      if (asked.length > 0 && fitting.length > 1)
        unresolved(`${fitting.length} functions are called ${name} with ${count} arguments`);
      return asked[0] ?? fitting[0];
    },
  };
}

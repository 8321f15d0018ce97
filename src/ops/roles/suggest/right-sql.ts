import { ident, qualified } from '../../../db/ident.ts';
import type { Right } from './need.ts';
import type { Shapes } from './shapes.ts';

/** A right in words and as SQL; the object's names as they are in the catalog. */
export interface NamedRight {
  readonly right: Right;
  /** `SELECT (id) on app.orders`. */
  readonly text: string;
  /** `select ("id") on table "app"."orders"`: what stands between GRANT and TO. */
  readonly sql: string;
  /** The schema whose USAGE it takes to name the object; null: none. */
  readonly schema: string | null;
}

/** Fails with RangeError on a right of an object that is not there. */
export function nameRight(right: Right, shapes: Shapes, database: string): NamedRight {
  const { privilege } = right;
  const lower = privilege.toLowerCase();
  switch (right.kind) {
    case 'relation': {
      const { schema, name } = found(shapes.relations, right.relation);
      const column = right.column === null ? ['', ''] : [` (${right.column})`, ` (${ident(right.column)})`];
      return named(
        `${privilege}${column[0]} on ${schema}.${name}`,
        `${lower}${column[1]} on table ${qualified(schema, name)}`,
        schema,
      );
    }
    case 'sequence': {
      const { schema, name } = found(shapes.sequences, right.id);
      return named(`${privilege} on the sequence ${schema}.${name}`, `${lower} on sequence ${qualified(schema, name)}`, schema);
    }
    case 'routine': {
      const { schema, name, signature } = found(shapes.functions, right.id);
      return named(
        `${privilege} on ${schema}.${name}(${signature})`,
        `${lower} on routine ${qualified(schema, name)}(${signature})`,
        schema,
      );
    }
    case 'schema':
      return named(`${privilege} on the schema ${right.schema}`, `${lower} on schema ${ident(right.schema)}`, null);
    case 'database':
      return named(`${privilege} on the database`, `${lower} on database ${ident(database)}`, null);
    case 'parameter':
      return named(`${privilege} on the parameter ${right.name}`, `${lower} on parameter ${ident(right.name)}`, null);
  }

  function named(text: string, sql: string, schema: string | null): NamedRight {
    return { right, text, sql, schema };
  }
}

function found<T extends { readonly id: number }>(all: readonly T[], id: number): T {
  const one = all.find((each) => each.id === id);
  if (one === undefined) throw new RangeError(`no object ${id} in what was read of the catalogs`);
  return one;
}

import { DbctlError } from '../../core/errors.ts';
import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { readCatalogue, type CatalogueFact } from '../backup/catalogue.ts';

/**
 * Views that differ in words alone, `schema.view`. PostgreSQL prints some views otherwise once they were made from their own print: `EXTRACT(YEAR …)`
 * comes back as `EXTRACT(year …)`, a constant in a later branch of a UNION with a name (both seen on 18.2, in LedgerSMB and pg_partman), and a
 * restore makes them from the print. So the print of the backup is made once more, in a transaction that is rolled back: what the server then
 * says is what it has to say of the restored view.
 */
export async function rewordedViews(
  session: Session,
  was: readonly CatalogueFact[],
  is: readonly CatalogueFact[],
  schema: string,
): Promise<ReadonlySet<string>> {
  const now = new Map(viewsOf(is).map((fact) => [fact.object, fact.said]));
  const reworded = new Set<string>();
  for (const { object, said } of viewsOf(was)) {
    const found = now.get(object);
    const statement = viewStatement(schema, object);
    if (found === undefined || found === said || statement === null) continue;
    if ((await saidWhenMade(session, object, statement)) === found) reworded.add(object);
  }
  return reworded;
}

const viewsOf = (facts: readonly CatalogueFact[]): CatalogueFact[] => facts.filter(({ kind }) => kind === 'views');

/** Facts in which a reworded view is as the restored database says it: it counts as equal. Pure. */
export function withReworded(
  was: readonly CatalogueFact[],
  is: readonly CatalogueFact[],
  reworded: ReadonlySet<string>,
): readonly CatalogueFact[] {
  const others = was.filter(({ kind, object }) => kind !== 'views' || !reworded.has(object));
  return [...others, ...viewsOf(is).filter(({ object }) => reworded.has(object))];
}

/** The text of a dump without the statements that make these views. Pure. */
export const withoutViews = (schema: string, objects: ReadonlySet<string>): string =>
  [...objects].reduce((text, object) => text.replace(viewStatement(text, object) ?? '', () => ''), schema);

/** As pg_dump writes it: two empty lines end it, and no view has them in its print. Null: it is no plain view, or not in it. */
function viewStatement(schema: string, object: string): string | null {
  const begin = writtenAs(object)
    .map((name) => schema.indexOf(`\nCREATE VIEW ${name} `))
    .find((place) => place !== -1);
  const end = begin === undefined ? -1 : schema.indexOf(';\n\n\n', begin);
  return begin === undefined || end === -1 ? null : schema.slice(begin + 1, end + 1);
}

/** pg_dump quotes what has to be quoted, and the catalogue of a backup does not. */
function writtenAs(object: string): string[] {
  const [schema, name, ...more] = object.split('.');
  if (schema === undefined || name === undefined || more.length > 0) return [];
  return [schema, ident(schema)].flatMap((one) => [`${one}.${name}`, `${one}.${ident(name)}`]);
}

async function saidWhenMade(session: Session, object: string, statement: string): Promise<string | null> {
  await session.script('begin');
  try {
    await session.script(`set local search_path = ''; ${statement.replace('CREATE VIEW', 'CREATE OR REPLACE VIEW')}`);
    return viewsOf((await readCatalogue(session)).facts).find((fact) => fact.object === object)?.said ?? null;
  } catch (thrown) {
    // It cannot be replaced, so nothing is known of it: the difference stays one.
    if (thrown instanceof DbctlError && thrown.code === 'sql.failed') return null;
    throw thrown;
  } finally {
    await session.script('rollback');
  }
}

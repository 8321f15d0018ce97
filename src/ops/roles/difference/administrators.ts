import { graphOf } from '../catalog/graph.ts';
import type { RoleCatalog } from '../catalog/model.ts';
import { inherited } from '../rights/reach.ts';
import type { Comparison } from './inputs.ts';

/** The administrators of the file, and whoever has the rights of one without doing anything. */
export function administratorsOf({ file, catalog }: Pick<Comparison, 'file' | 'catalog'>): ReadonlySet<string> {
  const named = new Set(file.administrators);
  if (named.size === 0) return named;
  return new Set([...named, ...heirs(named, catalog)]);
}

function heirs(named: ReadonlySet<string>, catalog: RoleCatalog): string[] {
  const graph = graphOf(catalog);
  const ids = catalog.roles.filter(({ name }) => named.has(name)).map(({ id }) => id);
  return catalog.roles
    .filter(({ id }) => {
      const has = inherited(id, graph);
      return ids.some((one) => has.has(one));
    })
    .map(({ name }) => name);
}

import type { Alias } from 'libpg-query';
import { stringsOf } from './nodes.ts';
import type { RangeItem, Source } from './scope.ts';

/** An item without relations of its own. */
export function itemOf(alias: string, columns: RangeItem['columns'], open: boolean): RangeItem {
  return { alias, schema: null, columns, open, uses: [], bare: true };
}

/** Columns that an alias gives other names: `t (a, b)`. */
export function renamed(names: readonly string[], alias: Alias | undefined): readonly string[] {
  const given = stringsOf(alias?.colnames);
  return [...given, ...names.slice(given.length)];
}

/** Columns that no relation has. */
export const computed = (names: readonly string[]): Map<string, Source[]> => new Map(names.map((name) => [name, []]));

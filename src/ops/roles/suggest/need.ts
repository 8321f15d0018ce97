import type { Privilege } from '../rights/privilege.ts';

/** What a statement needs of one object. */
export type Need =
  /** The privilege on this column. */
  | { readonly kind: 'column'; readonly relation: number; readonly column: string; readonly privilege: Privilege }
  /** On any one column, such as of a table that is only counted. */
  | { readonly kind: 'any column'; readonly relation: number; readonly privilege: Privilege }
  /** On the relation as a whole: one of these, the one that opens least first. */
  | { readonly kind: 'relation'; readonly relation: number; readonly oneOf: readonly Privilege[] }
  | { readonly kind: 'routine' | 'sequence'; readonly id: number; readonly privilege: Privilege }
  | { readonly kind: 'schema'; readonly schema: string; readonly privilege: Privilege }
  | { readonly kind: 'database'; readonly privilege: Privilege }
  | { readonly kind: 'parameter'; readonly name: string; readonly privilege: Privilege };

/** One privilege, as it is granted; of a relation as a whole where `column` is null. */
export type Right =
  | { readonly kind: 'relation'; readonly relation: number; readonly column: string | null; readonly privilege: Privilege }
  | Exclude<Need, { kind: 'column' | 'any column' | 'relation' }>;

/** What tells needs, and rights, apart. */
export const keyOf = (one: Need | Right): string => JSON.stringify(one);

/**
 * The fewest rights that meet all the needs: what is said exactly first, then what leaves a choice, which is made among those already there.
 * `firstColumn` is the column to choose where any would do. Pure.
 */
export function settle(needs: Iterable<Need>, firstColumn: (relation: number) => string | undefined): Right[] {
  const all = [...needs];
  const rights = new Map<string, Right>();
  const add = (right: Right): void => void rights.set(keyOf(right), right);
  const has = (relation: number, privilege: Privilege, whole: boolean): boolean =>
    [...rights.values()].some(
      (one) =>
        one.kind === 'relation' && one.relation === relation && one.privilege === privilege && (!whole || one.column === null),
    );
  for (const need of all) {
    if (need.kind === 'column')
      add({ kind: 'relation', relation: need.relation, column: need.column, privilege: need.privilege });
    else if (need.kind === 'relation' && need.oneOf.length === 1)
      add({ kind: 'relation', relation: need.relation, column: null, privilege: need.oneOf[0] as Privilege });
    else if (need.kind !== 'any column' && need.kind !== 'relation') add(need);
  }
  for (const need of all) {
    if (need.kind !== 'relation' || need.oneOf.some((privilege) => has(need.relation, privilege, true))) continue;
    add({ kind: 'relation', relation: need.relation, column: null, privilege: need.oneOf[0] as Privilege });
  }
  for (const need of all) {
    if (need.kind !== 'any column' || has(need.relation, need.privilege, false)) continue;
    add({ kind: 'relation', relation: need.relation, column: firstColumn(need.relation) ?? null, privilege: need.privilege });
  }
  return withoutCovered([...rights.values()]);
}

/** A right on a column says nothing where the whole relation has it (LOCK asks for the whole). */
function withoutCovered(rights: readonly Right[]): Right[] {
  const whole = new Set(
    rights.flatMap((one) => (one.kind === 'relation' && one.column === null ? [`${one.relation}/${one.privilege}`] : [])),
  );
  return rights.filter((one) => one.kind !== 'relation' || one.column === null || !whole.has(`${one.relation}/${one.privilege}`));
}

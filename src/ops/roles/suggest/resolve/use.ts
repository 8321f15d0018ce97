import type { Privilege } from '../../rights/privilege.ts';
import type { Need } from '../need.ts';
import type { RelationShape, Shapes } from '../shapes.ts';

/** One place of a statement where a relation stands: the server asks for rights place by place (RTEPermissionInfo). */
export class RelationUse {
  readonly relation: RelationShape;
  readonly #columns = new Map<Privilege, Set<string>>();
  readonly #whole = new Set<Privilege>();
  readonly #any = new Set<Privilege>();
  readonly #defaults = new Set<string>();
  #writes = false;

  constructor(relation: RelationShape) {
    this.relation = relation;
  }

  /** A named column is read, inserted or changed. */
  column(privilege: Privilege, ...names: readonly string[]): void {
    const set = this.#columns.get(privilege) ?? new Set<string>();
    this.#columns.set(privilege, set);
    for (const name of names) set.add(name);
  }

  /** The whole row is read: a right on every column. */
  everyColumn(privilege: Privilege): void {
    this.column(privilege, ...this.relation.columns.map(({ name }) => name));
  }

  /** Without a column being named: any one suffices, where none is. */
  anyColumn(privilege: Privilege): void {
    this.#any.add(privilege);
  }

  /** A privilege that only the relation as a whole has, such as DELETE. */
  wholeRelation(privilege: Privilege): void {
    this.#whole.add(privilege);
  }

  /** Rows are written; `defaulted` are the columns the database fills. */
  write(defaulted: readonly string[]): void {
    this.#writes = true;
    for (const name of defaulted) this.#defaults.add(name);
  }

  /** What the server asks for at this place. */
  needs(shapes: Shapes): Need[] {
    const { id, system } = this.relation;
    if (system) return [];
    const exact = [...this.#columns].flatMap(([privilege, names]) =>
      [...names].map((column): Need => ({ kind: 'column', relation: id, column, privilege })),
    );
    const any = [...this.#any]
      .filter((privilege) => (this.#columns.get(privilege)?.size ?? 0) === 0)
      .map((privilege): Need => ({ kind: 'any column', relation: id, privilege }));
    const whole = [...this.#whole].map((privilege): Need => ({ kind: 'relation', relation: id, oneOf: [privilege] }));
    return [...exact, ...any, ...whole, ...this.#used(shapes)];
  }

  /** Functions and sequences that the relation makes run in the caller's name. */
  #used({ used, functions }: Shapes): Need[] {
    return used
      .filter(({ relation }) => relation === this.relation.id)
      .filter(({ when, column }) => when === 'any' || (this.#writes && (column === null || this.#defaults.has(column))))
      .flatMap(({ kind, id }): Need[] => {
        if (kind === 'sequence') return [{ kind, id, privilege: 'USAGE' }];
        return functions.find((one) => one.id === id)?.forAll === false ? [{ kind, id, privilege: 'EXECUTE' }] : [];
      });
  }
}

import { unresolved } from './unresolved.ts';
import type { RelationUse } from './use.ts';

/** Where a column of a FROM item comes from: none for what a sub-select computed, whose own rights are asked inside it. */
export interface Source {
  readonly use: RelationUse;
  readonly column: string;
}

/** One item of FROM, or the target of a change. */
export interface RangeItem {
  /** What it is called here; null: nothing by itself, as the unnamed sides of a join have names of their own. */
  readonly alias: string;
  /** With a schema it may be called by both. */
  readonly schema: string | null;
  readonly columns: ReadonlyMap<string, readonly Source[]>;
  /** True: it may have columns that cannot be known here, such as those of a function that returns record. */
  readonly open: boolean;
  /** Relations inside, which FOR UPDATE of this item is about. */
  readonly uses: readonly RelationUse[];
  /** False: a name without an alias does not find its columns (`excluded`, `old`, `new`). */
  readonly bare: boolean;
}

/** System columns, which every table has and no list of columns shows. */
const SYSTEM_COLUMNS = ['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'];

/** The names a part of a statement can see. */
export class Scope {
  readonly items: RangeItem[] = [];
  /** Names of columns that WITH queries give; null: not known. */
  readonly ctes = new Map<string, readonly string[] | null>();
  readonly parent: Scope | null;
  /** Names that are variables of the function around the statement are let pass. */
  readonly variables: boolean;

  constructor(parent: Scope | null, variables: boolean) {
    this.parent = parent;
    this.variables = variables;
  }

  /** A scope for a sub-select: it sees this one. */
  inner(): Scope {
    return new Scope(this, this.variables);
  }

  cte(name: string): readonly string[] | null | undefined {
    return this.ctes.has(name) ? this.ctes.get(name) : this.parent?.cte(name);
  }

  /** Marks what `*` reads. */
  star(): void {
    for (const item of this.items.filter(({ bare }) => bare)) readAll(item);
  }

  /** Marks what a name reads. Fails with Unresolved where it finds nothing, or cannot tell. */
  read(fields: readonly string[]): void {
    const [first = '', second, third] = fields;
    if (second === undefined) return this.#bareName(first);
    if (third !== undefined) {
      const item = this.#item((one) => one.alias === second && one.schema === first);
      if (item !== undefined) return readColumn(item, third, this);
    }
    const item = this.#item((one) => one.alias === first);
    if (item !== undefined) return second === '*' ? readAll(item) : readColumn(item, second, this);
    if (!this.variables) unresolved(`${fields.join('.')} is not there`);
  }

  #bareName(name: string): void {
    let open = false;
    for (const scope of this.#outwards()) {
      const found = scope.items.filter((item) => item.bare && has(item, name));
      if (found.length > 0) {
        if (open) unresolved(`${name} may come from a function, or from outside`);
        for (const item of found) readColumn(item, name, this);
        return;
      }
      open ||= scope.items.some((item) => item.open && item.bare);
    }
    // A row as a whole: row_to_json(t).
    const item = this.#item(({ alias }) => alias === name);
    if (item !== undefined) return readAll(item);
    if (!open && !this.variables) unresolved(`the column ${name} is not there`);
  }

  /** This scope, and those around it. */
  #outwards(): Scope[] {
    return [this, ...(this.parent === null ? [] : this.parent.#outwards())];
  }

  #item(fits: (item: RangeItem) => boolean): RangeItem | undefined {
    return this.items.find(fits) ?? this.parent?.find(fits);
  }

  find(fits: (item: RangeItem) => boolean): RangeItem | undefined {
    return this.#item(fits);
  }
}

const has = (item: RangeItem, name: string): boolean => item.columns.has(name) || isSystemColumn(item, name);

/** A sub-select, a view of values or a join has none, even where a relation is inside. */
const isSystemColumn = ({ uses, columns }: RangeItem, name: string): boolean =>
  SYSTEM_COLUMNS.includes(name) && uses.length === 1 && [...columns.values()].some((sources) => sources.length === 1);

/** Marks every column of an item as read. */
export function readAll(item: RangeItem): void {
  for (const sources of item.columns.values()) markRead(sources);
  // Of a table without columns nothing is read, and any right would do.
}

function readColumn(item: RangeItem, name: string, { variables }: Scope): void {
  const sources = item.columns.get(name);
  if (sources !== undefined) return markRead(sources);
  if (isSystemColumn(item, name)) {
    for (const use of item.uses) use.column('SELECT', name);
    return;
  }
  if (!item.open && !variables) unresolved(`${item.alias} has no column ${name}`);
}

function markRead(sources: readonly Source[]): void {
  for (const { use, column } of sources) use.column('SELECT', column);
}

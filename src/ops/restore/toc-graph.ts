import type { TocEntry } from './toc.ts';

export interface LeftOut {
  /** pg_dump's word for it: `fk constraint`. */
  readonly kind: string;
  readonly object: string;
  /** The chosen table it is of. */
  readonly relation: string | null;
  readonly reason: string;
}

export const TABLES = new Set(['TABLE', 'FOREIGN TABLE']);
/** Nothing of these is brought because something else needs it: they come with what they stand on, or not at all. */
const STANDING = new Set([
  'TABLE',
  'FOREIGN TABLE',
  'VIEW',
  'MATERIALIZED VIEW',
  'CONSTRAINT',
  'FK CONSTRAINT',
  'INDEX',
  'TRIGGER',
  'POLICY',
  'RULE',
  'PUBLICATION',
]);
/** What comes with a table. */
export const OF_TABLES = new Set([
  'CHECK CONSTRAINT',
  'CONSTRAINT',
  'DEFAULT',
  'FK CONSTRAINT',
  'INDEX',
  'INDEX ATTACH',
  'POLICY',
  'ROW SECURITY',
  'RULE',
  'SEQUENCE',
  'STATISTICS',
  'STATISTICS DATA',
  'TABLE ATTACH',
  'TABLE DATA',
  'TRIGGER',
]);
const INDEXES = new Set(['INDEX', 'CONSTRAINT']);
export const OF_SEQUENCES = new Set(['SEQUENCE SET', 'SEQUENCE OWNED BY']);
export const OF_ANYTHING = new Set(['ACL', 'COMMENT', 'SECURITY LABEL']);
const ROWS = new Set(['TABLE DATA', 'STATISTICS DATA']);

/** The entries by what they need, while they are being chosen. */
export class TocGraph {
  readonly included = new Set<number>();
  /** Tables that come with rows. */
  readonly rows = new Set<number>();
  readonly #entries: ReadonlyMap<number, TocEntry>;
  readonly #needs: ReadonlyMap<number, readonly number[]>;
  readonly #partitions: ReadonlyMap<number, readonly number[]>;

  constructor(toc: readonly TocEntry[]) {
    this.#entries = new Map(toc.map((entry) => [entry.id, entry]));
    this.#partitions = this.#partitionsOf(toc);
    this.#needs = new Map(toc.map((entry) => [entry.id, this.#trueNeeds(entry, toc)]));
  }

  #partitionsOf(toc: readonly TocEntry[]): Map<number, number[]> {
    const partitions = new Map<number, number[]>();
    for (const { kind, name, schema, needs } of toc) {
      if (kind !== 'TABLE ATTACH') continue;
      const child = needs.find((id) => this.#entries.get(id)?.name === name && this.#entries.get(id)?.schema === schema);
      const parent = needs.find((id) => id !== child);
      if (child !== undefined && parent !== undefined) partitions.set(parent, [...(partitions.get(parent) ?? []), child]);
    }
    return partitions;
  }

  /**
   * pg_dump writes down an order, which is more than what is needed: a partition stands by itself before it is attached, so does its index, and
   * a sequence before it is owned.
   */
  #trueNeeds(entry: TocEntry, toc: readonly TocEntry[]): readonly number[] {
    const { id, kind, name, schema, needs } = entry;
    const kindOf = (one: number) => this.#entries.get(one)?.kind ?? '';
    if (TABLES.has(kind)) return needs.filter((one) => !(this.#partitions.get(one)?.includes(id) ?? false));
    const isIndex = (one: number) => INDEXES.has(kindOf(one));
    if (INDEXES.has(kind)) return needs.filter((one) => !isIndex(one));
    if (kind === 'INDEX ATTACH') {
      // It names the index of every table above; of those it needs the one its own index names.
      const own = needs.find((one) => isIndex(one) && ` ${this.#entries.get(one)?.name}`.endsWith(` ${name}`));
      const above = own === undefined ? [] : (this.#entries.get(own)?.needs ?? []).filter(isIndex);
      return own === undefined ? needs : [own, ...above];
    }
    const isOwnedBy = (one: TocEntry) => one.kind === 'SEQUENCE OWNED BY' && one.schema === schema && one.name === name;
    if (kind === 'SEQUENCE' && toc.some(isOwnedBy)) return needs.filter((one) => !TABLES.has(kindOf(one)));
    if (kind === 'SEQUENCE OWNED BY') {
      return [
        ...needs,
        ...needs.flatMap((one) => (this.#entries.get(one)?.needs ?? []).filter((two) => TABLES.has(kindOf(two)))),
      ];
    }
    return needs;
  }

  /** With the partitions of each, and theirs. */
  withPartitions(tables: readonly TocEntry[]): TocEntry[] {
    return tables.flatMap((table) => {
      const below = (this.#partitions.get(table.id) ?? []).flatMap((id) => this.#entries.get(id) ?? []);
      return [table, ...this.withPartitions(below)];
    });
  }

  /** Includes an entry and all it needs. */
  bring(id: number): void {
    if (this.included.has(id)) return;
    this.included.add(id);
    for (const need of this.#needs.get(id) ?? []) this.bring(need);
  }

  /** Whether it comes with what is included, if it can. Ids without an entry, such as that of schema public, count as included when needed. */
  belongs({ id, kind, schema, needs }: TocEntry, schemas: ReadonlySet<string>): boolean {
    if (this.included.has(id) || TABLES.has(kind)) return false;
    const there = needs.filter((one) => this.included.has(one));
    if (OF_ANYTHING.has(kind)) return needs.length > 0 && there.length === needs.length;
    if (OF_SEQUENCES.has(kind)) return there.length > 0;
    const tables = there.filter((one) => TABLES.has(this.#entries.get(one)?.kind ?? ''));
    if (ROWS.has(kind) && tables.length > 0) return tables.every((one) => this.rows.has(one));
    if (kind === 'STATISTICS DATA') return there.some((one) => STANDING.has(this.#entries.get(one)?.kind ?? ''));
    if (OF_TABLES.has(kind) && tables.length > 0) return true;
    return schemas.has(schema) && kind !== 'STATISTICS DATA';
  }

  /** What keeps an entry from coming: something it needs that is not there and is brought by nobody; null: nothing does. */
  blocker(entry: TocEntry): TocEntry | null {
    const seen = new Set<number>();
    const look = (id: number): TocEntry | null => {
      if (this.included.has(id) || seen.has(id)) return null;
      seen.add(id);
      const needed = this.#entries.get(id);
      if (needed !== undefined && id !== entry.id && STANDING.has(needed.kind)) return needed;
      for (const need of this.#needs.get(id) ?? []) {
        const found = look(need);
        if (found !== null) return found;
      }
      return null;
    };
    // Rows of a table that comes empty would not be there to be referred to.
    const empty = (id: number) => {
      const needed = this.#entries.get(id);
      const isEmpty = needed !== undefined && TABLES.has(needed.kind) && this.included.has(id) && !this.rows.has(id);
      return isEmpty ? needed : null;
    };
    const missing = look(entry.id);
    if (missing !== null || entry.kind !== 'FK CONSTRAINT') return missing;
    return entry.needs.map(empty).find((one) => one !== null) ?? null;
  }

  /** What is told of an entry that did not come: only of what belongs to a chosen table or schema. */
  leftOut(entry: TocEntry, schemas: ReadonlySet<string>): LeftOut[] {
    const { id, kind, schema, name, needs } = entry;
    if (this.included.has(id) || ROWS.has(kind) || OF_ANYTHING.has(kind) || kind === 'INDEX ATTACH' || kind === 'BLOBS')
      return [];
    const owner = needs
      .filter((one) => this.rows.has(one))
      .flatMap((one) => this.#entries.get(one) ?? [])
      .find((one) => belongsBySpelling(entry, nameOf(one)));
    if (owner === undefined && !(schemas.has(schema) && kind !== 'PUBLICATION TABLE')) return [];
    const blocker = this.blocker(entry);
    const reason = blocker === null ? 'it is no part of a table' : `it needs ${nameOf(blocker)}, which was not chosen`;
    const table = owner === undefined ? null : nameOf(owner);
    const within = table !== null && `${schema}.${name}`.startsWith(`${table} `);
    const object = within ? `${table}.${`${schema}.${name}`.slice(table.length + 1)}` : nameOf(entry);
    return [{ kind: kind.toLowerCase(), object, relation: table, reason }];
  }
}

export const nameOf = ({ schema, name }: TocEntry): string => (schema === '-' ? name : `${schema}.${name}`);

/** A foreign key of another table depends on a chosen one as its own do: tags begin with the table they are on. */
function belongsBySpelling(entry: TocEntry, table: string): boolean {
  const { kind, schema, name } = entry;
  if (kind === 'TABLE ATTACH') return nameOf(entry) === table;
  if (kind === 'PUBLICATION TABLE') return `${schema}.${name}`.endsWith(` ${table.slice(schema.length + 1)}`);
  return OF_TABLES.has(kind) && nameOf(entry).startsWith(`${table} `);
}

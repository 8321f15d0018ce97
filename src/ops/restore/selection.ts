import { TABLES, TocGraph, nameOf, type LeftOut } from './toc-graph.ts';
import type { TocEntry } from './toc.ts';

/** What of a backup is wanted. */
export interface PartsWish {
  /** `schema.name`, as they are, without quotes. */
  readonly tables: readonly string[];
  readonly schemas: readonly string[];
}

export interface PartsPlan {
  /** In the order of the dump. */
  readonly entries: readonly TocEntry[];
  /** Tables that come with their rows, `schema.name`. */
  readonly tables: readonly string[];
  /** Tables that come without rows, since others are made of their definition. */
  readonly empty: readonly string[];
  /** What belongs to the chosen tables and cannot come, one sentence each. */
  readonly leftOut: readonly LeftOut[];
  /** Chosen names the dump does not have. */
  readonly unknown: readonly string[];
}

/**
 * What has to be restored of a dump for some tables or schemas to be what they were. What they need comes too: schemas, types, functions of
 * defaults and triggers, sequences. What hangs on them comes where all it needs is there. The parent a table inherits from comes without
 * rows. Pure.
 */
export function planParts(toc: readonly TocEntry[], wish: PartsWish): PartsPlan {
  const graph = new TocGraph(toc);
  const chosen = chooseTables(toc, wish);
  for (const table of graph.withPartitions(chosen.tables)) graph.rows.add(table.id);
  for (const id of graph.rows) graph.bring(id);
  const schemas = new Set(wish.schemas);
  for (const entry of toc) if (entry.kind === 'SCHEMA' && schemas.has(entry.name)) graph.bring(entry.id);
  let before = -1;
  // What one entry brings may let another come.
  while (before !== graph.included.size) {
    before = graph.included.size;
    for (const entry of toc) if (graph.belongs(entry, schemas) && graph.blocker(entry) === null) graph.bring(entry.id);
  }
  const tables = toc.filter(({ id, kind }) => TABLES.has(kind) && graph.included.has(id));
  return {
    entries: toc.filter(({ id }) => graph.included.has(id)),
    tables: tables.filter(({ id }) => graph.rows.has(id)).map((entry) => nameOf(entry)),
    empty: tables.filter(({ id }) => !graph.rows.has(id)).map((entry) => nameOf(entry)),
    leftOut: toc.flatMap((entry) => graph.leftOut(entry, schemas)),
    unknown: chosen.unknown,
  };
}

function chooseTables(toc: readonly TocEntry[], { tables, schemas }: PartsWish): { tables: TocEntry[]; unknown: string[] } {
  const unknown: string[] = [];
  const found = tables.flatMap((wanted) => {
    const entry = toc.find((one) => TABLES.has(one.kind) && nameOf(one) === wanted);
    if (entry === undefined) unknown.push(wanted);
    return entry === undefined ? [] : [entry];
  });
  const inSchemas = toc.filter(({ kind, schema }) => TABLES.has(kind) && schemas.includes(schema));
  for (const schema of schemas) {
    const there = schema === 'public' || toc.some((one) => one.kind === 'SCHEMA' && one.name === schema);
    if (!there) unknown.push(`schema ${schema}`);
  }
  return { tables: [...found, ...inSchemas], unknown };
}

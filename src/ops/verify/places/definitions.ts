import type { FileLocation } from '../../../core/report.ts';
import type { MigrationFile } from '../../migrate/file.ts';
import { loadParser, parseStatements } from '../../migrate/statements.ts';
import { actsOf, type Act, type Path } from './acts.ts';

/** Where the object of a path was made; the last definition wins, and renaming and moving are followed. */
export type Definitions = ReadonlyMap<string, { readonly path: Path; readonly place: FileLocation }>;

export const keyOf = (path: Path): string => path.join('\0');

/** Longest the migrations are read for a report: 2000 files take about a second. What was not read by then has no place. */
const BUDGET_MS = 3_000;

/**
 * Reads the migrations in their order, with PostgreSQL's own parser. A file it refuses is left out: `migrate plan` is who complains of it.
 * `shownAs` names a file as the report shall.
 */
export async function readDefinitions(
  files: readonly MigrationFile[],
  shownAs: (file: MigrationFile) => string,
  elapsed: () => number,
): Promise<Definitions> {
  await loadParser();
  const definitions = new Map<string, { path: Path; place: FileLocation }>();
  for (const file of files) {
    if (elapsed() > BUDGET_MS) break;
    readFile(definitions, file, shownAs(file));
  }
  return definitions;
}

type Entries = Map<string, { path: Path; place: FileLocation }>;

function readFile(entries: Entries, { sql }: MigrationFile, file: string): void {
  const statements = parseStatements(sql);
  if (!Array.isArray(statements)) return;
  const bytes = Buffer.from(sql);
  const lines = lineStarts(bytes);
  let schema = 'public';
  for (const { node, start, sql: text } of statements) {
    for (const act of actsOf(node, schema)) {
      if (act.does === 'search') schema = act.schema;
      else perform(entries, act, (at) => ({ file, line: lineOf(lines, at ?? start + blanksBefore(text)) }));
    }
  }
}

function perform(
  entries: Entries,
  act: Exclude<Act, { does: 'search' }>,
  placeOf: (at: number | undefined) => FileLocation,
): void {
  switch (act.does) {
    case 'define':
      entries.set(keyOf(act.path), { path: act.path, place: placeOf(act.at) });
      return;
    case 'drop':
      for (const { path } of within(entries, act.path)) entries.delete(keyOf(path));
      return;
    case 'rename':
      for (const entry of within(entries, act.path)) replaceName(entries, entry, act.path.length - 1, act.to);
      return;
    case 'move':
      for (const entry of within(entries, act.path)) replaceName(entries, entry, 1, act.schema);
  }
}

function replaceName(entries: Entries, { path, place }: { path: Path; place: FileLocation }, index: number, name: string): void {
  const [kind, ...names] = path;
  const changed: Path = [kind, ...names.with(index - 1, name)];
  entries.delete(keyOf(path));
  entries.set(keyOf(changed), { path: changed, place });
}

/** What stands and falls with a table, and with a schema. */
const OF_RELATION = new Set(['column', 'constraint', 'trigger', 'policy']);
const OF_SCHEMA = new Set(['relation', 'routine', 'type', ...OF_RELATION]);

/** The object itself and what is in it. */
function within(entries: Entries, [kind, ...names]: Path): { path: Path; place: FileLocation }[] {
  const isIn = (other: string) =>
    other === kind || (kind === 'relation' && OF_RELATION.has(other)) || (kind === 'schema' && OF_SCHEMA.has(other));
  return [...entries.values()].filter(
    ({ path: [other, ...own] }) => isIn(other) && names.every((name, index) => own[index] === name),
  );
}

/** In bytes: the parser counts the blanks and comments before a statement to it. */
function blanksBefore(statement: string): number {
  const blanks = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/.exec(statement)?.[0] ?? '';
  return Buffer.byteLength(blanks);
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}

/** Counts from 1. */
function lineOf(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return low + 1;
}

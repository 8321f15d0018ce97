import type { FileLocation } from '../../../core/report.ts';
import type { MigrationFile } from '../../migrate/file.ts';
import { loadParser, parseStatements } from '../../migrate/statements.ts';
import { actsOf, type Act, type Path } from './acts.ts';
import { madeInBlock, type Made } from './do-block.ts';

/**
 * Where the object of a path was made; the last definition wins, and renaming and moving are followed. A place without a line: words of a
 * DO block make it, and it cannot be told which.
 */
export type Definitions = ReadonlyMap<string, Pick<Entry, 'path' | 'place'>>;

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
  const definitions: Entries = new Map();
  for (const file of files) {
    if (elapsed() > BUDGET_MS) break;
    readFile(definitions, file, shownAs(file));
  }
  return definitions;
}

interface Entry {
  readonly path: Path;
  readonly place: FileLocation;
  /** By words in a DO block. */
  readonly found?: true;
}
type Entries = Map<string, Entry>;

function readFile(entries: Entries, { sql }: MigrationFile, file: string): void {
  const statements = parseStatements(sql);
  if (!Array.isArray(statements)) return;
  const bytes = Buffer.from(sql);
  const lines = lineStarts(bytes);
  let schema = 'public';
  for (const { node, start, sql: text } of statements) {
    if ('DoStmt' in node)
      for (const made of madeInBlock(node, { sql: text, start }, schema)) find(entries, made, file, (at) => lineOf(lines, at));
    for (const act of actsOf(node, schema)) {
      if (act.does === 'search') schema = act.schema;
      else perform(entries, act, (at) => ({ file, line: lineOf(lines, at ?? start + blanksBefore(text)) }));
    }
  }
}

/**
 * A block makes an object only if it is not there, most often: what was made before stays where it was. Words for it in two lines of one
 * file tell the file alone.
 */
function find(entries: Entries, { path, at }: Made, file: string, lineAt: (at: number) => number): void {
  const known = entries.get(keyOf(path));
  const line = at === null ? undefined : lineAt(at);
  if (known === undefined) entries.set(keyOf(path), { path, place: line === undefined ? { file } : { file, line }, found: true });
  else if (known.found === true && known.place.file === file && known.place.line !== line)
    entries.set(keyOf(path), { ...known, place: { file } });
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
      // The last name of a routine is that of its arguments.
      for (const entry of within(entries, act.path))
        replaceName(entries, entry, act.path[0] === 'routine' ? 2 : act.path.length - 1, act.to);
      return;
    case 'move':
      for (const entry of within(entries, act.path)) replaceName(entries, entry, 1, act.schema);
  }
}

function replaceName(entries: Entries, entry: Entry, index: number, name: string): void {
  const { path } = entry;
  const [kind, ...names] = path;
  const changed: Path = [kind, ...names.with(index - 1, name)];
  entries.delete(keyOf(path));
  entries.set(keyOf(changed), { ...entry, path: changed });
}

/** What stands and falls with a table, and with a schema. */
const OF_RELATION = new Set(['column', 'constraint', 'trigger', 'policy']);
const OF_SCHEMA = new Set(['relation', 'routine', 'type', ...OF_RELATION]);

/** The object itself and what is in it. */
function within(entries: Entries, [kind, ...names]: Path): Entry[] {
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

import type { FileLocation } from '../../../core/report.ts';
import { keyOf, type Definitions } from './definitions.ts';
import { isSignature, type Signature } from './signature.ts';

const WORD = '(?:"(?:[^"]|"")+"|[\\p{L}_][\\p{L}\\p{N}_$]*)';
/** With the arguments of a routine, which have no brackets but those of arrays. */
const NAMED = new RegExp(`(${WORD}(?:\\.${WORD})*)(?:\\(((?:"(?:[^"]|"")*"|[^()"])*)\\))?`, 'gu');
const PART = new RegExp(WORD, 'gu');

/** Words before a name that say what it is of; without one a single word is taken for a relation, and only where one has that name. */
const KINDS = ['role', 'schema', 'extension', 'event trigger', 'publication', 'type', 'subscription'] as const;
/** What a relation has of its own, the smaller first. */
const PARTS = ['column', 'constraint', 'trigger', 'policy'] as const;

/**
 * Where the object was made that a finding names, by the text checks write: `shop.orders`, `shop.orders.total`, `shop.f(integer)`,
 * `constraint x of shop.orders`, `role app`, `"a name".t: app`. null where the migrations do not make it. Pure.
 */
export function placeOf(object: string, definitions: Definitions): FileLocation | null {
  const named = namesIn(object);
  const names = named.map(({ parts }) => parts);
  const find = (kind: string, ...path: string[]) => definitions.get(keyOf([kind, ...path]))?.place ?? null;
  for (const { parts, args } of named) {
    const found = routinePlace(parts, args, definitions) ?? qualifiedPlace(parts, names, find);
    if (found !== null) return found;
  }
  for (const kind of KINDS) {
    const after = new RegExp(`^${kind} (${WORD})`, 'u').exec(object)?.[1];
    const found = after === undefined ? null : find(kind, unquoted(after));
    if (found !== null) return found;
  }
  const [only, ...more] = named;
  const isSingle = more.length === 0 && only?.args === null && only.parts.length === 1;
  return isSingle && only.parts[0] !== undefined ? singlePlace(only.parts[0], definitions) : null;
}

type Find = (kind: string, ...path: string[]) => FileLocation | null;

function qualifiedPlace(parts: readonly string[], names: readonly (readonly string[])[], find: Find): FileLocation | null {
  const [schema, name, part] = parts;
  if (schema === undefined || name === undefined || parts.length > 3) return null;
  if (part !== undefined) return firstOf(PARTS, (kind) => find(kind, schema, name, part)) ?? relationPlace(schema, name, find);
  const relation = relationPlace(schema, name, find);
  if (relation === null) return find('type', schema, name);
  const words = names.flatMap((other) => (other.length === 1 ? other : []));
  return firstOf(words, (word) => firstOf(PARTS, (kind) => find(kind, schema, name, word))) ?? relation;
}

/** By the types of its arguments; without them only where one routine alone has the name. */
function routinePlace(
  [schema, name, more]: readonly string[],
  args: string | null,
  definitions: Definitions,
): FileLocation | null {
  if (schema === undefined || name === undefined || more !== undefined) return null;
  const sameName = routinesOf(definitions).get(keyOf(['routine', schema, name])) ?? [];
  const [only, ...others] = sameName.filter(({ path }) => args === null || isSignature(argumentsIn(path), args));
  return only === undefined || others.length > 0 ? null : only.place;
}

type Entry = Definitions extends ReadonlyMap<string, infer E> ? E : never;
const routines = new WeakMap<Definitions, ReadonlyMap<string, Entry[]>>();

/** By schema and name, made once: a report may have ten thousand items. */
function routinesOf(definitions: Definitions): ReadonlyMap<string, Entry[]> {
  const known = routines.get(definitions);
  if (known !== undefined) return known;
  const byName = new Map<string, Entry[]>();
  for (const entry of definitions.values()) {
    if (entry.path[0] !== 'routine') continue;
    const name = keyOf(entry.path.slice(0, 3) as unknown as Entry['path']);
    byName.set(name, [...(byName.get(name) ?? []), entry]);
  }
  routines.set(definitions, byName);
  return byName;
}

function argumentsIn(path: readonly string[]): Signature {
  return JSON.parse(path[3] ?? '[]') as Signature;
}

/** A partition that was made later is at its parent: functions make them, and no migration names them. */
function relationPlace(schema: string, name: string, find: Find): FileLocation | null {
  const parent = /^(.+?)_(?:p?\d[\d_]*|default)$/.exec(name)?.[1];
  return find('relation', schema, name) ?? (parent === undefined ? null : find('relation', schema, parent));
}

/** An index or a table named without its schema, where one alone has the name; an extension or a role has it besides. */
function singlePlace(name: string, definitions: Definitions): FileLocation | null {
  const named = [...definitions.values()].filter(({ path }) => path[0] === 'relation' && path[2] === name);
  if (named.length === 1 && named[0] !== undefined) return named[0].place;
  return definitions.get(keyOf(['extension', name]))?.place ?? null;
}

function firstOf<T>(values: readonly T[], find: (value: T) => FileLocation | null): FileLocation | null {
  for (const value of values) {
    const found = find(value);
    if (found !== null) return found;
  }
  return null;
}

interface Named {
  /** Without quotes. */
  readonly parts: string[];
  /** What stands in the brackets right behind a name, which are the types of a routine; null: nothing does. */
  readonly args: string | null;
}

/** Every name in the text, but for those in the arguments of a routine. */
function namesIn(object: string): Named[] {
  return [...object.matchAll(NAMED)].map(([, name = '', args]) => ({
    parts: [...name.matchAll(PART)].map(([part]) => unquoted(part)),
    args: args ?? null,
  }));
}

function unquoted(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml';
import type { SourcePosition } from '../../core/errors.ts';
import { didYouMean, type HeaderProblem } from '../../core/header.ts';

/** A file that is a list of entries, each of flat keys with text. */
export interface ListForm<K extends string> {
  readonly required: readonly K[];
  readonly optional: readonly K[];
  /** What an entry is, with its article, and what several are: `a waiver`, `waivers`. */
  readonly one: string;
  readonly many: string;
}

export interface StrictEntry<K extends string> {
  /** The text of each key that is there. */
  readonly text: Readonly<Partial<Record<K, string>>>;
  readonly line: number;
  /** Adds a problem at the value of the key, or at the entry. */
  readonly complain: (key: K | null, message: string) => void;
}

/**
 * Reads such a file, and lets `judge` add what else is wrong with an entry; the entries that are right. An unknown, missing or empty
 * key is a problem, and so is a value that is no text.
 */
export function readStrictList<K extends string, T>(
  { file, text, form }: { readonly file: string; readonly text: string; readonly form: ListForm<K> },
  judge: (entry: StrictEntry<K>) => T,
): { readonly values: readonly T[]; readonly problems: readonly HeaderProblem[] } {
  const counter = new LineCounter();
  const lines = text.split(/\r?\n/);
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    prettyErrors: false,
    lineCounter: counter,
    logLevel: 'error',
  });
  const at = (offset: number): SourcePosition => {
    const { line, col } = counter.linePos(offset);
    return { file, line, column: col, text: lines[line - 1] ?? '' };
  };
  const problems: HeaderProblem[] = document.errors.map((error) => ({
    message: error.code === 'BAD_ALIAS' ? STAR : error.message.replaceAll('\n', ' '),
    position: at(error.pos[0]),
  }));
  if (problems.length > 0) return { values: [], problems };
  const reading = { at, problems, form };
  const values = maps(document.contents, reading).flatMap((map) => {
    const before = problems.length;
    const value = judge(readEntry(map, reading));
    return problems.length > before ? [] : [value];
  });
  return { values, problems };
}

/** `object: *` is the glob everybody writes first, and an alias to YAML. */
const STAR = `a value that starts with * stands in quotes: object: '*'`;

interface Reading<K extends string> {
  readonly at: (offset: number) => SourcePosition;
  readonly problems: HeaderProblem[];
  readonly form: ListForm<K>;
}

function maps<K extends string>(contents: Node | null, reading: Reading<K>): YAMLMap[] {
  const { one, many, required } = reading.form;
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  if (!isSeq(contents)) {
    complain(reading, contents, `expected a list of ${many}, each starting with "- ${required[0] ?? ''}:"`);
    return [];
  }
  return contents.items.flatMap((entry) => {
    if (isMap(entry)) return [entry];
    complain(reading, entry as Node, `expected ${one} with the keys ${inWords(required)}`);
    return [];
  });
}

function readEntry<K extends string>(map: YAMLMap, reading: Reading<K>): StrictEntry<K> {
  const nodes = readKeys(map, reading);
  for (const key of reading.form.required) if (!map.has(key)) complain(reading, map, `missing key "${key}"`);
  const text = Object.fromEntries([...nodes].map(([key, node]) => [key, node.text])) as Partial<Record<K, string>>;
  return {
    text,
    line: reading.at(map.range?.[0] ?? 0).line,
    complain: (key, message) => complain(reading, (key === null ? undefined : nodes.get(key)?.node) ?? map, message),
  };
}

function readKeys<K extends string>(map: YAMLMap, reading: Reading<K>): Map<K, { readonly text: string; readonly node: Node }> {
  const keys: readonly K[] = [...reading.form.required, ...reading.form.optional];
  const found = new Map<K, { text: string; node: Node }>();
  for (const { key: keyNode, value: node } of map.items as { key: Node; value: Node | null }[]) {
    const written = isScalar(keyNode) ? String(keyNode.value) : '';
    const key = keys.find((known) => known === written);
    if (key === undefined) complain(reading, keyNode, `unknown key "${written}"${didYouMean(written, keys)}`);
    else if (isAlias(node)) complain(reading, node, STAR);
    else if (node === null || !isScalar(node) || typeof node.value !== 'string' || node.value.trim() === '')
      complain(reading, node ?? keyNode, `"${key}" takes a text${isNumber(node) ? ': put it in quotes' : ''}`);
    else found.set(key, { text: node.value.trim(), node });
  }
  return found;
}

/** 1.10 without quotes is the number 1.1. */
function isNumber(node: Node | null): boolean {
  return isScalar(node) && typeof node.value === 'number';
}

function complain<K extends string>({ at, problems }: Reading<K>, node: Node, message: string): void {
  problems.push({ message, position: at(node.range?.[0] ?? 0) });
}

/** a, b and c */
function inWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

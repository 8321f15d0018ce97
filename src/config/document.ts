import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { MOST_READ, readNode, type At, type Place } from './nodes.ts';
import type { Origin } from './origin.ts';
import type { Problem } from './problem.ts';
import { showableLines } from './secrets.ts';

/** A YAML file as plain values, with the place of every one of them. */
export interface ConfigDocument {
  /** undefined when the file holds nothing but comments. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** False when the text is no YAML: then `value` says nothing and is not worth checking. */
  readonly sound: boolean;
  /** Where the value at a path is written, or its nearest container that is. */
  place(path: readonly PropertyKey[]): Place;
  /** The scalar at a path as written, quotes and all removed. */
  source(path: readonly PropertyKey[]): string | undefined;
  /** Where the key of a path is written. */
  origin(path: readonly PropertyKey[]): FileOrigin;
  /** A problem at a place of this file. */
  problem(at: At, path: string, message: string, more?: Partial<Problem>): Problem;
}

type FileOrigin = Extract<Origin, { kind: 'file' }>;

/**
 * Reads YAML 1.2 (core schema), of so many keys and values at most. `label` is how messages name the file. Throws nothing: what is wrong is in
 * `problems`.
 */
export function parseConfigDocument(source: string, label: string, mostRead = MOST_READ): ConfigDocument {
  const lines = showableLines(source);
  const problem: ConfigDocument['problem'] = ({ line, column }, path, message, more) => {
    const text = lines[line - 1] ?? '';
    return { path, message, origin: { kind: 'file', file: label, line, column }, text, ...more };
  };
  const counter = new LineCounter();
  // Own checks replace uniqueKeys (quadratic: 60 s for 60,000 keys) and merge (kept with the places of the merged values).
  const document = parseDocument(source, {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    resolveKnownTags: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: counter,
  });
  const at = (offset: number) => toPlace(counter.linePos(offset));
  const faults = worthSaying([...document.errors, ...document.warnings]).map((fault) =>
    problem(at(fault.pos[0]), '', faultText(fault)),
  );
  const tree = readNode(document.errors.length > 0 ? null : document.contents, at, mostRead);
  const misread = tree.faults.map((fault) => problem(fault.at, fault.path, fault.message, fault.more));
  return {
    value: tree.value,
    problems: [...faults, ...misread],
    sound: document.errors.length === 0 && !tree.cutShort,
    place: tree.place,
    source: tree.source,
    origin: (path) => ({ kind: 'file', file: label, ...tree.place(path).key }),
    problem,
  };
}

/** The counter answers line 0 for an empty text. */
function toPlace({ line, col }: { line: number; col: number }): At {
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Without what only repeats another fault of the same place. */
function worthSaying(faults: readonly YAMLError[]): YAMLError[] {
  const taken = new Set(faults.filter(({ code }) => code !== 'MULTILINE_IMPLICIT_KEY').map(({ pos }) => pos[0]));
  return faults.filter(({ code, pos }) => code !== 'MULTILINE_IMPLICIT_KEY' || !taken.has(pos[0]));
}

/** The library's words where they help, ours where they do not. Those that quote the file are replaced: it may be a secret. */
function faultText({ code, message }: YAMLError): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab indents this line: YAML takes spaces only';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here: the file holds one';
    case 'NON_STRING_KEY':
      return 'a list, mapping or alias stands where a key belongs';
    case 'BLOCK_IN_FLOW':
      return 'a key begins inside a value: put a value that holds a colon and a space in quotes';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a key begins inside a value: check the indentation, and put a value that holds a colon and a space in quotes';
    case 'BAD_SCALAR_START':
      return 'a value cannot begin with this character: put it in quotes';
    case 'BAD_DQ_ESCAPE':
      return 'an unknown escape in double quotes: write \\\\ for a backslash, or use single quotes';
    case 'TAG_RESOLVE_FAILED':
      return 'tags (!word) have no meaning here: write the plain value';
    case 'BAD_DIRECTIVE':
      return 'directives (%WORD) have no meaning here: remove the line';
    case 'RESOURCE_EXHAUSTION':
      return 'nested too deeply';
    case 'UNEXPECTED_TOKEN':
      return 'this does not belong here: check the indentation and the line above';
    default:
      return inWords(message);
  }
}

function inWords(message: string): string {
  const bracket = /end with a ([\]}])$/.exec(message)?.[1];
  if (bracket !== undefined) return `a bracket is not closed: ${bracket} is missing`;
  if (message.startsWith('Missing closing')) return 'a quote is not closed';
  if (message.startsWith('Implicit map keys need')) return 'a colon and a value are missing after this key';
  return message.charAt(0).toLowerCase() + message.slice(1);
}

import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { dotted } from './path.ts';
import type { Problem } from './problem.ts';
import { holdsPassword, holdsPrivateKey } from './secrets.ts';

/** Lines and columns count from 1. */
export interface At {
  readonly line: number;
  readonly column: number;
}

/** Where a key stands and where its value begins. */
export interface Place {
  readonly key: At;
  readonly value: At;
}

interface Fault {
  readonly at: At;
  readonly path: string;
  readonly message: string;
  readonly more?: Partial<Problem>;
}

export interface Tree {
  readonly value: unknown;
  readonly faults: readonly Fault[];
  /** A limit ended the reading: the value is not whole. */
  readonly cutShort: boolean;
  /** The place of a path, or of its nearest container that is there. */
  readonly place: (path: readonly PropertyKey[]) => Place;
  /** A scalar as written: `18.10`, which as a number is 18.1. */
  readonly source: (path: readonly PropertyKey[]) => string | undefined;
}

/** Keys and values; far more than a configuration has. Aliases count at each use, so that a few lines cannot become gigabytes. */
export const MOST_READ = 50_000;

/** dbctl.yaml is five levels deep. Far below where recursion ends the process. */
const DEEPEST = 50;

type Path = readonly (string | number)[];

/** Turns parsed YAML into plain values. Aliases and merge keys (`<<`) are followed; what is wrong is collected. */
export function readNode(root: Node | null, at: (offset: number) => At, mostRead: number): Tree {
  const reader = new Reader(at, mostRead);
  const start = at(0);
  const value = root === null ? undefined : reader.value(root, [], start);
  return {
    value,
    faults: reader.faults,
    cutShort: reader.cutShort,
    place: (path) => reader.place(path, start),
    source: (path) => reader.sources.get(JSON.stringify(path)),
  };
}

class Reader {
  readonly faults: Fault[] = [];
  readonly sources = new Map<string, string>();
  cutShort = false;
  readonly #at: (offset: number) => At;
  readonly #mostRead: number;
  readonly #places = new Map<string, Place>();
  readonly #anchors = new Map<string, Node>();
  /** Nodes being read: an alias to one of them would never end. */
  readonly #open = new Set<Node>();
  #visited = 0;

  constructor(at: (offset: number) => At, mostRead: number) {
    this.#at = at;
    this.#mostRead = mostRead;
  }

  place(path: readonly PropertyKey[], start: At): Place {
    for (let length = path.length; length > 0; length -= 1) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return { key: start, value: start };
  }

  value(node: Node, path: Path, key: At): unknown {
    if (path.length > DEEPEST) this.#stop(node, path, `nested deeper than ${DEEPEST} levels`);
    if (!this.#mayGoOn(node, path)) return undefined;
    if (isAlias(node)) return this.#alias(node.source, node, path, key);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    this.#note(node, path, key);
    if (isScalar(node)) return this.#scalar(node.value, node, path);
    this.#open.add(node);
    const value = isMap(node) ? this.#map(node, path) : isSeq(node) ? this.#list(node, path) : undefined;
    this.#open.delete(node);
    return value;
  }

  #note(node: Node, path: Path, key: At): void {
    const empty = isScalar(node) && node.source === '';
    this.#places.set(JSON.stringify(path), { key, value: empty ? key : this.#where(node) });
    if (isScalar(node) && node.source !== undefined) this.sources.set(JSON.stringify(path), node.source);
  }

  #scalar(value: unknown, node: Node, path: Path): unknown {
    if (typeof value === 'string' && holdsPassword(value)) this.#fault(this.#where(node), path, PASSWORD, SECRET);
    if (typeof value === 'string' && holdsPrivateKey(value)) this.#fault(this.#where(node), path, PRIVATE_KEY, LEAKED_KEY);
    return value;
  }

  #alias(name: string, node: Node, path: Path, key: At): unknown {
    const anchored = this.#anchors.get(name);
    if (anchored === undefined) return this.#fault(this.#where(node), path, `alias *${name} has no anchor &${name} above it`);
    if (this.#open.has(anchored)) return this.#fault(this.#where(node), path, `alias *${name} stands inside what it names`);
    return this.value(anchored, path, key);
  }

  #list(node: YAMLSeq, path: Path): unknown[] {
    return node.items.map((entry, index) => this.value(entry as Node, [...path, index], this.#where(entry as Node)));
  }

  /** `taken` tells the keys that a mapping this one is merged into has already. */
  #map(node: YAMLMap, path: Path, taken: (key: string) => boolean = () => false): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    const firstLines = new Map<string, number>();
    const merged: Node[] = [];
    for (const { key: keyNode, value } of node.items as Pair<Node, Node | null>[]) {
      if (!this.#mayGoOn(node, path)) break;
      const key = String(isScalar(keyNode) ? keyNode.value : '');
      const at = this.#where(keyNode);
      if (this.#refuseKey(key, at, path, firstLines) || taken(key)) continue;
      if (isMergeKey(keyNode)) merged.push(...this.#mergeSources(value, path, at));
      else entries.set(key, value === null ? this.#nothing([...path, key], at) : this.value(value, [...path, key], at));
    }
    // Keys of the mapping itself win over merged ones, and of several merged mappings the first.
    for (const source of merged) {
      const part = this.#merge(source, path, (key) => taken(key) || entries.has(key));
      for (const [key, value] of Object.entries(part)) entries.set(key, value);
    }
    return Object.fromEntries(entries);
  }

  #refuseKey(key: string, at: At, path: Path, firstLines: Map<string, number>): boolean {
    const first = firstLines.get(key);
    firstLines.set(key, first ?? at.line);
    if (holdsPassword(key)) this.#fault(at, path, PASSWORD, SECRET);
    else if (first !== undefined) this.#fault(at, [...path, key], `given twice, first on line ${first}`);
    // Object.fromEntries would take it, zod and the merging of layers would not see it.
    else if (key === '__proto__') this.#fault(at, [...path, key], 'unknown key');
    else return false;
    return true;
  }

  #nothing(path: Path, key: At): null {
    this.#places.set(JSON.stringify(path), { key, value: key });
    return null;
  }

  /** The mappings a merge key names, through its aliases. */
  #mergeSources(value: Node | null, path: Path, at: At): Node[] {
    const follow = (node: Node | null) => (isAlias(node) ? this.#anchors.get(node.source) : (node ?? undefined));
    if (value !== null && !isAlias(value) && value.anchor !== undefined) this.#anchors.set(value.anchor, value);
    const target = follow(value);
    const sources = isSeq(target) ? (target.items as Node[]).map(follow) : [target];
    if (sources.every((source) => isMap(source) && !this.#open.has(source))) return sources as Node[];
    this.#fault(at, [...path, '<<'], 'merges something that is not a mapping above it');
    return [];
  }

  #merge(source: Node, path: Path, taken: (key: string) => boolean): Record<string, unknown> {
    if (!isMap(source) || !this.#mayGoOn(source, path)) return {};
    this.#open.add(source);
    const part = this.#map(source, path, taken);
    this.#open.delete(source);
    return part;
  }

  /** Counts what is read, keys and values alike. */
  #mayGoOn(node: Node, path: Path): boolean {
    this.#visited += 1;
    if (this.#visited > this.#mostRead)
      this.#stop(node, path, `more than ${this.#mostRead} keys and values, aliases counted at each use`);
    return !this.cutShort;
  }

  #where(node: Node): At {
    return this.#at(node.range?.[0] ?? 0);
  }

  #fault(at: At, path: Path, message: string, more?: Partial<Problem>): undefined {
    this.faults.push({ at, path: dotted(path), message, ...(more === undefined ? {} : { more }) });
  }

  #stop(node: Node, path: Path, message: string): void {
    if (!this.cutShort) this.#fault(this.#where(node), path.slice(0, 3), message);
    this.cutShort = true;
  }
}

function isMergeKey(node: Node): boolean {
  return isScalar(node) && node.value === '<<' && node.type === 'PLAIN';
}

const PRIVATE_KEY = 'a private key stands in the file';

const LEAKED_KEY: Partial<Problem> = {
  secret: true,
  hint: 'Keep it in an environment variable or a file of mode 0600 and name that: key: {file: PATH}. If the file was ever committed, make a new key.',
};

const PASSWORD = 'a connection string with its password stands in the file';

const SECRET: Partial<Problem> = {
  secret: true,
  hint:
    'Put the URL into an environment variable or a file of mode 0600 and name it: url: {variable: PROD_DATABASE_URL}. ' +
    'If the file was ever committed, change the password.',
};

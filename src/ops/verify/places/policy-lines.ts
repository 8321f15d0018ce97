import { isMap, isScalar, LineCounter, parseDocument, type Node } from 'yaml';

export interface KeyLine {
  readonly line: number;
  /** How many words of the path are there; the line is that of the last one. */
  readonly depth: number;
}

/** The line of a key; of the nearest key above it, where it is not written; null where not even the first word is. */
export type KeyLines = (path: readonly string[]) => KeyLine | null;

/** The lines of a file of the policy, read once. A text that is no YAML has none: whoever loads it has complained. */
export function keyLines(text: string): KeyLines {
  const counter = new LineCounter();
  const options = { version: '1.2', schema: 'core', prettyErrors: false, lineCounter: counter, logLevel: 'error' } as const;
  const root = parseDocument(text, options).contents;
  return (path) => {
    let [node, found]: [Node | null, KeyLine | null] = [root, null];
    for (const [index, word] of path.entries()) {
      const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === word) : undefined;
      if (pair === undefined) break;
      found = { line: counter.linePos((pair.key as Node).range?.[0] ?? 0).line, depth: index + 1 };
      node = pair.value as Node | null;
    }
    return found;
  };
}

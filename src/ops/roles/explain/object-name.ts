import { fail } from '../../../core/errors.ts';
import type { ObjectKind } from '../rights/kinds.ts';

/** An object as people write it, taken apart: `identity.users`, `schema audit`, `execution.claim(text, integer)`. */
export interface ObjectName {
  /** What stands before the name; null where nothing does. */
  readonly kind: ObjectKind | null;
  /** Unquoted, folded to lower case where it was not quoted. Empty for the current database. */
  readonly parts: readonly string[];
  /** With its parentheses; null: none were written. */
  readonly args: string | null;
}

/** Longer words first, so that `foreign data wrapper` is not taken for a wrapper called `data`. */
const KINDS: readonly (readonly [words: string, kind: ObjectKind])[] = [
  ['foreign data wrapper', 'foreign data wrapper'],
  ['materialized view', 'table'],
  ['partitioned table', 'table'],
  ['foreign server', 'foreign server'],
  ['foreign table', 'table'],
  ['large object', 'large object'],
  ['tablespace', 'tablespace'],
  ['procedure', 'routine'],
  ['aggregate', 'routine'],
  ['parameter', 'parameter'],
  ['database', 'database'],
  ['function', 'routine'],
  ['language', 'language'],
  ['sequence', 'sequence'],
  ['routine', 'routine'],
  ['column', 'column'],
  ['domain', 'type'],
  ['schema', 'schema'],
  ['server', 'foreign server'],
  ['table', 'table'],
  ['type', 'type'],
  ['view', 'table'],
];

/** Takes the text apart. Fails with usage where it is no name. */
export function readObjectName(text: string): ObjectName {
  const trimmed = text.trim().replaceAll(/\s+/g, ' ');
  const lower = trimmed.toLowerCase();
  if (lower === 'database') return { kind: 'database', parts: [], args: null };
  const [words, kind] = KINDS.find(([each]) => lower.startsWith(`${each} `)) ?? ['', null];
  const name = trimmed.slice(words.length).trim();
  // A parameter's dot is a part of its name.
  if (kind === 'parameter') return { kind, parts: [name.toLowerCase()], args: null };
  const paren = name.search(/\((?:[^"]*|.*"[^"]*)\)$/s);
  const args = paren === -1 ? null : name.slice(paren);
  const parts = partsOf(paren === -1 ? name : name.slice(0, paren));
  if (parts === null || parts.length > 3)
    return fail('usage', `not the name of an object: ${text}`, {
      hint: "Write it as SQL does, such as identity.users, identity.users.email, 'schema audit' or 'execution.claim(text)'.",
    });
  return { kind, parts, args };
}

function partsOf(name: string): string[] | null {
  if (!/^(?:"(?:[^"]|"")+"|[^".()\s]+)(?:\.(?:"(?:[^"]|"")+"|[^".()\s]+))*$/.test(name)) return null;
  return [...name.matchAll(/"((?:[^"]|"")+)"|([^".]+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '').toLowerCase() : quoted.replaceAll('""', '"'),
  );
}

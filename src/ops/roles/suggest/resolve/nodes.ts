import type { Node } from 'libpg-query';

/** The strings among nodes, such as the parts of a name; `*` for a star. */
export function stringsOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : 'A_Star' in node ? ['*'] : []));
}

/** A name of one or more parts as its schema, if any, and itself. */
export function splitParts(parts: readonly string[]): { readonly schema: string | undefined; readonly name: string } {
  return { schema: parts.length > 1 ? parts.at(-2) : undefined, name: parts.at(-1) ?? '' };
}

/** Every child node of a value of the parse tree, whatever it is. */
export function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/** The node of a kind that a wrapper holds. */
export function inside(value: unknown, kind: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, kind)
    ? (value as Record<string, unknown>)[kind]
    : undefined;
}

import type { ConfigDocument } from './document.ts';
import { PROJECT_KEYS } from './keys.ts';
import type { Origin } from './origin.ts';

/** Dotted key → value as written, and where it is written. Later layers win, key by key; a list is one value. */
export type Layer = ReadonlyMap<string, { readonly value: unknown; readonly origin: Origin }>;

/** What the file says for all environments. */
export function fileLayer(document: ConfigDocument): Layer {
  return layerAt(document, [], 'file');
}

/** What the file says for one environment in its overlay. */
export function overlayLayer(document: ConfigDocument, environment: string): Layer {
  return layerAt(document, ['environments', environment, 'overlay'], 'overlay');
}

/** The layers as one, in rising precedence. */
export function stack(layers: readonly Layer[]): Layer {
  return new Map(layers.flatMap((layer) => [...layer]));
}

/** The value at a path, own keys only: an environment may be called `constructor`. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value;
  for (const part of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, part)) return undefined;
    inner = (inner as Record<PropertyKey, unknown>)[part];
  }
  return inner;
}

/** A layer in the shape of the file, ready for the schema. */
export function asFile(layer: Layer): Record<string, unknown> {
  const file: Record<string, unknown> = {};
  for (const { name, path } of PROJECT_KEYS) {
    const entry = layer.get(name);
    if (entry === undefined) continue;
    const section = path.slice(0, -1).reduce<Record<string, unknown>>(subsection, file);
    section[path.at(-1) ?? ''] = entry.value;
  }
  return file;
}

function subsection(section: Record<string, unknown>, key: string): Record<string, unknown> {
  section[key] ??= {};
  return section[key] as Record<string, unknown>;
}

function layerAt(document: ConfigDocument, base: readonly string[], kind: 'file' | 'overlay'): Layer {
  const entries = PROJECT_KEYS.flatMap(({ name, path }) => {
    const full = [...base, ...path];
    const value = valueAt(document.value, full);
    return value === undefined ? [] : [[name, { value, origin: { ...document.origin(full), kind } }] as const];
  });
  return new Map(entries);
}

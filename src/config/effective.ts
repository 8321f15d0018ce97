import type * as z from 'zod';
import type { Config } from './config.ts';
import { contradictions, type Contradiction } from './contradictions.ts';
import type { ConfigDocument } from './document.ts';
import { ANY_NAME, CONFIG_KEYS, PROJECT_KEYS } from './keys.ts';
import { asFile, stack, valueAt, type Layer } from './layers.ts';
import type { Origin } from './origin.ts';
import type { Problem } from './problem.ts';
import { configFile, type CheckedFile } from './schema.ts';

/** What the configuration of one environment is made of; every layer is checked already. */
export interface Sources {
  readonly document: ConfigDocument | undefined;
  /** Name of the project where there is no file. */
  readonly project: string;
  /** In rising precedence. */
  readonly layers: readonly Layer[];
}

/** The environments the file names; without a file, or without the key, dev; undefined where the file is too broken to tell. */
export function environmentNames(document: ConfigDocument | undefined): string[] | undefined {
  const written = valueAt(document?.value, ['environments']);
  if (written === undefined) return document?.sound === false ? undefined : ['dev'];
  return typeof written === 'object' && written !== null && !Array.isArray(written) ? Object.keys(written) : undefined;
}

/** The layers as one checked file, and what in them cannot hold together; undefined where a rule of several keys is broken between them. */
export function effective(sources: Sources): { checked: CheckedFile | undefined; problems: readonly Problem[] } {
  const layer = stack(sources.layers);
  const environments = valueAt(sources.document?.value, ['environments']);
  const base = { version: 1, project: sources.project, ...(environments === undefined ? {} : { environments }) };
  const { data: checked, error } = configFile.safeParse({ ...base, ...asFile(layer) });
  const found = checked === undefined ? (error?.issues ?? []).map(broken) : contradictions(checked);
  return { checked, problems: found.flatMap((one) => located(one, layer, sources.document)) };
}

/** Each layer keeps the rule by itself: at the key in which the value stands. */
function broken({ path, message }: z.core.$ZodIssue): Contradiction {
  const key = PROJECT_KEYS.find((one) => one.path.every((part, index) => part === path[index]));
  return { keys: key === undefined ? [] : [key.name], message };
}

/** A contradiction at the first of its keys that somebody wrote; defaults do not contradict each other. */
function located({ keys, message }: Contradiction, layer: Layer, document: ConfigDocument | undefined): Problem[] {
  for (const key of keys) {
    const origin = layer.get(key)?.origin;
    if (origin === undefined || origin.kind === 'default') continue;
    const isWritten = origin.kind === 'file' || origin.kind === 'overlay';
    return [
      isWritten && document !== undefined ? document.problem(origin, key, message, { origin }) : { path: key, message, origin },
    ];
  }
  return [];
}

/** Where every value of the configuration comes from; keys without a value have no origin. */
export function originsOf(sources: Sources, config: Config): ReadonlyMap<string, Origin> {
  const layer = stack(sources.layers);
  const project = PROJECT_KEYS.filter(({ path }) => valueAt(config, path) !== undefined).map(
    ({ name }) => [name, layer.get(name)?.origin ?? BY_DEFAULT] as const,
  );
  const environments = Object.keys(config.environments).flatMap((name) => environmentOrigins(name, sources.document));
  return new Map([...project, ...environments]);
}

const BY_DEFAULT: Origin = { kind: 'default' };

/** `embedded` and `protected` always have a value. */
function environmentOrigins(environment: string, document: ConfigDocument | undefined): [string, Origin][] {
  return CONFIG_KEYS.flatMap(({ path }): [string, Origin][] => {
    if (path[1] !== ANY_NAME || path.at(-1) === 'overlay') return [];
    const full = path.map((part) => (part === ANY_NAME ? environment : part));
    const written = valueAt(document?.value, full) !== undefined;
    if (written && document !== undefined) return [[full.join('.'), document.origin(full)]];
    return ['embedded', 'protected'].includes(path.at(-1) ?? '') ? [[full.join('.'), BY_DEFAULT]] : [];
  });
}

import * as z from 'zod';
import { fail } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import { explain } from './explain.ts';
import { PROJECT_KEYS, type ConfigKey } from './keys.ts';
import { valueAt, type Layer } from './layers.ts';
import { dotted } from './path.ts';
import type { Problem } from './problem.ts';

/** Names of environment variables to their values. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface ReadLayer {
  readonly layer: Layer;
  readonly problems: readonly Problem[];
}

/** Read elsewhere in dbctl and no keys of the file. A trailing `_` stands for all names that begin so. */
export const OTHER_VARIABLES = ['DBCTL_CONFIG', 'DBCTL_ENV', 'DBCTL_STATE_HOME', 'DBCTL_TEST_', 'DBCTL_LOG_'] as const;

/** Keys given as DBCTL_… variables. An empty variable counts as not given, as CI systems cannot unset one. */
export function readVariables(variables: Variables): ReadLayer {
  return readLayer(
    PROJECT_KEYS.flatMap((key) => {
      const text = key.variable === undefined ? undefined : variables[key.variable];
      if (key.variable === undefined || text === undefined || text === '') return [];
      return [{ key, value: fromText(key, text), origin: { kind: 'variable', name: key.variable } as const }];
    }),
  );
}

/** Keys given as flags: dotted key → value in the form the file takes, text also for numbers; undefined was not given. */
export function readFlags(flags: Readonly<Record<string, unknown>>): ReadLayer {
  return readLayer(
    Object.entries(flags).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const key = PROJECT_KEYS.find((candidate) => candidate.name === name);
      if (key === undefined) fail('internal', `a flag stands for ${name}, which is no configuration key`);
      return [{ key, value: typeof value === 'string' ? fromText(key, value) : value, origin: { kind: 'flag', name } as const }];
    }),
  );
}

/** A warning for each DBCTL_… variable that nothing reads: most are typing errors, and silence would hide the default that holds. */
export function unknownVariables(variables: Variables): string[] {
  const names = [
    ...PROJECT_KEYS.flatMap(({ variable }) => variable ?? []),
    ...OTHER_VARIABLES.filter((name) => !name.endsWith('_')),
  ];
  return Object.keys(variables)
    .filter((name) => name.startsWith('DBCTL_') && variables[name] !== undefined && !names.includes(name))
    .filter((name) => !OTHER_VARIABLES.some((other) => other.endsWith('_') && name.startsWith(other)))
    .toSorted()
    .map((name) => {
      const meant = suggest(name, names);
      return `environment variable ${name} is not known to dbctl${meant === undefined ? '' : `, did you mean ${meant}`}`;
    });
}

interface Given {
  readonly key: ConfigKey;
  readonly value: unknown;
  readonly origin: { readonly kind: 'variable' | 'flag'; readonly name: string };
}

function readLayer(given: readonly Given[]): ReadLayer {
  const problems = given.flatMap(({ key, value, origin }) => {
    const { error } = z.safeParse(key.schema, value);
    const written = (path: readonly PropertyKey[]) => ({ value: valueAt(value, path.slice(key.path.length)), source: undefined });
    const complaints = explain(error?.issues ?? [], written, { base: key.path });
    return complaints.map(({ path, message }) => ({ path: dotted(path), message, origin }));
  });
  return { layer: new Map(given.map(({ key, value, origin }) => [key.name, { value, origin }])), problems };
}

/** A variable is always text; a number is meant where the key takes one. What does not fit stays text and is then refused. */
function fromText({ kind }: ConfigKey, text: string): unknown {
  if (kind.reads === 'number' && /^\d{1,15}$/.test(text)) return Number(text);
  if (kind.reads === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

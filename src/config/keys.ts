import * as z from 'zod';
import { configFile } from './schema.ts';
import { kinds, type Kind } from './values.ts';

/** One key of dbctl.yaml that holds a value: a leaf of the schema. Lists are leaves, and so are mappings that have a kind. */
export interface ConfigKey {
  /** `migrations.lock_timeout`; keys of an environment have `<name>` for its name. */
  readonly name: string;
  readonly path: readonly string[];
  readonly schema: z.core.$ZodType;
  readonly kind: Kind;
  /** As it would be written in the file; undefined where there is none. */
  readonly default: unknown;
  readonly required: boolean;
  readonly meaning: string;
  /** The environment variable that sets it; undefined where none does. */
  readonly variable: string | undefined;
}

/** What stands for any environment's name in {@link ConfigKey.name}. */
export const ANY_NAME = '<name>';

/** All keys in the order of the schema; the overlay of an environment is one key, since it repeats the others. */
export const CONFIG_KEYS: readonly ConfigKey[] = leaves(configFile, []);

/** The keys that make up {@link file://./schema.ts Config} apart from environments. */
export const PROJECT_KEYS: readonly ConfigKey[] = CONFIG_KEYS.filter((key) => key.path[0] !== 'environments');

/** The keys of another file with a schema of its own. */
export const keysOf = (file: z.core.$ZodType): readonly ConfigKey[] => leaves(file, []);

/** The schema at a path of a file, wrappers removed; undefined where the file has no such place. */
export function schemaAt(path: readonly PropertyKey[], file: z.core.$ZodType = configFile): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = file;
  for (const part of path) {
    schema = schema === undefined ? undefined : step(bare(schema), part);
  }
  return schema === undefined ? undefined : bare(schema);
}

/** The keys a mapping may have. */
export const keysOfMapping = (schema: z.core.$ZodType | undefined): readonly string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];

/**
 * The mapping at the path; where it may be one of several, the one that the word under its key says (`then: archive`), by `said`, and the others.
 */
export function mappingAt(
  path: readonly PropertyKey[],
  file: z.core.$ZodType | undefined,
  said: (key: string) => unknown,
): { readonly here: z.core.$ZodType | undefined; readonly others: readonly Branch[] } {
  const schema = schemaAt(path, file);
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return { here: schema, others: [] };
  const key = schema.def.discriminator;
  const branches = schema.options.map((option): Branch => ({ key, word: wordOf(option, key), schema: option }));
  const here = branches.find(({ word }) => word === said(key));
  return { here: here?.schema, others: branches.filter((one) => one !== here) };
}

/** One of several mappings, told apart by a word under a key. */
export interface Branch {
  readonly key: string;
  readonly word: string;
  readonly schema: z.core.$ZodType;
}

function wordOf(option: z.core.$ZodType, key: string): string {
  const word = step(option, key);
  return word instanceof z.ZodLiteral ? String(word.value) : '';
}

/** The kind of value at a path; undefined for mappings and places that do not exist. */
export function kindAt(path: readonly PropertyKey[], file?: z.core.$ZodType): Kind | undefined {
  const schema = schemaAt(path, file);
  return schema === undefined ? undefined : kinds.get(schema);
}

function step(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject)
    return Object.hasOwn(schema.shape, part) ? (schema.shape as z.ZodRawShape)[String(part)] : undefined;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodUnion)
    return (schema.options as z.core.$ZodType[]).map((option) => step(option, part)).find((found) => found !== undefined);
  return undefined;
}

/** Without default and optional; a pipe (a duration) is itself a value. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) inner = inner.unwrap();
  return inner;
}

function leaves(schema: z.core.$ZodType, path: readonly string[]): ConfigKey[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodRecord && kinds.get(inner) === undefined) return leaves(inner.valueType, [...path, ANY_NAME]);
  if (inner instanceof z.ZodObject && path.at(-1) !== 'overlay' && kinds.get(inner) === undefined) {
    return Object.entries(inner.shape as z.ZodRawShape).flatMap(([key, child]) => leaves(child, [...path, key]));
  }
  const name = path.join('.');
  return [
    {
      name,
      path,
      schema,
      kind: kinds.get(inner) ?? { name: 'mapping', reads: 'list' },
      default: schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined,
      required: !(schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional),
      meaning: (schema as z.ZodType).description ?? '',
      variable: variableFor(path, kinds.get(inner)),
    },
  ];
}

/**
 * `migrations.lock_timeout` → DBCTL_MIGRATIONS_LOCK_TIMEOUT. Only for single values; not for `version`, which is the format of
 * the file, and not for environments, immutability, ledger and roles: a variable nobody reviews must not lift a protection.
 */
function variableFor(path: readonly string[], kind: Kind | undefined): string | undefined {
  if (
    kind === undefined ||
    kind.reads === 'list' ||
    ['environments', 'immutability', 'ledger', 'roles', 'version'].includes(path[0] ?? '')
  )
    return undefined;
  return `DBCTL_${path.join('_').toUpperCase()}`;
}

import { flowText } from './flow.ts';
import type { Json } from '../core/json.ts';

/** The part of a JSON Schema that a reference is made of. */
export interface TableSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string | number;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, TableSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: TableSchema | boolean;
  readonly items?: TableSchema;
  readonly anyOf?: readonly TableSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A Markdown table of every key of a file: type, default and meaning. What is below the keys in `elsewhere` is described at another one. */
export function schemaTable(schema: TableSchema, elsewhere: readonly string[] = []): string {
  const rows = keys(schema, '', elsewhere);
  return [['key', 'type', 'default', 'meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`)
    .join('\n');
}

/** The rows of all keys below; a mapping by any name has `<name>` for it, a list of mappings `[]`. */
function keys({ properties = {}, required = [] }: TableSchema, prefix: string, elsewhere: readonly string[]): string[][] {
  return Object.entries(properties).flatMap(([key, child]) => {
    const name = `${prefix}${key}`;
    // What has a default is required of nobody, though the schema of what is written says so.
    const missing = required.includes(key) && child.default === undefined ? 'required' : defaultText(child);
    return [[`\`${name}\``, typeText(child), missing, child.description ?? ''], ...below(child, name, elsewhere)];
  });
}

function below(schema: TableSchema, name: string, elsewhere: readonly string[]): string[][] {
  if (schema.properties !== undefined) return elsewhere.includes(name) ? [] : keys(schema, `${name}.`, elsewhere);
  if (schema.items?.properties !== undefined)
    return elsewhere.includes(`${name}[]`) ? [] : keys(schema.items, `${name}[].`, elsewhere);
  const { additionalProperties } = schema;
  return typeof additionalProperties === 'object' ? below(additionalProperties, `${name}.<name>`, elsewhere) : [];
}

function defaultText({ default: value }: TableSchema): string {
  return value === undefined || JSON.stringify(value) === '{}' ? '' : `\`${flowText(value as Json)}\``;
}

function typeText(schema: TableSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(' ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.items !== undefined) return schema.items.properties === undefined ? 'list' : `list of mappings`;
  if (schema.type === 'object') return 'mapping';
  if (schema.type === 'boolean') return '`true` `false`';
  return schema.type === 'integer' ? `${schema.minimum} to ${schema.maximum}` : 'text';
}

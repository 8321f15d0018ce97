import { flowText } from '../flow.ts';
import { rolesJsonSchema } from '../json-schema.ts';
import type { Json } from '../../core/json.ts';

/** The part of a JSON Schema that a reference is made of. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string | number;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** The grants of a role are described once. */
const GRANTS = 'roles.<name>.grants[]';
const ALSO_GRANTS: readonly string[] = ['public.grants[]', 'exceptions[].grant'];

/** The reference of roles.yaml: a Markdown table of every key, its type, default and meaning. */
export function rolesReference(): string {
  const rows = keys(rolesJsonSchema() as Schema, '');
  return [['key', 'type', 'default', 'meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`)
    .join('\n');
}

/** The rows of all keys below; a mapping by any name has `<name>` for it, a list of mappings `[]`. */
function keys({ properties = {}, required = [] }: Schema, prefix: string): string[][] {
  return Object.entries(properties).flatMap(([key, child]) => {
    const name = `${prefix}${key}`;
    // What has a default is required of nobody, though the schema of what is written says so.
    const missing = required.includes(key) && child.default === undefined ? 'required' : defaultText(child);
    return [[`\`${name}\``, typeText(child), missing, child.description ?? ''], ...below(child, name)];
  });
}

function below(schema: Schema, name: string): string[][] {
  if (schema.properties !== undefined) return ALSO_GRANTS.includes(name) ? [] : keys(schema, `${name}.`);
  if (schema.items?.properties !== undefined) return ALSO_GRANTS.includes(`${name}[]`) ? [] : keys(schema.items, `${name}[].`);
  const { additionalProperties } = schema;
  return typeof additionalProperties === 'object' ? below(additionalProperties, `${name}.<name>`) : [];
}

function defaultText({ default: value }: Schema): string {
  return value === undefined || JSON.stringify(value) === '{}' ? '' : `\`${flowText(value as Json)}\``;
}

function typeText(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(' ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.items !== undefined) return schema.items.properties === undefined ? 'list' : `list of mappings`;
  if (schema.type === 'object') return 'mapping';
  if (schema.type === 'boolean') return '`true` `false`';
  return schema.type === 'integer' ? `${schema.minimum} to ${schema.maximum}` : 'text';
}

/** What the page says above the table. */
export const ROLES_REFERENCE_HEAD = [
  'What stands where in `roles.yaml`; what it means for a database is in [roles.md](roles.md). The same for editors: `dbctl config schema --of roles.yaml`.',
  '',
  'Names are as the catalog has them, capitals and all: nothing is folded to lower case, and dbctl quotes what it has to. In a pattern a part in ' +
    'double quotes is meant as it stands, so that any name can be written: `\'app."We ird"\'`. Names of roles are plain.',
  '',
  `Keys of a grant are those of \`${GRANTS}\` wherever one stands: also in \`public.grants\` and in an exception.`,
].join('\n');
